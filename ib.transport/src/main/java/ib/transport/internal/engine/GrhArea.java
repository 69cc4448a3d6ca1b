// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.wire.Icrc;
import ib.transport.wire.Wire;
import java.lang.foreign.MemorySegment;

/**
 * The 40 bytes before the payload of a received datagram: an IPv6 header, or an IPv4 header in the
 * last 20 bytes (annex A17.4.5.2). The hop limit is not visible through a socket and given as 64.
 */
final class GrhArea {
  /** Size in bytes, whatever the family. */
  static final int LENGTH = 40;

  private static final int IPV4 = 20;
  private static final int UDP_BYTES = 8;
  private static final int PROTOCOL_UDP = 17;
  private static final int HOPS = 64;
  private static final int DONT_FRAGMENT = 0x4000;

  private final MemorySegment bytes = MemorySegment.ofArray(new byte[LENGTH]);
  private final boolean ipv4;

  GrhArea(boolean ipv4) {
    this.ipv4 = ipv4;
  }

  MemorySegment segment() {
    return bytes;
  }

  void fill(Inbound packet) {
    int udp = (int) (packet.payloadOffset - packet.offset) + packet.payloadBytes;
    udp += (-packet.payloadBytes & 3) + Icrc.LENGTH + UDP_BYTES;
    if (ipv4) {
      fillIpv4(packet, udp);
    } else {
      Wire.u32(bytes, 0, 0x6000_0000 | packet.trafficClass << 20);
      Wire.u16(bytes, 4, udp);
      Wire.u8(bytes, 6, PROTOCOL_UDP);
      Wire.u8(bytes, 7, HOPS);
      Wire.u64(bytes, 8, packet.sourceHigh);
      Wire.u64(bytes, 16, packet.sourceLow);
      Wire.u64(bytes, 24, packet.destHigh);
      Wire.u64(bytes, 32, packet.destLow);
    }
  }

  private void fillIpv4(Inbound packet, int udp) {
    Wire.u16(bytes, IPV4, 0x4500 | packet.trafficClass);
    Wire.u16(bytes, IPV4 + 2, IPV4 + udp);
    Wire.u16(bytes, IPV4 + 4, packet.ipId);
    Wire.u16(bytes, IPV4 + 6, DONT_FRAGMENT);
    Wire.u16(bytes, IPV4 + 8, HOPS << 8 | PROTOCOL_UDP);
    Wire.u16(bytes, IPV4 + 10, 0);
    Wire.u32(bytes, IPV4 + 12, (int) packet.sourceLow);
    Wire.u32(bytes, IPV4 + 16, (int) packet.destLow);
    int sum = 0;
    for (int i = IPV4; i < LENGTH; i += 2) {
      sum += Wire.u16(bytes, i);
    }
    sum = (sum & 0xFFFF) + (sum >>> 16);
    Wire.u16(bytes, IPV4 + 10, ~(sum + (sum >>> 16)));
  }
}
