// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.config.ConfigReader;
import ib.transport.internal.ethernet.Faults;
import ib.transport.internal.ethernet.LinkAddress;
import ib.transport.internal.io.DatagramIoOptions.Mode;
import ib.transport.wire.PathMtu;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads an {@code ib.port} configuration. */
final class PortConfigReader {
  static final String NAME = "name";
  static final String ADDRESS = "address";
  static final String GUID = "guid";
  static final String MTU = "mtu";
  static final String IO = "io";
  static final String RECEIVE_BUFFER = "receive.buffer";
  static final String SEND_BUFFER = "send.buffer";

  static final String ECN = "ecn";
  static final String SOURCE_PORTS = "source.ports";
  static final String LINK = "link";
  static final String FAULTS = "faults";

  private static final String ETHERNET = "ethernet";

  private static final List<String> KEYS =
      List.of(
          NAME,
          ADDRESS,
          GUID,
          MTU,
          IO,
          RECEIVE_BUFFER,
          SEND_BUFFER,
          ECN,
          SOURCE_PORTS,
          LINK,
          FAULTS);

  /** Each is a socket and a system call in the turn of its queue pairs. */
  private static final int MOST_SOURCE_PORTS = 64;

  private static final int DEFAULT_BUFFER = 8 << 20;
  private static final int LEAST_BUFFER = 64 << 10;
  private static final int MOST_BUFFER = 1 << 30;
  private static final int HEX = 16;

  private PortConfigReader() {}

  /** Where a configuration stands. */
  static String where(Map<String, ?> properties) {
    return ConfigReader.where(PortComponent.PID, properties);
  }

  /**
   * Reads a configuration.
   *
   * @throws ib.config.ConfigException if it can't work
   */
  static PortConfig read(Map<String, ?> properties) {
    ConfigReader in = new ConfigReader(PortComponent.PID, properties, KEYS);
    String name = in.name(NAME, "name the port, for example name=\"p0\"");
    InetAddress address = address(in);
    String io = in.choice(IO, "auto", "auto", "native", "channel", ETHERNET);
    boolean frames = io.equals(ETHERNET);
    return new PortConfig(
        name,
        address,
        in.has(GUID) ? guid(in) : Addresses.guid(address),
        mtuBytes(in),
        frames ? Mode.AUTO : Mode.of(io),
        in.integer(RECEIVE_BUFFER, DEFAULT_BUFFER, LEAST_BUFFER, MOST_BUFFER),
        in.integer(SEND_BUFFER, DEFAULT_BUFFER, LEAST_BUFFER, MOST_BUFFER),
        in.choice(ECN, "off", "on", "off").equals("on"),
        in.integer(SOURCE_PORTS, 1, 1, frames ? 1 : MOST_SOURCE_PORTS),
        frames ? link(in) : noLink(in),
        frames && in.has(FAULTS) ? faults(in) : Faults.NONE,
        in.where());
  }

  private static LinkAddress link(ConfigReader in) {
    if (!in.has(LINK)) {
      throw in.refuse(LINK, "is missing", LinkAddress.REMEDY);
    }
    try {
      return LinkAddress.parse(in.text(LINK, ""));
    } catch (IllegalArgumentException e) {
      throw in.refuseValue(LINK, String.valueOf(e.getMessage()), LinkAddress.REMEDY);
    }
  }

  private static @Nullable LinkAddress noLink(ConfigReader in) {
    for (String key : List.of(LINK, FAULTS)) {
      if (in.has(key)) {
        throw in.refuseValue(
            key, "which is for ports of Ethernet frames", "set io to ethernet, or remove it");
      }
    }
    return null;
  }

  private static Faults faults(ConfigReader in) {
    try {
      return Faults.parse(in.text(FAULTS, ""));
    } catch (IllegalArgumentException e) {
      throw in.refuseValue(FAULTS, String.valueOf(e.getMessage()), Faults.REMEDY);
    }
  }

  private static InetAddress address(ConfigReader in) {
    InetAddress address =
        in.address(ADDRESS, "give the IP address of an interface of this machine");
    if (address.isAnyLocalAddress() || address.isMulticastAddress()) {
      throw in.refuseValue(
          ADDRESS,
          "which is not the address of one interface",
          "give the port its own address: peers check where packets come from");
    }
    return address;
  }

  private static long guid(ConfigReader in) {
    long guid = Long.parseUnsignedLong(in.hex(GUID, HEX), HEX);
    if (guid == 0) {
      throw in.refuseValue(
          GUID, "which is zero", "give an EUI-64, or leave it out to derive it from the address");
    }
    return guid;
  }

  private static int mtuBytes(ConfigReader in) {
    String most = Integer.toString(PathMtu.bytes(PathMtu.MTU_4096));
    return Integer.parseInt(in.choice(MTU, most, "256", "512", "1024", "2048", most));
  }
}
