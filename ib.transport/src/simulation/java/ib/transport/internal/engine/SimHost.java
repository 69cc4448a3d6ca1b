// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.wire.Gids;
import ib.transport.wire.Icrc;
import ib.transport.wire.IcrcFlow;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.function.Consumer;

/** A host without a socket: an engine, memory, and a sink that gives packets to a consumer. */
final class SimHost implements PacketSink {
  private static final long V4 = 0xFFFF_0000_0000L;
  private static final int ROOM = 8192;
  private static final int START = 64;

  final InetAddress address;
  final long low;
  final PortEngine engine;
  final SimMemory memory;
  private final Consumer<SimPacket> out;
  private final MemorySegment slab = Arena.ofAuto().allocate(ROOM, 64);
  private final Icrc icrc = new Icrc();
  private final IcrcFlow flow = IcrcFlow.ipv4();
  private long destLow;
  private int length;
  private int nextId;
  private MemorySegment piece;
  private int pieceAt;
  private long pieceOffset;
  private int pieceBytes;

  /** Whether payloads are taken from where they are. */
  boolean pieces;

  /** Packets that the sink still takes in this turn; negative = no bound. */
  int room = -1;

  SimHost(int lastByte, EngineOptions options, SimMemory memory, Consumer<SimPacket> out) {
    address = address(lastByte);
    low = Gids.low(address);
    engine = new PortEngine(at(options, low));
    this.memory = memory;
    this.out = out;
  }

  private static EngineOptions at(EngineOptions o, long low) {
    return new EngineOptions(0, low, o.pkey(), o.mtuBytes(), o.windowPackets(), o.sendRing());
  }

  static EngineOptions options() {
    return EngineOptions.of(0, V4);
  }

  static InetAddress address(int lastByte) {
    try {
      return InetAddress.getByAddress(new byte[] {10, 1, 2, (byte) lastByte});
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  void receive(SimPacket packet, boolean idKnown, long nowNs) {
    receive(packet, idKnown, 0, nowNs);
  }

  void receive(SimPacket packet, boolean idKnown, int trafficClass, long nowNs) {
    engine.receive(
        0,
        packet.sourceLow(),
        SimPacket.SOURCE_PORT,
        idKnown ? packet.ipId() : PortEngine.IP_ID_UNKNOWN,
        trafficClass,
        packet.segment(),
        0,
        packet.bytes().length,
        nowNs);
  }

  @Override
  public boolean begin(long destHigh, long newDestLow, int flowLabel, int lengthBytes) {
    if (room == 0) {
      return false;
    }
    if ((lengthBytes & 3) != 0 || lengthBytes + Icrc.LENGTH > ROOM) {
      throw new IllegalArgumentException("packet of " + lengthBytes + " bytes");
    }
    destLow = newDestLow;
    length = lengthBytes;
    piece = null;
    // What the engine forgets to write must not look right by chance.
    slab.asSlice(START, lengthBytes).fill((byte) 0xEE);
    return true;
  }

  @Override
  public MemorySegment segment() {
    return slab;
  }

  @Override
  public long offset() {
    return START;
  }

  @Override
  public boolean takesPieces() {
    return pieces;
  }

  @Override
  public void piece(int at, MemorySegment segment, long offset, int lengthBytes) {
    if (piece != null || at + lengthBytes > length || length - at - lengthBytes > 3) {
      throw new IllegalArgumentException("a piece of " + lengthBytes + " bytes at " + at);
    }
    piece = segment;
    pieceAt = at;
    pieceOffset = offset;
    pieceBytes = lengthBytes;
  }

  @Override
  public void commit() {
    if (piece != null) {
      MemorySegment.copy(piece, pieceOffset, slab, START + pieceAt, pieceBytes);
      slab.asSlice(START + pieceAt + pieceBytes, length - pieceAt - pieceBytes).fill((byte) 0);
    }
    room = Math.max(-1, room - 1);
    nextId = (nextId * 75 + 74) & 0xFFFF;
    flow.ipv4Addresses((int) low, (int) destLow);
    flow.sourcePort(SimPacket.SOURCE_PORT);
    icrc.append(flow, nextId, slab, START, length);
    byte[] bytes = new byte[length + Icrc.LENGTH];
    MemorySegment.copy(slab, ValueLayout.JAVA_BYTE, START, bytes, 0, bytes.length);
    out.accept(new SimPacket(low, destLow, nextId, bytes));
  }
}
