// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Finds the RoCEv2 packet in a captured frame: Ethernet (with up to two VLAN tags), Linux cooked
 * (versions 1 and 2) or raw IP, then IPv4 or IPv6, then UDP to port 4791.
 *
 * <p>Holds what {@link #parse} found in the last frame. Throws nothing for what a frame says. Not
 * thread-safe.
 */
public final class RoceFrame {
  /** What a frame is. */
  public enum Kind {
    /** A RoCEv2 packet; all accessors hold. */
    ROCE,
    /** Something else. */
    OTHER,
    /** To the RoCEv2 port, but no whole packet: {@link #fault} says why. */
    BROKEN
  }

  private static final int LINK_ETHERNET = 1;
  private static final int LINK_RAW = 101;
  private static final int LINK_COOKED = 113;
  private static final int LINK_COOKED_2 = 276;
  private static final int ETHERTYPE_IPV4 = 0x0800;
  private static final int ETHERTYPE_IPV6 = 0x86DD;
  private static final int ETHERTYPE_VLAN = 0x8100;
  private static final int ETHERTYPE_SERVICE_VLAN = 0x88A8;
  private static final int VLAN_BYTES = 4;
  private static final int MAX_VLAN_TAGS = 2;
  private static final int IPV4_BYTES = 20;
  private static final int IPV6_BYTES = 40;
  private static final int UDP_BYTES = 8;
  private static final int PROTOCOL_UDP = 17;
  private static final int DONT_FRAGMENT = 0x4000;
  private static final int FRAGMENT_MASK = 0x3FFF;
  private static final int MIN_ROCE_BYTES = Bth.LENGTH + Icrc.LENGTH;

  private final IcrcFlow flow4 = IcrcFlow.ipv4();
  private final IcrcFlow flow6 = IcrcFlow.ipv6();
  private MemorySegment frame = MemorySegment.NULL;
  private boolean ipv6;
  private int ip;
  private int udp;
  private int roceLength;
  private String fault = "";

  /** Creates a parser; it has seen no frame yet. */
  public RoceFrame() {}

  /**
   * Looks into a frame.
   *
   * @param linkType as {@link PcapReader#linkType}; frames of unknown types are {@link Kind#OTHER}
   * @param length bytes of the frame, from byte 0 of {@code segment} on
   */
  public Kind parse(int linkType, MemorySegment segment, int length) {
    frame = segment;
    int type;
    switch (linkType) {
      case LINK_ETHERNET -> {
        ip = 14;
        type = etherType(12, length);
      }
      case LINK_COOKED -> {
        ip = 16;
        type = etherType(14, length);
      }
      case LINK_COOKED_2 -> {
        ip = 20;
        type = etherType(0, length);
      }
      case LINK_RAW -> {
        ip = 0;
        type = length > 0 && Wire.u8(frame, 0) >>> 4 == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4;
      }
      default -> {
        return Kind.OTHER;
      }
    }
    for (int tag = 0; tag < MAX_VLAN_TAGS && isVlan(type); tag++) {
      ip += VLAN_BYTES;
      type = etherType(ip - 2, length);
    }
    return switch (type) {
      case ETHERTYPE_IPV4 -> parseIpv4(length);
      case ETHERTYPE_IPV6 -> parseIpv6(length);
      default -> Kind.OTHER;
    };
  }

  private static boolean isVlan(int type) {
    return type == ETHERTYPE_VLAN || type == ETHERTYPE_SERVICE_VLAN;
  }

  private int etherType(int at, int length) {
    return at + 2 <= length ? Wire.u16(frame, at) : 0;
  }

  private Kind parseIpv4(int length) {
    ipv6 = false;
    if (length < ip + IPV4_BYTES || Wire.u8(frame, ip) >>> 4 != 4) {
      return Kind.OTHER;
    }
    int headerBytes = (Wire.u8(frame, ip) & 0xF) * 4;
    udp = ip + headerBytes;
    int fragment = Wire.u16(frame, ip + 6);
    if (Wire.u8(frame, ip + 9) != PROTOCOL_UDP
        || headerBytes < IPV4_BYTES
        || (fragment & 0x1FFF) != 0
        || !isToRoce(length)) {
      return Kind.OTHER;
    }
    if (headerBytes > IPV4_BYTES) {
      return broken("IPv4 options, which RoCEv2 does not have");
    }
    if ((fragment & FRAGMENT_MASK) != 0) {
      return broken("fragmented, which RoCEv2 never is");
    }
    flow4.ipv4Addresses(Wire.u32(frame, ip + 12), Wire.u32(frame, ip + 16));
    flow4.dontFragment((fragment & DONT_FRAGMENT) != 0);
    return parseUdp(length, Wire.u16(frame, ip + 2) - IPV4_BYTES);
  }

  private Kind parseIpv6(int length) {
    ipv6 = true;
    udp = ip + IPV6_BYTES;
    if (length < udp || Wire.u8(frame, ip + 6) != PROTOCOL_UDP || !isToRoce(length)) {
      return Kind.OTHER;
    }
    flow6.ipv6Source(Wire.u64(frame, ip + 8), Wire.u64(frame, ip + 16));
    flow6.ipv6Destination(Wire.u64(frame, ip + 24), Wire.u64(frame, ip + 32));
    return parseUdp(length, Wire.u16(frame, ip + 4));
  }

  private boolean isToRoce(int length) {
    return udp + 4 <= length && Wire.u16(frame, udp + 2) == IcrcFlow.ROCE_PORT;
  }

  private Kind parseUdp(int length, int ipPayload) {
    if (udp + UDP_BYTES > length) {
      return broken("cut by the capture within the UDP header");
    }
    int udpLength = Wire.u16(frame, udp + 4);
    if (udpLength != ipPayload) {
      return broken("UDP length " + udpLength + " in an IP payload of " + ipPayload);
    }
    if (udpLength < UDP_BYTES + MIN_ROCE_BYTES) {
      return broken("UDP length " + udpLength + ": too short for BTH and ICRC");
    }
    if (udp + udpLength > length) {
      return broken("cut by the capture: " + (length - udp) + " of " + udpLength + " UDP bytes");
    }
    roceLength = udpLength - UDP_BYTES - Icrc.LENGTH;
    flow().sourcePort(sourcePort());
    fault = "";
    return Kind.ROCE;
  }

  private Kind broken(String why) {
    fault = why;
    return Kind.BROKEN;
  }

  /** Why the frame is {@link Kind#BROKEN}; empty otherwise. */
  public String fault() {
    return fault;
  }

  /** Where the {@link Bth} begins in the frame. */
  public int bthOffset() {
    return udp + UDP_BYTES;
  }

  /** Bytes from the BTH to the last pad byte; the ICRC follows. */
  public int roceLength() {
    return roceLength;
  }

  /** Whether it came over IPv6. */
  public boolean isIpv6() {
    return ipv6;
  }

  /** UDP source port. */
  public int sourcePort() {
    return Wire.u16(frame, udp);
  }

  /** IPv4 identification; 0 for IPv6. */
  public int identification() {
    return ipv6 ? 0 : Wire.u16(frame, ip + 4);
  }

  /** IPv4's Don't-Fragment flag; false for IPv6. */
  public boolean dontFragment() {
    return !ipv6 && (Wire.u16(frame, ip + 6) & DONT_FRAGMENT) != 0;
  }

  /** A copy of the source address, 4 or 16 bytes. */
  public byte[] source() {
    return address(ipv6 ? 8 : 12);
  }

  /** A copy of the destination address, 4 or 16 bytes. */
  public byte[] destination() {
    return address(ipv6 ? 24 : 16);
  }

  private byte[] address(int at) {
    byte[] bytes = new byte[ipv6 ? 16 : 4];
    MemorySegment.copy(frame, ValueLayout.JAVA_BYTE, ip + at, bytes, 0, bytes.length);
    return bytes;
  }

  /** The flow to check the packet's ICRC with; changed by the next {@link #parse}. */
  public IcrcFlow flow() {
    return ipv6 ? flow6 : flow4;
  }
}
