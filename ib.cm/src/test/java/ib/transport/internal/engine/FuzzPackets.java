// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.cm.internal.SimCm;
import ib.transport.wire.Aeth;
import ib.transport.wire.AtomicEth;
import ib.transport.wire.Bth;
import ib.transport.wire.CmMessage;
import ib.transport.wire.CmReq;
import ib.transport.wire.Deth;
import ib.transport.wire.Icrc;
import ib.transport.wire.IcrcFlow;
import ib.transport.wire.Ieth;
import ib.transport.wire.Mad;
import ib.transport.wire.Opcode;
import ib.transport.wire.PcapReader;
import ib.transport.wire.Psn;
import ib.transport.wire.RdmaCmHeader;
import ib.transport.wire.Reth;
import ib.transport.wire.RoceFrame;
import ib.transport.wire.Wire;
import ib.verbs.QpType;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Packets made from captured ones of a Linux kernel: most are right in all but one thing, with the
 * numbers, keys and PSNs of what is attacked, and a right ICRC.
 */
final class FuzzPackets {
  private static final int MAD_OFFSET = Bth.LENGTH + Deth.LENGTH;
  private static final int LONGEST = 4400;

  /** Communication ids of ours and the peer's stand first in all messages of the CM. */
  private static final int COMM_IDS = Mad.HEADER_LENGTH;

  private static final int KNOWN_IDS = 64;

  private final Random random;
  private final long source;
  private final long dest;
  private final List<byte[]> data = new ArrayList<>();
  private final List<byte[]> management = new ArrayList<>();
  private final Icrc icrc = new Icrc();
  private final IcrcFlow flow = IcrcFlow.ipv4();

  /** What the attacked connection manager wrote last: ids that live. */
  private final long[] knownIds = new long[KNOWN_IDS];

  private int nextKnownId;

  /** A captured request to connect. */
  private byte[] request = {};

  FuzzPackets(Random random, Path captures, long source, long dest) throws IOException {
    this.random = random;
    this.source = source;
    this.dest = dest;
    List<Path> files;
    try (Stream<Path> found = Files.list(captures)) {
      files = found.filter(file -> file.toString().endsWith(".pcap")).sorted().toList();
    }
    for (Path file : files) {
      load(file);
    }
    if (data.isEmpty() || request.length == 0) {
      throw new IOException(captures + " has no captures of data and connections");
    }
  }

  private void load(Path file) throws IOException {
    RoceFrame frame = new RoceFrame();
    try (InputStream in = Files.newInputStream(file);
        PcapReader reader = new PcapReader(in)) {
      while (reader.next()) {
        if (frame.parse(reader.linkType(), reader.frame(), reader.length())
            == RoceFrame.Kind.ROCE) {
          byte[] bytes =
              reader
                  .frame()
                  .asSlice(frame.bthOffset(), frame.roceLength() + Icrc.LENGTH)
                  .toArray(ValueLayout.JAVA_BYTE);
          boolean mad = Opcode.transport(bytes[0]) == Opcode.UD;
          (mad ? management : data).add(bytes);
          if (mad && frame.source().length == 4 && isRequest(bytes)) {
            request = bytes;
          }
        }
      }
    }
  }

  private static boolean isRequest(byte[] bytes) {
    return Mad.ATTRIBUTE_ID.getInt(MemorySegment.ofArray(bytes), MAD_OFFSET) == CmMessage.REQ;
  }

  /** A MAD that the attacked host sent. */
  void observeMad(SimPacket packet) {
    MemorySegment bytes = packet.segment();
    if (bytes.byteSize() >= MAD_OFFSET + Mad.LENGTH) {
      knownIds[nextKnownId++ % KNOWN_IDS] = Wire.u64(bytes, MAD_OFFSET + COMM_IDS);
    }
  }

  /** A packet against a queue pair. */
  SimPacket against(FuzzVictim victim) {
    byte[] original = data.get(random.nextInt(data.size()));
    int opcode = opcode(original[0] & 0xFF, victim.type);
    byte[] bytes = withOpcode(original, opcode);
    MemorySegment packet = MemorySegment.ofArray(bytes);
    Wire.u24(packet, Bth.DEST_QP_OFFSET, one(50) ? random.nextInt() : victim.qp.qpn());
    Bth.psn(packet, 0, psn(victim, opcode));
    if (one(2)) {
      Bth.ackReq(packet, 0, true);
    }
    if (Opcode.headerLength(opcode) <= bytes.length - Icrc.LENGTH) {
      fillHeaders(packet, opcode, victim, bytes.length);
    }
    return finish(bytes);
  }

  private boolean one(int in) {
    return random.nextInt(in) == 0;
  }

  private int opcode(int original, QpType type) {
    if (one(40)) {
      return random.nextInt(256);
    }
    int operation = one(2) ? Opcode.operation(original) : random.nextInt(0x1E);
    return switch (type) {
      case RC -> one(100) ? Opcode.CNP : operation;
      case UC -> Opcode.UC | (one(2) ? random.nextInt(0x0C) : operation);
      default -> one(8) ? Opcode.UD | operation : Opcode.UD_SEND_ONLY + random.nextInt(2);
    };
  }

  /** The packet with room for the headers of an opcode, and a payload of a length that matters. */
  private byte[] withOpcode(byte[] original, int opcode) {
    int header = Opcode.isKnown(opcode) ? Opcode.headerLength(opcode) : Bth.LENGTH;
    int payload = payloadBytes(opcode, original.length - header - Icrc.LENGTH);
    int pad = -payload & 3;
    byte[] bytes = Arrays.copyOf(original, header + payload + pad + Icrc.LENGTH);
    bytes[0] = (byte) opcode;
    MemorySegment packet = MemorySegment.ofArray(bytes);
    Bth.padCount(packet, 0, one(60) ? random.nextInt(4) : pad);
    return bytes;
  }

  private int payloadBytes(int opcode, int original) {
    if (!Opcode.hasPayload(opcode)) {
      return one(40) ? random.nextInt(64) : 0;
    }
    boolean whole = Opcode.isFirst(opcode) || Opcode.isMiddle(opcode);
    return switch (random.nextInt(8)) {
      case 0 -> Math.clamp(original, 0, LONGEST);
      case 1 -> 0;
      case 2 -> FuzzVictim.MTU + random.nextInt(5) - 2;
      case 3 -> random.nextInt(4096 + 1);
      default -> whole ? FuzzVictim.MTU : 1 + random.nextInt(FuzzVictim.MTU);
    };
  }

  private int psn(FuzzVictim victim, int opcode) {
    int near;
    if (Opcode.isResponse(opcode)) {
      int open = Math.max(0, Psn.diff(victim.newestPsn, victim.oldestPsn));
      near = Psn.add(victim.oldestPsn, random.nextInt(open + 1));
    } else {
      near = victim.requestPsn;
    }
    return switch (random.nextInt(16)) {
      case 0 -> random.nextInt() & Psn.MASK;
      case 1 -> Psn.add(near, 1 + random.nextInt(300));
      case 2, 3 -> Psn.add(near, -1 - random.nextInt(300));
      case 4 -> Psn.add(near, (1 << 23) - 1 + random.nextInt(3));
      default -> near;
    };
  }

  private void fillHeaders(MemorySegment packet, int opcode, FuzzVictim victim, int length) {
    if (Opcode.hasReth(opcode)) {
      int payload = length - Opcode.headerLength(opcode) - Icrc.LENGTH;
      long bytes =
          switch (random.nextInt(8)) {
            case 0 -> random.nextInt() & 0xFFFF_FFFFL;
            case 1 -> 0;
            case 2 -> random.nextInt(FuzzVictim.REGION_BYTES + 2);
            case 3 -> payload;
            default -> (long) FuzzVictim.MTU * (1 + random.nextInt(4)) + random.nextInt(3);
          };
      int at = Opcode.rethOffset(opcode);
      Reth.write(packet, at, address(victim, opcode, bytes), key(victim), bytes);
    }
    if (Opcode.hasAtomicEth(opcode)) {
      AtomicEth.write(
          packet,
          Bth.LENGTH,
          address(victim, opcode, 8) & (one(4) ? -1 : -8),
          key(victim),
          random.nextLong(),
          random.nextLong());
    }
    if (Opcode.hasAeth(opcode)) {
      int syndrome = one(4) ? random.nextInt(256) : one(2) ? 0x1F : 0x60 | random.nextInt(5);
      Aeth.write(packet, Bth.LENGTH, syndrome, random.nextInt() & Psn.MASK);
    }
    if (Opcode.hasIeth(opcode)) {
      Ieth.write(packet, Opcode.lastHeaderOffset(opcode), one(4) ? random.nextInt() : victim.key);
    }
    if (Opcode.hasDeth(opcode)) {
      int qkey = one(8) ? random.nextInt() : FuzzVictim.QKEY;
      Deth.write(packet, Bth.LENGTH, qkey, random.nextInt() & Psn.MASK);
    }
  }

  private int key(FuzzVictim victim) {
    return switch (random.nextInt(16)) {
      case 0 -> random.nextInt();
      case 1 -> victim.key ^ (1 << random.nextInt(32));
      default -> victim.key;
    };
  }

  /** Often just inside or outside of what the key opens. */
  private long address(FuzzVictim victim, int opcode, long bytes) {
    return switch (random.nextInt(16)) {
      case 0 -> random.nextLong();
      case 1 -> victim.address(-random.nextInt(9));
      case 2 -> victim.address(FuzzVictim.REGION_BYTES) - bytes + random.nextInt(9) - 4;
      case 3 -> victim.address(0) + random.nextInt();
      // Messages of several packets are kept apart from those that are whole.
      default ->
          victim.address(
              FuzzVictim.OPEN_OFFSET
                  + random.nextInt(FuzzVictim.OPEN_OFFSET / 2)
                  + (Opcode.isFirst(opcode) ? 0 : FuzzVictim.OPEN_OFFSET / 2));
    };
  }

  /** A packet against QP1. */
  SimPacket againstManagement() {
    byte[] bytes = management.get(random.nextInt(management.size())).clone();
    MemorySegment packet = MemorySegment.ofArray(bytes);
    int fields = random.nextInt(4);
    for (int i = 0; i < fields; i++) {
      int at = MAD_OFFSET + random.nextInt(Mad.LENGTH - 8);
      switch (random.nextInt(4)) {
        case 0 -> Wire.u8(packet, at, random.nextInt(256));
        case 1 -> Wire.u16(packet, at & ~1, one(2) ? 0xFFFF : random.nextInt(65_536));
        case 2 -> Wire.u32(packet, at & ~3, one(2) ? 0 : random.nextInt());
        default -> Mad.ATTRIBUTE_ID.set(packet, MAD_OFFSET, 0x10 + random.nextInt(12));
      }
    }
    if (one(2)) {
      long ids = knownIds[random.nextInt(KNOWN_IDS)];
      // What it calls its own is the remote one of what it is sent.
      Wire.u64(packet, MAD_OFFSET + COMM_IDS, one(8) ? ids : Long.rotateLeft(ids, 32));
    } else if (one(2)) {
      Wire.u32(packet, MAD_OFFSET + COMM_IDS, random.nextInt());
    }
    return finish(bytes);
  }

  /** Requests that a connection manager takes for right in most cases, addressed to it. */
  SimPacket request(byte[] gidOfSource, byte[] gidOfDest) {
    byte[] bytes = request.clone();
    MemorySegment packet = MemorySegment.ofArray(bytes);
    CmReq.PRIMARY_LOCAL_GID.set(packet, MAD_OFFSET, gidOfSource);
    CmReq.PRIMARY_REMOTE_GID.set(packet, MAD_OFFSET, gidOfDest);
    CmReq.LOCAL_COMM_ID.set(packet, MAD_OFFSET, random.nextInt() & 0xFFFF_FFFFL);
    CmReq.LOCAL_QPN.set(packet, MAD_OFFSET, 2 + random.nextInt(1 << 20));
    CmReq.SERVICE_ID.set(packet, MAD_OFFSET, SimCm.SERVICE);
    int header = MAD_OFFSET + CmReq.PRIVATE_DATA.offset();
    // IPv4 addresses are the last four bytes of each.
    Wire.u32(packet, header + RdmaCmHeader.SOURCE_OFFSET + 12, (int) source);
    Wire.u32(packet, header + RdmaCmHeader.DESTINATION_OFFSET + 12, (int) dest);
    return finish(bytes);
  }

  /** A packet for a queue pair that the sender is not connected to: nothing may come of it. */
  SimPacket forged(int qpn) {
    byte[] bytes = data.get(random.nextInt(data.size())).clone();
    Wire.u24(MemorySegment.ofArray(bytes), Bth.DEST_QP_OFFSET, qpn);
    Bth.psn(MemorySegment.ofArray(bytes), 0, random.nextInt() & Psn.MASK);
    return finish(bytes);
  }

  /** A packet of a connection that it does not belong to, right but for who sends it. */
  SimPacket forged(SimPacket seen) {
    byte[] bytes = seen.bytes().clone();
    MemorySegment packet = MemorySegment.ofArray(bytes);
    int header = Opcode.headerLength(seen.opcode());
    int payload = bytes.length - header - Icrc.LENGTH;
    if (payload > 4) {
      bytes[header + random.nextInt(payload - 4)] ^= (byte) (1 + random.nextInt(255));
    } else if (Opcode.isResponse(seen.opcode())) {
      Bth.psn(packet, 0, Psn.add(seen.psn(), random.nextInt(4)));
    }
    return sign(bytes);
  }

  /** What a packet names of memory is told to its victim. */
  static void tell(SimPacket made, List<FuzzVictim> victims) {
    byte[] bytes = made.bytes();
    if (bytes.length < Bth.LENGTH || !Opcode.isKnown(made.opcode())) {
      return;
    }
    int opcode = made.opcode();
    MemorySegment packet = made.segment();
    if (bytes.length < Opcode.headerLength(opcode)) {
      return;
    }
    for (FuzzVictim victim : victims) {
      if (Opcode.hasReth(opcode)) {
        int at = Opcode.rethOffset(opcode);
        victim.name(opcode, Reth.rKey(packet, at), Reth.va(packet, at), Reth.dmaLength(packet, at));
      } else if (Opcode.hasAtomicEth(opcode)) {
        int at = Bth.LENGTH;
        victim.name(opcode, AtomicEth.rKey(packet, at), AtomicEth.va(packet, at), Long.BYTES);
      }
    }
  }

  /** Damage, and the ICRC. */
  private SimPacket finish(byte[] made) {
    byte[] bytes = made;
    if (one(8)) {
      for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      }
    }
    if (one(32)) {
      bytes = Arrays.copyOf(bytes, random.nextInt(one(4) ? LONGEST : 80));
    }
    return one(16) || bytes.length < Bth.LENGTH + Icrc.LENGTH
        ? new SimPacket(source, dest, random.nextInt(1 << 16), bytes)
        : sign(bytes);
  }

  private SimPacket sign(byte[] bytes) {
    int id = random.nextInt(1 << 16);
    flow.ipv4Addresses((int) source, (int) dest);
    flow.sourcePort(SimPacket.SOURCE_PORT);
    icrc.append(flow, id, MemorySegment.ofArray(bytes), 0, bytes.length - Icrc.LENGTH);
    return new SimPacket(source, dest, id, bytes);
  }
}
