// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.PortQp;
import ib.transport.wire.Opcode;
import ib.verbs.FlushLevel;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.WrOpcode;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Two queue pairs whose users change their states in any order, in the middle of everything, over a
 * bad network: what was posted completes once and in order unless a reset dropped it, nothing stays
 * in flight, and the engine never turns in a circle.
 */
class StateStormTest {
  private static final int STORMS = 150;
  private static final int STEPS = 250;
  private static final int CNP_EVERY = 20;
  private static final int MARKED = 3;
  private static final WrOpcode[] OPERATIONS = {
    WrOpcode.SEND,
    WrOpcode.SEND_WITH_IMM,
    WrOpcode.RDMA_WRITE,
    WrOpcode.RDMA_WRITE_WITH_IMM,
    WrOpcode.RDMA_READ,
    WrOpcode.ATOMIC_FETCH_AND_ADD,
    WrOpcode.FLUSH,
    WrOpcode.LOCAL_INV
  };

  /** One end, and what its user knows. */
  private static final class End {
    final SimHost host;
    final PortQp qp;
    final SimBackend backend;
    final SimHost peer;
    final int peerQpn;
    int posted;
    int dropped;
    int checked;
    long lastCookie = -1;

    End(SimHost host, PortQp qp, SimBackend backend, SimHost peer, int peerQpn) {
      this.host = host;
      this.qp = qp;
      this.backend = backend;
      this.peer = peer;
      this.peerQpn = peerQpn;
    }

    /** Completions came in the order of the requests. */
    void check(String storm) {
      for (; checked < backend.sendDone.size(); checked++) {
        long cookie = backend.sendDone.get(checked).cookie();
        assertThat(cookie).as(storm).isGreaterThan(lastCookie);
        lastCookie = cookie;
      }
      assertThat(host.engine.packetsInFlight()).as(storm).isNotNegative();
    }

    /** What a reset drops completes never. */
    void onReset() {
      backend.sends.clear();
      backend.receives.clear();
      dropped = posted - backend.sendDone.size();
    }
  }

  private final List<SimPacket> late = new ArrayList<>();
  private Pair pair;
  private Random random;
  private End a;
  private End b;

  @ParameterizedTest
  @EnumSource
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void shouldComeThroughAnyOrderOfChanges(QpType type) throws Exception {
    for (int seed = 0; seed < STORMS; seed++) {
      storm(type, seed);
    }
  }

  private void storm(QpType type, int seed) throws RdmaException {
    String storm = type + ", seed " + seed;
    random = new Random(seed);
    pair = new Pair(type, SimHost.options().withWindowPackets(4 << random.nextInt(6)));
    a = new End(pair.a, pair.qpA, pair.backendA, pair.b, Pair.QPN_B);
    b = new End(pair.b, pair.qpB, pair.backendB, pair.a, Pair.QPN_A);
    late.clear();
    bringUp(a);
    bringUp(b);
    for (int i = 0; i < STEPS; i++) {
      step(random.nextBoolean() ? a : b);
      a.check(storm);
      b.check(storm);
    }
    for (End end : new End[] {a, b}) {
      end.qp.modify(new QpAttributes().state(QpState.ERR));
      end.qp.kickSend();
    }
    pair.wire.clear();
    pair.run();
    for (End end : new End[] {a, b}) {
      end.check(storm);
      assertThat(end.host.engine.packetsInFlight()).as(storm).isZero();
      assertThat(end.backend.sends).as(storm).isEmpty();
      assertThat(end.backend.receives).as(storm).isEmpty();
      assertThat(end.backend.sendDone.size() + end.dropped).as(storm).isEqualTo(end.posted);
      assertThat(end.host.engine.wantsTransmit()).as(storm).isFalse();
    }
    assertThat(pair.nextDeadline()).as(storm).isFalse();
  }

  private void step(End end) {
    switch (random.nextInt(10)) {
      case 0, 1, 2 -> post(end);
      case 3 -> {
        end.backend.postReceive(random.nextInt(1000), random.nextInt(6000));
        end.qp.kickReceive();
      }
      case 4 -> change(end);
      case 5 -> pair.nowNs += 1L << random.nextInt(24);
      case 6 -> end.host.engine.onTimers(pair.nowNs);
      default -> {
        end.host.engine.transmit(end.host, pair.nowNs);
        deliver();
      }
    }
  }

  private void post(End end) {
    WrOpcode opcode = OPERATIONS[random.nextInt(OPERATIONS.length)];
    boolean empty = opcode == WrOpcode.FLUSH || opcode.isLocal();
    int length = empty ? 0 : opcode.isAtomic() ? 8 : random.nextInt(9000);
    boolean fence = random.nextInt(4) == 0;
    int key = random.nextInt(20) == 0 ? 5 : end.peer.memory.allKey;
    end.backend.post(
        opcode,
        0,
        length,
        wqe -> {
          wqe.setFlags(true, false, fence);
          wqe.setRemote(SimMemory.BASE, key);
          wqe.setDatagram(0, end.peer.low, end.peerQpn, 1);
          wqe.setFlush(1, FlushLevel.RANGE, 8);
          wqe.setInvalidate(end.host.memory.registerFast(0, 8, SimMemory.ALL));
        });
    end.posted++;
    if (random.nextInt(4) != 0) {
      end.qp.kickSend();
    }
  }

  private void change(End end) {
    QpState to = QpState.values()[random.nextInt(QpState.values().length)];
    try {
      if (to == QpState.RTR) {
        bringUp(end);
      } else {
        modify(end, to);
      }
    } catch (RdmaException e) {
      // Not from this state: nothing changed.
      return;
    }
  }

  private static void bringUp(End end) throws RdmaException {
    for (QpState to : new QpState[] {QpState.RESET, QpState.INIT, QpState.RTR, QpState.RTS}) {
      modify(end, to);
    }
  }

  /** To a state with all that it needs, and sometimes with what it only admits. */
  private static void modify(End end, QpState to) throws RdmaException {
    QpState from = end.qp.state();
    QpAttributes all = Pair.rcAttributes(end.peer.address, end.peerQpn).qkey(1).pkeyIndex(0);
    QpAttributes chosen = new QpAttributes().state(to);
    chosen.merge(all.only(QpTransitions.required(end.qp.type(), from, to)));
    if (to == QpState.SQD && from == QpState.RTS) {
      chosen.sqdAsyncNotify(true);
    }
    end.qp.modify(chosen);
    if (to == QpState.RESET) {
      end.onReset();
    }
  }

  /** What is on the wire arrives, or is lost, comes twice, late, or marked. */
  private void deliver() {
    List<SimPacket> packets = new ArrayList<>(pair.wire);
    pair.wire.clear();
    pair.log.clear();
    if (!late.isEmpty() && random.nextBoolean()) {
      packets.add(late.removeLast());
    }
    for (SimPacket packet : packets) {
      int fate = random.nextInt(20);
      if (fate == 0) {
        continue;
      }
      if (fate == 1) {
        late.add(packet);
      }
      End to = packet.destLow() == a.host.low ? a : b;
      to.host.receive(packet, true, fate == 2 ? MARKED : 0, pair.nowNs);
    }
    if (random.nextInt(CNP_EVERY) == 0) {
      Crafted.request(Opcode.CNP, Pair.QPN_A, 0, 0).deliverToA(pair);
    }
  }
}
