// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.GsiHandler;
import ib.transport.wire.Opcode;
import ib.verbs.AccessFlags;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The first packet of a connection: COMM_EST in RTR, and word for the connection manager. */
class CommunicationEstablishedTest {
  private static final int PSN = 0xFF_FFF0;

  private final List<Integer> told = new ArrayList<>();

  private Pair pair(QpType type) {
    Pair pair = new Pair(type, SimHost.options());
    pair.b
        .engine
        .gsi()
        .setHandler(
            new GsiHandler() {
              @Override
              public void onMad(long h, long l, int qpn, MemorySegment mad, long off, int length) {}

              @Override
              public void onFirstPacket(int qpn) {
                told.add(qpn);
              }
            });
    return pair;
  }

  private static void toRtr(Pair pair) throws Exception {
    QpAttributes all = Pair.rcAttributes(pair.a.address, Pair.QPN_A);
    pair.qpB.modify(new QpAttributes().state(QpState.INIT).accessFlags(AccessFlags.ALL));
    int mask =
        QpAttributes.AV | QpAttributes.PATH_MTU | QpAttributes.DEST_QPN | QpAttributes.RQ_PSN;
    if (pair.qpB.type() == QpType.RC) {
      mask |= QpAttributes.MAX_DEST_RD_ATOMIC | QpAttributes.MIN_RNR_TIMER;
    }
    QpAttributes rtr = new QpAttributes().state(QpState.RTR);
    rtr.merge(all.only(mask));
    pair.qpB.modify(rtr);
  }

  private static void toRts(Pair pair) throws Exception {
    QpAttributes rts = new QpAttributes().state(QpState.RTS).sqPsn(5);
    if (pair.qpB.type() == QpType.RC) {
      rts.timeoutCode(8).retryCount(7).rnrRetry(7).maxRdAtomic(1);
    }
    pair.qpB.modify(rts);
  }

  private static Crafted send(Pair pair, int psn) {
    int transport = pair.qpB.type() == QpType.RC ? Opcode.RC : Opcode.UC;
    return Crafted.request(transport | Opcode.SEND_ONLY, Pair.QPN_B, psn, 8);
  }

  @ParameterizedTest
  @EnumSource(names = {"RC", "UC"})
  void shouldTellOnceOfTheFirstPacketInRtr(QpType type) throws Exception {
    Pair pair = pair(type);
    pair.backendB.postReceive(0, 100);
    pair.backendB.postReceive(0, 100);
    toRtr(pair);
    pair.b.receive(send(pair, PSN).from(pair.a.low + 9, pair.b.low), false, pair.nowNs);
    assertThat(pair.backendB.events).as("of somebody else").isEmpty();
    assertThat(told).isEmpty();
    send(pair, PSN).deliver(pair);
    assertThat(pair.backendB.events).containsExactly("COMM_EST");
    assertThat(told).containsExactly(Pair.QPN_B);
    send(pair, PSN + 1).deliver(pair);
    toRts(pair);
    send(pair, PSN + 2).deliver(pair);
    assertThat(pair.backendB.events).containsExactly("COMM_EST");
    assertThat(told).hasSize(1);
    assertThat(pair.backendB.receiveDone).hasSize(2);
    pair.qpB.modify(new QpAttributes().state(QpState.RESET));
    toRtr(pair);
    send(pair, PSN).deliver(pair);
    assertThat(pair.backendB.events).as("another connection").hasSize(2);
    assertThat(told).hasSize(2);
  }

  @ParameterizedTest
  @EnumSource(names = {"RC", "UC"})
  void shouldTellTheConnectionManagerAloneInRts(QpType type) throws Exception {
    Pair pair = pair(type);
    pair.backendB.postReceive(0, 100);
    toRtr(pair);
    toRts(pair);
    assertThat(told).isEmpty();
    send(pair, PSN).deliver(pair);
    assertThat(told).containsExactly(Pair.QPN_B);
    assertThat(pair.backendB.events).isEmpty();
  }
}
