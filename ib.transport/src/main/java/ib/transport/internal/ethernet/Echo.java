// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import ib.transport.internal.io.SendBatch;
import ib.transport.wire.Wire;
import java.lang.foreign.MemorySegment;

/** Answers {@code ping}: ICMP echo (RFC 792) and ICMPv6 echo (RFC 4443). */
final class Echo {
  private static final int REQUEST = 8;
  private static final int REPLY = 0;
  private static final int REQUEST_V6 = 128;
  private static final int REPLY_V6 = 129;
  private static final int LEAST = 8;
  private static final int CHECKSUM = 2;

  private Echo() {}

  /**
   * Answers the request in a frame, if it is one.
   *
   * @param total bytes of the IPv4 packet
   */
  static void answerIpv4(MemorySegment seg, long off, int total, FrameLink link) {
    long ip = off + Frames.LENGTH;
    int length = total - Ipv4.LENGTH;
    if (length < LEAST || Wire.u8(seg, ip + Ipv4.LENGTH) != REQUEST) {
      return;
    }
    SendBatch frames = link.sendBatch();
    if (!hasRoom(frames, Frames.LENGTH + total)) {
      return;
    }
    long to = frames.position();
    MemorySegment out = frames.memory();
    long asker = Frames.source(seg, off);
    long asked = Frames.destination(seg, off);
    Frames.write(out, to, asker, asked, Frames.IPV4);
    long toIp = to + Frames.LENGTH;
    int askerIp = Ipv4.source(seg, ip);
    int askedIp = Ipv4.destination(seg, ip);
    int id = Ipv4.identification(seg, ip);
    Ipv4.write(out, toIp, 0, total, id, Ipv4.ICMP, askedIp, askerIp);
    long icmp = toIp + Ipv4.LENGTH;
    MemorySegment.copy(seg, ip + Ipv4.LENGTH, out, icmp, length);
    Wire.u16(out, icmp, REPLY << 8);
    Wire.u16(out, icmp + CHECKSUM, 0);
    Wire.u16(out, icmp + CHECKSUM, ~Ipv4.sum(out, icmp, length, 0));
    frames.add(link.peer(), Frames.LENGTH + total);
  }

  /**
   * Answers the request in a frame, if it is one to this address.
   *
   * @param length bytes of the ICMPv6 message
   */
  static void answerIpv6(
      MemorySegment seg, long off, int length, long high, long low, FrameLink link) {
    long ip = off + Frames.LENGTH;
    if (length < LEAST
        || Wire.u8(seg, ip + Ipv6.LENGTH) != REQUEST_V6
        || Ipv6.destinationHigh(seg, ip) != high
        || Ipv6.destinationLow(seg, ip) != low) {
      return;
    }
    SendBatch frames = link.sendBatch();
    if (!hasRoom(frames, Frames.LENGTH + Ipv6.LENGTH + length)) {
      return;
    }
    long to = frames.position();
    MemorySegment out = frames.memory();
    long asker = Frames.source(seg, off);
    long asked = Frames.destination(seg, off);
    Frames.write(out, to, asker, asked, Frames.IPV6);
    long toIp = to + Frames.LENGTH;
    Ipv6.write(out, toIp, 0, length, Ipv4.ICMPV6, Ipv6.HOPS);
    Ipv6.source(out, toIp, high, low);
    Ipv6.destination(out, toIp, Ipv6.sourceHigh(seg, ip), Ipv6.sourceLow(seg, ip));
    long icmp = toIp + Ipv6.LENGTH;
    MemorySegment.copy(seg, ip + Ipv6.LENGTH, out, icmp, length);
    Wire.u16(out, icmp, REPLY_V6 << 8);
    Wire.u16(out, icmp + CHECKSUM, 0);
    Wire.u16(out, icmp + CHECKSUM, ~Ipv6.sum(out, toIp, length, Ipv4.ICMPV6));
    frames.add(link.peer(), Frames.LENGTH + Ipv6.LENGTH + length);
  }

  private static boolean hasRoom(SendBatch frames, int length) {
    return frames.hasRoom() && length <= frames.maxPacketBytes();
  }
}
