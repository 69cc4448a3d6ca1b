// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.transport.internal.io.DatagramIoOptions.Mode;
import ib.transport.wire.PathMtu;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads an {@code ib.port} configuration. What is wrong is said with the file (or the PID), the key
 * and the remedy.
 */
final class PortConfigReader {
  static final String NAME = "name";
  static final String ADDRESS = "address";
  static final String GUID = "guid";
  static final String MTU = "mtu";
  static final String IO = "io";
  static final String RECEIVE_BUFFER = "receive.buffer";
  static final String SEND_BUFFER = "send.buffer";

  private static final List<String> KEYS =
      List.of(NAME, ADDRESS, GUID, MTU, IO, RECEIVE_BUFFER, SEND_BUFFER);

  /** What Configuration Admin, Declarative Services and File Install put beside ours. */
  private static final List<String> FOREIGN =
      List.of("service.", "component.", "felix.", "osgi.", "objectClass", ".");

  private static final int DEFAULT_BUFFER = 8 << 20;
  private static final int LEAST_BUFFER = 64 << 10;
  private static final int MOST_BUFFER = 1 << 30;
  private static final int HEX = 16;

  private final Map<String, ?> values;
  private final String source;
  private final List<String> faults = new ArrayList<>();

  private PortConfigReader(Map<String, ?> values) {
    this.values = values;
    this.source = source(values);
  }

  /** Where a configuration comes from: the file if File Install says so, else the PID. */
  static String source(Map<String, ?> values) {
    Object file = values.get("felix.fileinstall.filename");
    if (file != null) {
      return String.valueOf(file).replaceFirst("^file:", "");
    }
    return "configuration " + values.get("service.pid");
  }

  /**
   * Reads a configuration.
   *
   * @throws IllegalArgumentException that names everything that is wrong
   */
  static PortConfig read(Map<String, ?> values) {
    return new PortConfigReader(values).read();
  }

  private PortConfig read() {
    unknownKeys();
    String name = name();
    InetAddress address = address();
    Long guid = guid();
    int mtu = mtu();
    Mode mode = mode();
    int receiveBuffer = buffer(RECEIVE_BUFFER);
    int sendBuffer = buffer(SEND_BUFFER);
    if (!faults.isEmpty() || address == null) {
      throw new IllegalArgumentException(String.join("; ", faults));
    }
    long portGuid = guid == null ? Addresses.guid(address) : guid;
    return new PortConfig(name, address, portGuid, mtu, mode, receiveBuffer, sendBuffer, source);
  }

  private void fault(String key, String what, String remedy) {
    faults.add(source + ": key '" + key + "': " + what + "; " + remedy);
  }

  private @Nullable String text(String key) {
    Object value = values.get(key);
    return value == null || value.toString().isBlank() ? null : value.toString().trim();
  }

  private void unknownKeys() {
    for (String key : new TreeSet<>(values.keySet())) {
      if (!KEYS.contains(key) && FOREIGN.stream().noneMatch(key::startsWith)) {
        fault(key, "not known", "remove it or use one of " + String.join(", ", KEYS));
      }
    }
  }

  private String name() {
    String name = text(NAME);
    if (name == null) {
      fault(NAME, "missing", "name the port, for example name=\"p0\"");
      return "";
    }
    if (!name.matches("[A-Za-z0-9_.]+")) {
      fault(NAME, "'" + name + "' can't be a name", "use letters, digits, '_' and '.'");
    }
    return name;
  }

  private @Nullable InetAddress address() {
    String text = text(ADDRESS);
    if (text == null) {
      fault(ADDRESS, "missing", "give the IP address of an interface of this machine");
      return null;
    }
    try {
      InetAddress address = InetAddress.ofLiteral(text);
      if (address.isAnyLocalAddress() || address.isMulticastAddress()) {
        fault(
            ADDRESS,
            text + " is not the address of one interface",
            "give the port its own address: peers check where packets come from");
      }
      return address;
    } catch (IllegalArgumentException e) {
      fault(ADDRESS, "'" + text + "' is not an IP address", "give it in numbers, as 192.0.2.1");
      return null;
    }
  }

  private @Nullable Long guid() {
    String text = text(GUID);
    if (text == null) {
      return null;
    }
    String digits = text.replaceFirst("^0[xX]", "").replace(":", "");
    try {
      long guid = Long.parseUnsignedLong(digits, HEX);
      if (guid == 0) {
        fault(GUID, "is zero", "give 16 hexadecimal digits, or leave it out");
      }
      return guid;
    } catch (NumberFormatException e) {
      fault(
          GUID,
          "'" + text + "' is not an EUI-64",
          "give 16 hexadecimal digits, or leave it out to derive it from the address");
      return null;
    }
  }

  private int mtu() {
    String text = text(MTU);
    int most = PathMtu.bytes(PathMtu.MTU_4096);
    if (text == null) {
      return most;
    }
    try {
      int mtu = Integer.parseInt(text);
      PathMtu.code(mtu);
      return mtu;
    } catch (IllegalArgumentException e) {
      fault(MTU, "'" + text + "' is not a path MTU", "use 256, 512, 1024, 2048 or 4096 (bytes)");
      return most;
    }
  }

  private Mode mode() {
    String text = text(IO);
    if (text == null) {
      return Mode.AUTO;
    }
    try {
      return Mode.of(text);
    } catch (IllegalArgumentException e) {
      fault(IO, "'" + text + "' is not known", "use auto, native or channel");
      return Mode.AUTO;
    }
  }

  private int buffer(String key) {
    String text = text(key);
    if (text == null) {
      return DEFAULT_BUFFER;
    }
    try {
      int bytes = Integer.parseInt(text);
      if (bytes >= LEAST_BUFFER && bytes <= MOST_BUFFER) {
        return bytes;
      }
    } catch (NumberFormatException e) {
      // Told below, with the range.
    }
    fault(
        key,
        "'" + text + "' is no size of a socket buffer",
        "give a number of bytes, " + LEAST_BUFFER + " to " + MOST_BUFFER);
    return DEFAULT_BUFFER;
  }
}
