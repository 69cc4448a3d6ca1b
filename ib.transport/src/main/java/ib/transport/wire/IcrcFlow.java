// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The headers that the ICRC covers and a UDP socket does not show: IP and UDP header of one packet,
 * kept as bytes in the masked form in which the ICRC sees them.
 *
 * <p>Set addresses, ports and Don't-Fragment once per flow, or per packet (a few stores each);
 * length and identification are filled in by {@link Icrc} for each packet. Mutable, for one thread.
 *
 * <p>Sources: specification annex A17.3.3 (ICRC of RoCEv2); RFC 791, RFC 8200 and RFC 768 for the
 * headers.
 */
public final class IcrcFlow {
  /** The UDP destination port of RoCEv2. */
  public static final int ROCE_PORT = 4791;

  /**
   * Most bytes behind the BTH that are put behind the headers, to be covered in one go with them.
   */
  static final int MOST_BEHIND = 128;

  // Not Wire: its accesses stay fast as long as they meet native memory only.
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle SAME_INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());
  private static final VarHandle SAME_LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

  private static final int LRH_BYTES = 8;
  private static final int UDP_BYTES = 8;
  private static final int IPV4_BYTES = 20;
  private static final int IPV6_BYTES = 40;
  private static final int PROTOCOL_UDP = 17;
  private static final int DONT_FRAGMENT = 0x4000;
  private static final int IP = LRH_BYTES;
  private static final int IPV4_LENGTH = IP + 2;
  private static final int IPV4_ID = IP + 4;
  private static final int IPV4_FLAGS = IP + 6;
  private static final int IPV4_SOURCE = IP + 12;
  private static final int IPV4_DESTINATION = IP + 16;
  private static final int IPV6_LENGTH = IP + 4;
  private static final int IPV6_SOURCE = IP + 8;
  private static final int IPV6_DESTINATION = IP + 24;

  private final boolean ipv6;
  private final int udp;
  private final int headers;
  private final byte[] bytes;

  private IcrcFlow(boolean ipv6) {
    this.ipv6 = ipv6;
    udp = IP + (ipv6 ? IPV6_BYTES : IPV4_BYTES);
    headers = udp + UDP_BYTES + Bth.LENGTH;
    bytes = new byte[headers + MOST_BEHIND];
    Arrays.fill(bytes, 0, LRH_BYTES, (byte) 0xFF);
    if (ipv6) {
      INT.set(bytes, IP, 0x6FFF_FFFF);
      bytes[IP + 6] = (byte) PROTOCOL_UDP;
      bytes[IP + 7] = (byte) 0xFF;
    } else {
      put16(IP, 0x45FF);
      put16(IPV4_FLAGS, DONT_FRAGMENT);
      put16(IP + 8, 0xFF00 | PROTOCOL_UDP);
      put16(IP + 10, 0xFFFF);
    }
    put16(udp + 2, ROCE_PORT);
    put16(udp + 6, 0xFFFF);
  }

  /** A flow over IPv4, all addresses and ports zero, Don't-Fragment set. */
  public static IcrcFlow ipv4() {
    return new IcrcFlow(false);
  }

  /** A flow over IPv6, all addresses and ports zero. */
  public static IcrcFlow ipv6() {
    return new IcrcFlow(true);
  }

  /**
   * A flow between two addresses of one family, as {@link java.net.InetAddress#getAddress()} gives
   * them.
   *
   * @param source 4 or 16 bytes
   * @param destination as many bytes
   * @param sourcePort UDP source port
   * @throws IllegalArgumentException for other lengths
   */
  public static IcrcFlow of(byte[] source, byte[] destination, int sourcePort) {
    if (source.length != destination.length || (source.length != 4 && source.length != 16)) {
      throw new IllegalArgumentException(
          "addresses of "
              + source.length
              + " and "
              + destination.length
              + " bytes: give two IPv4 (4) or two IPv6 (16) addresses");
    }
    IcrcFlow flow = new IcrcFlow(source.length == 16);
    int at = flow.ipv6 ? IPV6_SOURCE : IPV4_SOURCE;
    System.arraycopy(source, 0, flow.bytes, at, source.length);
    System.arraycopy(destination, 0, flow.bytes, at + source.length, source.length);
    flow.sourcePort(sourcePort);
    return flow;
  }

  /** Whether this is a flow over IPv6. */
  public boolean isIpv6() {
    return ipv6;
  }

  /** Sets the IPv4 addresses, first byte highest. */
  public void ipv4Addresses(int source, int destination) {
    requireFamily(false);
    INT.set(bytes, IPV4_SOURCE, source);
    INT.set(bytes, IPV4_DESTINATION, destination);
  }

  /** Sets the IPv6 source address, first byte highest. */
  public void ipv6Source(long high, long low) {
    requireFamily(true);
    LONG.set(bytes, IPV6_SOURCE, high);
    LONG.set(bytes, IPV6_SOURCE + 8, low);
  }

  /** Sets the IPv6 destination address, first byte highest. */
  public void ipv6Destination(long high, long low) {
    requireFamily(true);
    LONG.set(bytes, IPV6_DESTINATION, high);
    LONG.set(bytes, IPV6_DESTINATION + 8, low);
  }

  /** Sets the UDP source port. */
  public void sourcePort(int port) {
    put16(udp, port);
  }

  /** Sets or clears IPv4's Don't-Fragment flag; set unless told otherwise. */
  public void dontFragment(boolean value) {
    requireFamily(false);
    put16(IPV4_FLAGS, value ? DONT_FRAGMENT : 0);
  }

  private void put16(int at, int value) {
    SHORT.set(bytes, at, (short) value);
  }

  private void requireFamily(boolean wantIpv6) {
    if (ipv6 != wantIpv6) {
      throw new IllegalStateException(
          "this flow is over " + (ipv6 ? "IPv6" : "IPv4") + ": make another for the other family");
    }
  }

  /**
   * IP header bytes from the identification on, and UDP header: what lies between it and the BTH.
   */
  static int bytesFromIdentification() {
    return IPV4_BYTES - 4 + UDP_BYTES;
  }

  /** Bytes from the masked LRH to the BTH's end. */
  int headers() {
    return headers;
  }

  /**
   * Fills in what differs per packet and gives the covered bytes, of which the first {@link
   * #headers()} are those from the masked LRH to the BTH's end.
   */
  byte[] fill(int identification, int roceLength, MemorySegment packet, long off) {
    int udpLength = UDP_BYTES + roceLength;
    if (ipv6) {
      put16(IPV6_LENGTH, udpLength);
    } else {
      put16(IPV4_LENGTH, IPV4_BYTES + udpLength);
      put16(IPV4_ID, identification);
    }
    put16(udp + 4, udpLength);
    int bth = udp + UDP_BYTES;
    LONG.set(bytes, bth, Wire.u64(packet, off) | 0xFF00_0000L);
    INT.set(bytes, bth + 8, Wire.u32(packet, off + 8));
    return bytes;
  }

  /**
   * Puts bytes behind the headers that {@link #fill} gave.
   *
   * @param length a multiple of 4 up to {@link #MOST_BEHIND}
   */
  void putBehind(MemorySegment packet, long off, int length) {
    int i = 0;
    for (; i <= length - Long.BYTES; i += Long.BYTES) {
      SAME_LONG.set(bytes, headers + i, packet.get(ValueLayout.JAVA_LONG_UNALIGNED, off + i));
    }
    if (i < length) {
      SAME_INT.set(bytes, headers + i, packet.get(ValueLayout.JAVA_INT_UNALIGNED, off + i));
    }
  }
}
