// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.config.ConfigReader;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

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
 * @param source where the configuration stands, for messages
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
    long bufferBytes,
    String source) {
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

  private static final int PORT_ID_DIGITS = 32;

  /**
   * Reads a configuration.
   *
   * @throws ib.config.ConfigException if it can't work
   */
  static SrptConfig parse(Map<String, ?> properties) {
    ConfigReader in = new ConfigReader(SrptComponent.PID, properties, KEYS);
    SrptConfig config =
        new SrptConfig(
            in.requiredText("name", "name the target, e.g. t0"),
            in.requiredText("port", "name the ib.port to serve on"),
            in.integer("listen", 5555, 1, 65535),
            in.hex("target.port.id", PORT_ID_DIGITS),
            initiators(in),
            luns(in),
            in.integer("block.size", 512, 512, 4096),
            in.integer("request.limit", 64, 2, 1024),
            in.integer("max.transfer.bytes", 1 << 20, 64 << 10, 16 << 20),
            in.number("buffer.bytes", 32 << 20, 1 << 20, 1 << 30),
            in.where());
    if (Integer.bitCount(config.blockSize()) != 1) {
      throw in.refuseValue("block.size", "not a power of two", "give 512, 1024, 2048 or 4096");
    }
    if (config.bufferBytes() < config.maxTransferBytes()) {
      throw in.refuse(
          "buffer.bytes", "is less than max.transfer.bytes", "give at least one transfer's bytes");
    }
    return config;
  }

  private static Set<String> initiators(ConfigReader in) {
    Set<String> ids = new HashSet<>();
    for (String id : in.list("initiators")) {
      ids.add(in.hex("initiators", id, PORT_ID_DIGITS));
    }
    return Set.copyOf(ids);
  }

  private static List<LunSpec> luns(ConfigReader in) {
    List<LunSpec> all = new ArrayList<>();
    for (String text : in.list("luns")) {
      LunSpec spec = LunSpec.parse(in, text);
      if (all.stream().anyMatch(other -> other.lun() == spec.lun())) {
        throw in.refuse("luns", "has LUN " + spec.lun() + " twice", "number each once");
      }
      all.add(spec);
    }
    if (all.isEmpty()) {
      throw in.refuse("luns", "is missing", "add e.g. luns=[\"0\\=ram:64M\"]");
    }
    return List.copyOf(all);
  }
}
