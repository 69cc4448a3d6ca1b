// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.decode;

import ib.transport.wire.Bth;
import ib.transport.wire.Icrc;
import ib.transport.wire.Opcode;
import ib.transport.wire.PacketCopy;
import ib.transport.wire.PcapReader;
import ib.transport.wire.RoceFrame;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decodes a capture packet by packet: one line each, each ICRC verified, each packet encoded again
 * from its decoded values and compared. Holds one packet at a time, whatever the size of the
 * capture.
 */
final class Decoder {
  /** How many bad packets the summary names; it counts them all. */
  private static final int MAX_NAMED = 100;

  private static final int MAX_ROCE_BYTES = 65536;
  private static final double NS_PER_SECOND = 1e9;

  private final PrintStream out;
  private final RoceFrame frame = new RoceFrame();
  private final Icrc icrc = new Icrc();
  private final Connections connections = new Connections();
  private final MemorySegment copy = MemorySegment.ofArray(new byte[MAX_ROCE_BYTES]);
  private final List<String> bad = new ArrayList<>();
  private long badPackets;
  private long rocePackets;
  private long otherFrames;

  Decoder(PrintStream out) {
    this.out = out;
  }

  /** Decodes all frames; numbers count from 1 and include frames that are not RoCEv2. */
  void decode(PcapReader reader) throws IOException {
    long firstNs = -1;
    for (long number = 1; reader.next(); number++) {
      firstNs = firstNs < 0 ? reader.timeNs() : firstNs;
      RoceFrame.Kind kind = frame.parse(reader.linkType(), reader.frame(), reader.length());
      if (kind == RoceFrame.Kind.OTHER) {
        otherFrames++;
        continue;
      }
      rocePackets++;
      StringBuilder line = new StringBuilder(200);
      line.append(
          String.format("%6d %12.6f ", number, (reader.timeNs() - firstNs) / NS_PER_SECOND));
      String fault =
          kind == RoceFrame.Kind.BROKEN ? frame.fault() : decodePacket(reader.frame(), line);
      if (fault != null) {
        line.append(" !! ").append(fault);
        badPackets++;
        if (bad.size() < MAX_NAMED) {
          bad.add(number + " (" + fault + ")");
        }
      }
      out.println(line);
    }
  }

  /** Prints the totals and the bad packets; true if there are none. */
  boolean summary(String name) {
    out.printf(
        "%s: %d RoCEv2 packets, %d other frames, %d bad%n",
        name, rocePackets, otherFrames, badPackets);
    for (String packet : bad) {
      out.println("  packet " + packet);
    }
    if (badPackets > bad.size()) {
      out.printf("  and %d more%n", badPackets - bad.size());
    }
    out.flush();
    return badPackets == 0;
  }

  /** Adds a packet to the line; what is wrong with it, or null. */
  private @Nullable String decodePacket(MemorySegment seg, StringBuilder line) {
    int at = frame.bthOffset();
    int length = frame.roceLength();
    String source = Names.address(frame.source());
    String destination = Names.address(frame.destination());
    line.append(source).append(" > ").append(destination).append(' ');
    boolean verifies = icrc.verify(frame.flow(), frame.identification(), seg, at, length);
    String fault = PacketCopy.check(seg, at, length);
    if (fault != null) {
      return verifies ? fault : "wrong ICRC; " + fault;
    }
    Headers.append(seg, at, length, line);
    PacketCopy.copy(seg, at, length, copy, 0);
    int opcode = Bth.opcode(seg, at);
    int header = Opcode.headerLength(opcode);
    if (PacketCopy.isMad(seg, at, length)) {
      new CmDecoder(connections, source, destination, line).decode(seg, at + header, copy, header);
    } else if (Opcode.isSend(opcode) && Opcode.transport(opcode) == Opcode.RC) {
      // A packet with a wrong ICRC was dropped by its receiver: it must not disturb what is put
      // together.
      fault = verifies ? decodeSend(seg, at, length, destination, line) : null;
    }
    if (!verifies) {
      return "wrong ICRC";
    }
    return fault != null ? fault : compare(seg, at, length);
  }

  private @Nullable String decodeSend(
      MemorySegment seg, int at, int length, String destination, StringBuilder line) {
    Connections.Peer peer = connections.peer(destination, Bth.destQp(seg, at));
    return peer.send(seg, at, length, copy, line);
  }

  /** Puts the ICRC on the encoded packet and compares all of it with the captured one. */
  private @Nullable String compare(MemorySegment seg, int at, int length) {
    icrc.append(frame.flow(), frame.identification(), copy, 0, length);
    int total = length + Icrc.LENGTH;
    long difference = MemorySegment.mismatch(seg, at, at + total, copy, 0, total);
    return difference < 0 ? null : "differs when encoded again, from byte " + difference;
  }
}
