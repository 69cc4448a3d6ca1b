// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Configuration of a target.
 *
 * @param name name of the target
 * @param port port it serves on ({@code ib.port})
 * @param listen RDMA-CM port
 * @param targetPortId 16 bytes as 32 hex digits
 * @param initiators initiator port ids that may log in; empty admits all
 * @param luns logical units
 * @param blockSize bytes
 * @param requestLimit commands an initiator may have outstanding in one login
 * @param maxTransferBytes most bytes of one command
 * @param bufferBytes memory for data in flight, shared by all logins
 */
record SrptConfig(
    String name,
    String port,
    int listen,
    String targetPortId,
    Set<String> initiators,
    List<LunSpec> luns,
    int blockSize,
    int requestLimit,
    int maxTransferBytes,
    long bufferBytes) {
  /** Key File Install adds: where a configuration comes from. */
  static final String FILE = "felix.fileinstall.filename";

  private static final Set<String> KEYS =
      Set.of(
          "name",
          "port",
          "listen",
          "target.port.id",
          "initiators",
          "luns",
          "block.size",
          "request.limit",
          "max.transfer.bytes",
          "buffer.bytes");

  static SrptConfig parse(Map<String, ?> properties) throws SrptConfigException {
    Reader in = new Reader(properties);
    in.refuseUnknown();
    SrptConfig config =
        new SrptConfig(
            in.text("name", null),
            in.text("port", null),
            (int) in.number("listen", 5555, 1, 65535),
            in.portId("target.port.id", in.text("target.port.id", null)),
            in.portIds("initiators"),
            in.luns(),
            (int) in.number("block.size", 512, 512, 4096),
            (int) in.number("request.limit", 64, 2, 1024),
            (int) in.number("max.transfer.bytes", 1 << 20, 64 << 10, 16 << 20),
            in.number("buffer.bytes", 32 << 20, 1 << 20, 1 << 30));
    if (Integer.bitCount(config.blockSize()) != 1) {
      throw in.wrong("block.size", "is not a power of two", "give 512, 1024, 2048 or 4096");
    }
    if (config.bufferBytes() < config.maxTransferBytes()) {
      throw in.wrong(
          "buffer.bytes", "is less than max.transfer.bytes", "give at least one transfer's bytes");
    }
    return config;
  }

  /** Where a configuration stands, for messages: its file if it came from one. */
  static String where(Map<String, ?> properties) {
    Object file = properties.get(FILE);
    String prefix = "file:";
    if (file == null) {
      return "configuration " + properties.get("service.pid");
    }
    String name = String.valueOf(file);
    return name.startsWith(prefix) ? name.substring(prefix.length()) : name;
  }

  /** Reads values; every error names where the configuration stands. */
  private record Reader(Map<String, ?> properties) {
    SrptConfigException wrong(String key, String what, String remedy) {
      return new SrptConfigException(
          where() + ": " + key + "=" + properties.get(key) + " " + what + "; " + remedy);
    }

    private String where() {
      return SrptConfig.where(properties);
    }

    void refuseUnknown() throws SrptConfigException {
      for (String key : properties.keySet()) {
        boolean foreign =
            key.startsWith("service.")
                || key.startsWith("felix.")
                || key.startsWith("component.")
                || key.startsWith("osgi.")
                || key.startsWith(".");
        if (!foreign && !KEYS.contains(key)) {
          throw wrong(
              key, "is not a key of a target", "use one of " + KEYS.stream().sorted().toList());
        }
      }
    }

    String text(String key, @Nullable String fallback) throws SrptConfigException {
      Object value = properties.get(key);
      String text = value == null ? fallback : String.valueOf(value).strip();
      if (text == null || text.isEmpty()) {
        throw new SrptConfigException(where() + ": the key " + key + " is missing; add it");
      }
      return text;
    }

    long number(String key, long fallback, long min, long max) throws SrptConfigException {
      String text = text(key, Long.toString(fallback));
      try {
        long value = Long.parseLong(text);
        if (value >= min && value <= max) {
          return value;
        }
      } catch (NumberFormatException e) {
        throw new SrptConfigException(
            where() + ": " + key + "=" + text + " is no number; give " + min + " to " + max, e);
      }
      throw wrong(key, "is out of range", "give " + min + " to " + max);
    }

    String portId(String key, String text) throws SrptConfigException {
      String hex = text.replace(":", "").toLowerCase(java.util.Locale.ROOT);
      try {
        if (HexFormat.of().parseHex(hex).length == 16) {
          return hex;
        }
      } catch (IllegalArgumentException e) {
        throw new SrptConfigException(
            where() + ": " + key + ": '" + text + "' is not hexadecimal; give 32 hex digits", e);
      }
      throw new SrptConfigException(
          where() + ": " + key + ": '" + text + "' has the wrong length; give 32 hex digits");
    }

    Set<String> portIds(String key) throws SrptConfigException {
      List<String> ids = new ArrayList<>();
      for (String text : list(key)) {
        ids.add(portId(key, text));
      }
      return Set.copyOf(ids);
    }

    List<LunSpec> luns() throws SrptConfigException {
      List<LunSpec> all = new ArrayList<>();
      for (String text : list("luns")) {
        try {
          LunSpec spec = LunSpec.parse(text);
          if (all.stream().anyMatch(other -> other.lun() == spec.lun())) {
            throw new SrptConfigException(
                "LUN " + spec.lun() + " is given twice; number each once");
          }
          all.add(spec);
        } catch (SrptConfigException e) {
          throw new SrptConfigException(where() + ": luns: " + e.getMessage(), e);
        }
      }
      if (all.isEmpty()) {
        throw new SrptConfigException(
            where() + ": the key luns is missing; add e.g. luns=[\"0\\=ram:64M\"]");
      }
      return List.copyOf(all);
    }

    private List<String> list(String key) {
      Object value = properties.get(key);
      return switch (value) {
        case null -> List.of();
        case String[] array -> Arrays.asList(array);
        case Collection<?> many -> many.stream().map(String::valueOf).toList();
        default -> List.of(String.valueOf(value));
      };
    }
  }
}
