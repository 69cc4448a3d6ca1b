// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Writes RoCEv2 packets to a capture file: pcap, Ethernet, nanosecond times. The Ethernet, IP and
 * UDP headers, which a UDP socket does not show, are made up around each packet so that all
 * checksums are right; MAC addresses follow from the IP addresses.
 *
 * <p>Allocates nothing per packet. Not thread-safe.
 */
public final class PcapWriter implements Closeable {
  private static final int MAGIC_NANOSECONDS = 0xA1B23C4D;
  private static final int LINK_ETHERNET = 1;
  private static final int FILE_HEADER_BYTES = 24;
  private static final int RECORD_BYTES = 16;
  private static final int ETHERNET_BYTES = 14;
  private static final int IPV4_BYTES = 20;
  private static final int IPV6_BYTES = 40;
  private static final int UDP_BYTES = 8;
  private static final int MAX_ROCE_BYTES = 65535 - IPV4_BYTES - UDP_BYTES;
  private static final int ETHERTYPE_IPV4 = 0x0800;
  private static final int ETHERTYPE_IPV6 = 0x86DD;
  private static final int PROTOCOL_UDP = 17;
  private static final int HOP_LIMIT = 64;
  private static final int DONT_FRAGMENT = 0x4000;

  /** First two bytes of a made-up MAC address: locally administered, unicast. */
  private static final int MAC_PREFIX = 0x0200;

  private static final long NS_PER_SECOND = 1_000_000_000L;

  private final OutputStream out;
  private final byte[] bytes =
      new byte[RECORD_BYTES + ETHERNET_BYTES + IPV6_BYTES + UDP_BYTES + MAX_ROCE_BYTES];
  private final MemorySegment seg = MemorySegment.ofArray(bytes);

  /** Writes the file's header; {@code out} should be buffered and is closed by {@link #close}. */
  public PcapWriter(OutputStream out) throws IOException {
    this.out = out;
    Wire.u32(seg, 0, MAGIC_NANOSECONDS);
    Wire.u16(seg, 4, 2);
    Wire.u16(seg, 6, 4);
    Wire.u32(seg, 16, 262_144);
    Wire.u32(seg, 20, LINK_ETHERNET);
    out.write(bytes, 0, FILE_HEADER_BYTES);
  }

  /**
   * Writes one packet.
   *
   * @param timeNs nanoseconds since 1970
   * @param source address, 4 or 16 bytes
   * @param destination address, as many bytes
   * @param identification the IPv4 identification that the packet's ICRC was made with; 0 for IPv6
   * @param dontFragment IPv4's Don't-Fragment flag
   * @param packet holds the packet
   * @param off where its BTH begins
   * @param length bytes from BTH to ICRC inclusive
   * @throws IllegalArgumentException if the addresses or the length can't be
   * @throws IOException if writing fails
   */
  public void write(
      long timeNs,
      byte[] source,
      byte[] destination,
      int sourcePort,
      int identification,
      boolean dontFragment,
      MemorySegment packet,
      long off,
      int length)
      throws IOException {
    boolean ipv6 = source.length == 16;
    if (source.length != destination.length || (!ipv6 && source.length != 4)) {
      throw new IllegalArgumentException(
          "give two IPv4 (4 bytes) or two IPv6 (16 bytes) addresses");
    }
    if (length < 0 || length > MAX_ROCE_BYTES) {
      throw new IllegalArgumentException(
          "a packet of " + length + " bytes is not in a UDP datagram");
    }
    int ip = RECORD_BYTES + ETHERNET_BYTES;
    int udp = ip + (ipv6 ? IPV6_BYTES : IPV4_BYTES);
    int end = udp + UDP_BYTES + length;
    record(timeNs, end - RECORD_BYTES);
    mac(RECORD_BYTES, destination);
    mac(RECORD_BYTES + 6, source);
    Wire.u16(seg, RECORD_BYTES + 12, ipv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4);
    Wire.u16(seg, udp, sourcePort);
    Wire.u16(seg, udp + 2, IcrcFlow.ROCE_PORT);
    Wire.u16(seg, udp + 4, UDP_BYTES + length);
    Wire.u16(seg, udp + 6, 0);
    MemorySegment.copy(packet, ValueLayout.JAVA_BYTE, off, bytes, udp + UDP_BYTES, length);
    if (ipv6) {
      ipv6(ip, source, destination, end - udp);
      Wire.u16(seg, udp + 6, udpChecksum(ip, udp, end));
    } else {
      ipv4(ip, source, destination, end - ip, identification, dontFragment);
    }
    out.write(bytes, 0, end);
  }

  /** Hands what was written to the stream's target. */
  public void flush() throws IOException {
    out.flush();
  }

  @Override
  public void close() throws IOException {
    out.close();
  }

  private void record(long timeNs, int frameLength) {
    Wire.u32(seg, 0, (int) (timeNs / NS_PER_SECOND));
    Wire.u32(seg, 4, (int) (timeNs % NS_PER_SECOND));
    Wire.u32(seg, 8, frameLength);
    Wire.u32(seg, 12, frameLength);
  }

  private void mac(int at, byte[] address) {
    Wire.u16(seg, at, MAC_PREFIX);
    System.arraycopy(address, address.length - 4, bytes, at + 2, 4);
  }

  private void ipv4(
      int ip, byte[] source, byte[] destination, int length, int identification, boolean df) {
    Wire.u16(seg, ip, 0x4500);
    Wire.u16(seg, ip + 2, length);
    Wire.u16(seg, ip + 4, identification);
    Wire.u16(seg, ip + 6, df ? DONT_FRAGMENT : 0);
    Wire.u16(seg, ip + 8, (HOP_LIMIT << 8) | PROTOCOL_UDP);
    Wire.u16(seg, ip + 10, 0);
    System.arraycopy(source, 0, bytes, ip + 12, 4);
    System.arraycopy(destination, 0, bytes, ip + 16, 4);
    Wire.u16(seg, ip + 10, ~fold(sum(ip, ip + IPV4_BYTES)));
  }

  private void ipv6(int ip, byte[] source, byte[] destination, int payloadLength) {
    Wire.u32(seg, ip, 0x6000_0000);
    Wire.u16(seg, ip + 4, payloadLength);
    Wire.u16(seg, ip + 6, (PROTOCOL_UDP << 8) | HOP_LIMIT);
    System.arraycopy(source, 0, bytes, ip + 8, 16);
    System.arraycopy(destination, 0, bytes, ip + 24, 16);
  }

  /** RFC 768 with the pseudo header of RFC 8200; zero is sent as all ones. */
  private int udpChecksum(int ip, int udp, int end) {
    int checksum = ~fold(sum(ip + 8, end) + PROTOCOL_UDP + (end - udp)) & 0xFFFF;
    return checksum == 0 ? 0xFFFF : checksum;
  }

  private long sum(int from, int to) {
    long sum = 0;
    int at = from;
    for (; at + 1 < to; at += 2) {
      sum += Wire.u16(seg, at);
    }
    return at < to ? sum + (Wire.u8(seg, at) << 8) : sum;
  }

  private static int fold(long sum) {
    long folded = sum;
    while (folded >>> 16 != 0) {
      folded = (folded & 0xFFFF) + (folded >>> 16);
    }
    return (int) folded;
  }
}
