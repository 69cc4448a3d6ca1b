// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.transport.PacketTap;
import ib.transport.PortCounter;
import ib.transport.internal.engine.PacketSink;
import ib.transport.internal.engine.PortEngine;
import ib.transport.internal.io.PeerAddress;
import ib.transport.internal.io.SendBatch;
import ib.transport.wire.Gids;
import ib.transport.wire.Icrc;
import ib.transport.wire.IcrcFlow;
import ib.transport.wire.Wire;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * Puts the engine's packets into the send batch of a socket: chooses the train, appends the ICRC
 * that is right for the packet's place in it, counts, and shows the packet to the tap. Agent thread
 * only.
 */
final class BatchSink implements PacketSink {
  private final PortEngine engine;
  private final SendSockets sockets;
  private final boolean gathers;
  private final long localHigh;
  private final long localLow;
  private final boolean ipv6;
  private final Icrc icrc = new Icrc();
  private final IcrcFlow flow;
  private final PeerCache peers;
  private @Nullable PacketTap tap;

  // The begun packet.
  private @Nullable PeerAddress to;
  private long destHigh;
  private long destLow;
  private int lengthBytes;

  // Its payload, if that lies elsewhere.
  private @Nullable MemorySegment payload;
  private long payloadOffset;
  private int payloadBytes;
  private int headerBytes;

  // The socket that it goes through.
  private int socket;
  private SendBatch batch;
  private int sourcePort;

  BatchSink(PortEngine engine, SendSockets sockets, InetAddress own) {
    this.engine = engine;
    this.sockets = sockets;
    this.peers = new PeerCache(own);
    this.gathers = sockets.gather();
    this.batch = sockets.batch(0);
    this.sourcePort = sockets.port(0);
    this.localHigh = Gids.high(own);
    this.localLow = Gids.low(own);
    this.ipv6 = !Gids.isV4(localHigh, localLow);
    this.flow = ipv6 ? IcrcFlow.ipv6() : IcrcFlow.ipv4();
    flow.sourcePort(sourcePort);
    if (ipv6) {
      flow.ipv6Source(localHigh, localLow);
    }
  }

  void setTap(@Nullable PacketTap newTap) {
    tap = newTap;
  }

  @Override
  public boolean begin(long high, long low, int flowLabel, int bytes) {
    int wanted = sockets.indexOf(flowLabel);
    if (wanted != socket) {
      socket = wanted;
      batch = sockets.batch(wanted);
      sourcePort = sockets.port(wanted);
      flow.sourcePort(sourcePort);
    }
    if (!batch.hasRoom()) {
      return false;
    }
    if (to == null || destHigh != high || destLow != low) {
      to = peer(high, low);
      destHigh = high;
      destLow = low;
    }
    lengthBytes = bytes;
    payload = null;
    return true;
  }

  /** A GID that nothing can be sent to gets a packet that is counted and dropped. */
  private @Nullable PeerAddress peer(long high, long low) {
    if (ipv6 == Gids.isV4(high, low)) {
      return null;
    }
    try {
      PeerAddress peer = peers.get(high, low);
      if (ipv6) {
        flow.ipv6Destination(high, low);
      } else {
        flow.ipv4Addresses((int) localLow, (int) low);
      }
      return peer;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  @Override
  public MemorySegment segment() {
    return batch.memory();
  }

  @Override
  public long offset() {
    return batch.position();
  }

  /** A tap is shown packets in one piece. */
  @Override
  public boolean takesPieces() {
    return gathers && tap == null;
  }

  @Override
  public void piece(int at, MemorySegment segment, long offset, int bytes) {
    headerBytes = at;
    payload = segment;
    payloadOffset = offset;
    payloadBytes = bytes;
  }

  @Override
  public void commit() {
    PeerAddress peer = to;
    if (peer == null) {
      engine.count(PortCounter.SEND_ERRORS, 1);
      return;
    }
    MemorySegment elsewhere = payload;
    if (elsewhere != null) {
      commitPieces(peer, elsewhere);
      return;
    }
    int total = lengthBytes + Icrc.LENGTH;
    int identification = batch.nextIdentification(peer, total);
    MemorySegment memory = batch.memory();
    long at = batch.position();
    icrc.append(flow, identification, memory, at, lengthBytes);
    batch.add(peer, total);
    engine.count(PortCounter.SENT_PKTS, 1);
    engine.count(PortCounter.SENT_BYTES, total);
    PacketTap shown = tap;
    if (shown != null) {
      show(shown, identification, memory, at, total);
    }
  }

  /** Header, payload from where it is, then pad and ICRC, which follow the header in the batch. */
  private void commitPieces(PeerAddress peer, MemorySegment elsewhere) {
    int total = lengthBytes + Icrc.LENGTH;
    int pad = lengthBytes - headerBytes - payloadBytes;
    MemorySegment memory = batch.memory();
    long at = batch.position();
    try {
      int value =
          icrc.compute(
              flow,
              batch.nextIndex(peer, total),
              memory,
              at,
              headerBytes,
              elsewhere,
              payloadOffset,
              payloadBytes,
              pad);
      long trailer = at + headerBytes;
      for (int i = 0; i < pad; i++) {
        Wire.u8(memory, trailer + i, 0);
      }
      Wire.u32LittleEndian(memory, trailer + pad, value);
      batch.add(peer, headerBytes, elsewhere, payloadOffset, payloadBytes, pad + Icrc.LENGTH);
    } catch (IllegalStateException e) {
      // The memory was closed meanwhile: as lost on the way.
      engine.count(PortCounter.SEND_ERRORS, 1);
      return;
    }
    engine.count(PortCounter.SENT_PKTS, 1);
    engine.count(PortCounter.SENT_BYTES, total);
  }

  @SuppressWarnings("CatchingUnchecked") // a tap is somebody else's code
  private void show(PacketTap shown, int identification, MemorySegment memory, long at, int total) {
    try {
      shown.onPacket(
          true,
          localHigh,
          localLow,
          sourcePort,
          destHigh,
          destLow,
          ipv6 ? 0 : identification,
          memory,
          at,
          total);
    } catch (RuntimeException e) {
      engine.count(PortCounter.TAP_ERRORS, 1);
    }
  }
}
