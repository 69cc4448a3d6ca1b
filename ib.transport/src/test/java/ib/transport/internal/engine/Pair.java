// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.PortQp;
import ib.verbs.AccessFlags;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** Two hosts with one queue pair each, a wire that can be cut, and a clock turned by hand. */
final class Pair {
  static final int QPN_A = 0x111;
  static final int QPN_B = 0x222;
  static final int MEMORY = 1 << 20;

  final List<SimPacket> wire = new ArrayList<>();

  /** All packets ever sent, also those that were dropped. */
  final List<SimPacket> log = new ArrayList<>();

  /** Packets for which this is true get lost. */
  Predicate<SimPacket> drop = packet -> false;

  long nowNs = 1_000_000;
  final SimHost a;
  final SimHost b;
  final SimBackend backendA;
  final SimBackend backendB;
  final PortQp qpA;
  final PortQp qpB;

  Pair(QpType type, EngineOptions options) {
    a = new SimHost(1, options, new SimMemory(MEMORY), this::send);
    b = new SimHost(2, options, new SimMemory(MEMORY), this::send);
    backendA = new SimBackend(a.memory);
    backendB = new SimBackend(b.memory);
    qpA = a.engine.createQp(QPN_A, type, backendA);
    qpB = b.engine.createQp(QPN_B, type, backendB);
    fill(a.memory, 1);
    fill(b.memory, 2);
  }

  static Pair connected(UnaryOperator<QpAttributes> change) throws RdmaException {
    return connected(SimHost.options(), change);
  }

  static Pair connected(EngineOptions options, UnaryOperator<QpAttributes> change)
      throws RdmaException {
    Pair pair = new Pair(QpType.RC, options);
    connect(pair.qpA, pair.b.address, QPN_B, change);
    connect(pair.qpB, pair.a.address, QPN_A, change);
    return pair;
  }

  /** All attributes that a reliable connection needs, for all transitions. */
  static QpAttributes rcAttributes(InetAddress peer, int peerQpn) {
    return new QpAttributes()
        .accessFlags(AccessFlags.ALL)
        .remoteAddress(peer)
        .pathMtuBytes(1024)
        .destQpn(peerQpn)
        .rqPsn(0xFF_FFF0)
        .maxDestRdAtomic(4)
        .minRnrTimer(1)
        .timeoutCode(8)
        .retryCount(7)
        .rnrRetry(7)
        .sqPsn(0xFF_FFF0)
        .maxRdAtomic(4);
  }

  static void connect(PortQp qp, InetAddress peer, int peerQpn, UnaryOperator<QpAttributes> change)
      throws RdmaException {
    QpAttributes all = change.apply(rcAttributes(peer, peerQpn));
    qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(all.accessFlags()));
    qp.modify(
        new QpAttributes()
            .state(QpState.RTR)
            .remoteAddress(peer)
            .pathMtuBytes(all.pathMtuBytes())
            .destQpn(peerQpn)
            .rqPsn(all.rqPsn())
            .maxDestRdAtomic(all.maxDestRdAtomic())
            .minRnrTimer(all.minRnrTimer()));
    qp.modify(
        new QpAttributes()
            .state(QpState.RTS)
            .timeoutCode(all.timeoutCode())
            .retryCount(all.retryCount())
            .rnrRetry(all.rnrRetry())
            .sqPsn(all.sqPsn())
            .maxRdAtomic(all.maxRdAtomic()));
  }

  static void fill(SimMemory memory, int seed) {
    byte[] bytes = new byte[(int) memory.segment.byteSize()];
    new Random(seed).nextBytes(bytes);
    MemorySegment.copy(bytes, 0, memory.segment, ValueLayout.JAVA_BYTE, 0, bytes.length);
  }

  static byte[] bytes(SimMemory memory, int offset, int length) {
    return memory.segment.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
  }

  private void send(SimPacket packet) {
    log.add(packet);
    if (!drop.test(packet)) {
      wire.add(packet);
    }
  }

  /** Lets both hosts work until nothing moves; the clock stands still. */
  void settle() {
    for (int turns = 0; turns < 100_000; turns++) {
      int work = a.engine.transmit(a, nowNs) + b.engine.transmit(b, nowNs);
      List<SimPacket> batch = List.copyOf(wire);
      wire.clear();
      for (SimPacket packet : batch) {
        SimHost to = packet.destLow() == a.low ? a : b;
        to.receive(packet, false, nowNs);
      }
      if (work == 0 && batch.isEmpty()) {
        return;
      }
    }
    throw new AssertionError("never settles");
  }

  /** Turns the clock until a deadline passes, and settles; false if there is none. */
  boolean nextDeadline() {
    int fired = 0;
    while (fired == 0) {
      long next = Math.min(a.engine.nextDeadlineNs(), b.engine.nextDeadlineNs());
      if (next == PortEngine.NO_DEADLINE) {
        return false;
      }
      nowNs = Math.max(nowNs, next);
      fired = a.engine.onTimers(nowNs) + b.engine.onTimers(nowNs);
    }
    settle();
    return true;
  }

  /** Settles, then goes through all deadlines. */
  void run() {
    settle();
    for (int i = 0; i < 1000 && nextDeadline(); i++) {
      continue;
    }
  }

  long count(Predicate<SimPacket> which) {
    return log.stream().filter(which).count();
  }
}
