// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Reads values of a configuration; what is wrong is said with file, key and remedy. */
final class ConfigReader {
  private static final Set<String> KNOWN =
      Set.of(
          "name",
          "port",
          "device",
          "target.address",
          "target.port",
          "initiator.port.id",
          "target.port.id",
          "lun",
          "queue.size",
          "max.sectors",
          "cmd.sg.entries",
          "allow.ext.sg",
          "indirect",
          "tl.retry.count",
          "fast.io.fail.seconds",
          "reconnect.delay.seconds",
          "dev.loss.seconds",
          "command.timeout.seconds");

  /** Filters of references, which Declarative Services adds. */
  private static final String REFERENCE_FILTER = ".target";

  /** Keys of the framework's, which every configuration may have. */
  private static final List<String> FOREIGN =
      List.of("service.", "component.", "felix.", "osgi.", ".");

  private final Map<String, ?> properties;
  private final String file;

  ConfigReader(Map<String, ?> properties) {
    this.properties = properties;
    Object name = properties.get("felix.fileinstall.filename");
    Object pid = properties.get("service.pid");
    file = name != null ? withoutScheme(name.toString()) : "configuration " + pid;
  }

  private static String withoutScheme(String url) {
    return url.startsWith("file:") ? url.substring("file:".length()) : url;
  }

  IllegalArgumentException wrong(String key, String whatAndRemedy) {
    return new IllegalArgumentException(file + ": " + key + " " + whatAndRemedy);
  }

  /** Refuses keys that mean nothing: a misspelt key is a setting that silently does not work. */
  void requireKnownKeys() {
    Set<String> unknown = new TreeSet<>();
    for (String key : properties.keySet()) {
      if (!KNOWN.contains(key)
          && !key.endsWith(REFERENCE_FILTER)
          && FOREIGN.stream().noneMatch(key::startsWith)) {
        unknown.add(key);
      }
    }
    if (!unknown.isEmpty()) {
      throw wrong(
          String.join(", ", unknown),
          "is not known; remove it or use one of " + new TreeSet<>(KNOWN));
    }
  }

  String text(String key, String whenMissing) {
    Object value = properties.get(key);
    return value == null || value.toString().isBlank() ? whenMissing : value.toString().strip();
  }

  String requiredText(String key, String remedy) {
    String value = text(key, "");
    if (value.isEmpty()) {
      throw wrong(key, "is missing; " + remedy);
    }
    return value;
  }

  int integer(String key, int whenMissing, int min, int max) {
    String value = text(key, Integer.toString(whenMissing));
    try {
      int number = Integer.parseInt(value);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw wrong(key, "is \"" + value + "\", not a number; give " + min + " to " + max);
    }
    throw wrong(key, "is " + value + "; give " + min + " to " + max);
  }

  boolean flag(String key, boolean whenMissing) {
    String value = text(key, Boolean.toString(whenMissing));
    return switch (value) {
      case "true" -> true;
      case "false" -> false;
      default -> throw wrong(key, "is \"" + value + "\"; give true or false");
    };
  }

  /** Index of the value among the choices; the first if it is missing. */
  int choice(String key, String... choices) {
    String value = text(key, choices[0]);
    for (int i = 0; i < choices.length; i++) {
      if (choices[i].equals(value)) {
        return i;
      }
    }
    throw wrong(key, "is \"" + value + "\"; give one of " + String.join(", ", choices));
  }

  String hex(String key, int digits) {
    String value = requiredText(key, "give " + digits + " hex digits").replace(":", "");
    if (value.length() != digits || !value.chars().allMatch(HexFormat::isHexDigit)) {
      throw wrong(key, "is \"" + value + "\"; give " + digits + " hex digits");
    }
    return value.toLowerCase(Locale.ROOT);
  }

  /** An IP address; names are not looked up, since that can block for long. */
  InetAddress address(String key) {
    String value = requiredText(key, "give the target's IP address");
    if (!value.matches("[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%\\w+)?")) {
      throw wrong(key, "is \"" + value + "\"; give an IP address, not a name");
    }
    try {
      return InetAddress.getByName(value);
    } catch (UnknownHostException e) {
      throw wrong(key, "is \"" + value + "\", which is no IP address");
    }
  }
}
