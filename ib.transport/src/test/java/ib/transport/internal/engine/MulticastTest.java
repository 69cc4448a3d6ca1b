// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.transport.PortCounter;
import ib.transport.PortQp;
import ib.transport.wire.Gids;
import ib.transport.wire.Wire;
import ib.verbs.NotSupportedException;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Datagrams to a group (specification 10.5.2). */
class MulticastTest {
  private static final int QKEY = 0x1234;
  private static final long GROUP = Gids.low(InetAddress.ofLiteral("239.1.2.3"));

  private final Pair pair = new Pair(QpType.UD, SimHost.options());
  private final List<String> joined = new ArrayList<>();

  MulticastTest() throws RdmaException {
    ready(pair.qpA, QKEY);
    ready(pair.qpB, QKEY);
    pair.b.engine.setGroups(
        new McastGroups() {
          @Override
          public void join(long groupHigh, long groupLow) throws RdmaException {
            if (groupLow != GROUP) {
              throw new RdmaException("the network refuses");
            }
            joined.add("join");
          }

          @Override
          public void leave(long groupHigh, long groupLow) {
            joined.add("leave");
          }
        });
  }

  private static void ready(PortQp qp, int qkey) throws RdmaException {
    qp.modify(new QpAttributes().state(QpState.INIT).qkey(qkey));
    qp.modify(new QpAttributes().state(QpState.RTR));
    qp.modify(new QpAttributes().state(QpState.RTS).sqPsn(5));
  }

  private void send(int bytes, int qpn, int qkey) {
    pair.backendA.post(WrOpcode.SEND, 0, bytes, wqe -> wqe.setDatagram(0, GROUP, qpn, qkey));
    pair.qpA.kickSend();
    pair.a.engine.transmit(pair.a, pair.nowNs);
    List<SimPacket> sent = List.copyOf(pair.wire);
    pair.wire.clear();
    for (SimPacket packet : sent) {
      assertThat(packet.destLow()).isEqualTo(GROUP);
      pair.b.engine.receiveMulticast(
          0,
          GROUP,
          0,
          packet.sourceLow(),
          SimPacket.SOURCE_PORT,
          PortEngine.IP_ID_UNKNOWN,
          0,
          packet.segment(),
          0,
          packet.bytes().length,
          pair.nowNs);
    }
  }

  @Test
  void shouldGiveEveryQueuePairOfTheGroupACopy() throws Exception {
    SimBackend second = new SimBackend(pair.b.memory);
    PortQp other = pair.b.engine.createQp(0x333, QpType.UD, second);
    ready(other, QKEY);
    SimBackend third = new SimBackend(pair.b.memory);
    PortQp wrongKey = pair.b.engine.createQp(0x334, QpType.UD, third);
    ready(wrongKey, QKEY + 1);
    for (PortQp qp : new PortQp[] {pair.qpB, other, wrongKey, other}) {
      qp.attachMcast(0, GROUP);
    }
    assertThat(joined).containsExactly("join");
    pair.backendB.postReceive(100_000, 1040);
    second.postReceive(200_000, 1040);
    third.postReceive(300_000, 1040);
    send(1000, QueuePair.MULTICAST_QPN, QKEY);
    for (SimBackend backend : new SimBackend[] {pair.backendB, second}) {
      assertThat(backend.receiveDone)
          .extracting(SimBackend.ReceiveDone::status)
          .containsExactly(WcStatus.SUCCESS);
      assertThat(backend.receiveDone.getFirst().lengthBytes()).isEqualTo(1040);
    }
    assertThat(third.receiveDone).isEmpty();
    assertThat(pair.b.engine.counter(PortCounter.DROPPED_QKEY)).isEqualTo(1);
    assertThat(Pair.bytes(pair.b.memory, 100_040, 1000))
        .isEqualTo(Pair.bytes(pair.a.memory, 0, 1000));
    assertThat(Pair.bytes(pair.b.memory, 200_040, 1000))
        .isEqualTo(Pair.bytes(pair.a.memory, 0, 1000));
    assertThat(Wire.u32(pair.b.memory.segment, 100_036))
        .as("the header names the group")
        .isEqualTo((int) GROUP);
  }

  @Test
  void shouldDropWhatNobodyIsAttachedForOrHasAnotherQueuePairNumber() throws Exception {
    send(10, QueuePair.MULTICAST_QPN, QKEY);
    assertThat(pair.b.engine.counter(PortCounter.DROPPED_QPN)).isEqualTo(1);
    pair.qpB.attachMcast(0, GROUP);
    pair.backendB.postReceive(0, 100);
    send(10, Pair.QPN_B, QKEY);
    assertThat(pair.b.engine.counter(PortCounter.DROPPED_QPN)).isEqualTo(2);
    assertThat(pair.backendB.receiveDone).isEmpty();
  }

  @Test
  void shouldLeaveTheGroupWithTheLastQueuePair() throws Exception {
    PortQp other = pair.b.engine.createQp(0x333, QpType.UD, new SimBackend(pair.b.memory));
    pair.qpB.attachMcast(0, GROUP);
    other.attachMcast(0, GROUP);
    pair.qpB.detachMcast(0, GROUP);
    assertThat(joined).containsExactly("join");
    assertThatThrownBy(() -> pair.qpB.detachMcast(0, GROUP))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("239.1.2.3");
    other.destroy();
    assertThat(joined).containsExactly("join", "leave");
  }

  @Test
  void shouldRefuseWhatIsNoGroup() throws Exception {
    for (String address : new String[] {"10.1.2.3", "ff0e::1"}) {
      InetAddress no = InetAddress.ofLiteral(address);
      assertThatThrownBy(() -> pair.qpB.attachMcast(Gids.high(no), Gids.low(no)))
          .isInstanceOf(RdmaException.class)
          .hasMessageContaining("224.0.0.0/4");
    }
    assertThatThrownBy(() -> pair.qpB.attachMcast(0, GROUP + 1)).hasMessageContaining("refuses");
    PortQp rc = pair.b.engine.createQp(0x333, QpType.RC, pair.backendB);
    assertThatThrownBy(() -> rc.attachMcast(0, GROUP)).isInstanceOf(NotSupportedException.class);
    assertThatThrownBy(() -> rc.detachMcast(0, GROUP)).isInstanceOf(NotSupportedException.class);
  }
}
