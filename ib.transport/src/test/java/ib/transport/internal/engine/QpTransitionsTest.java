// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static ib.verbs.QpAttributes.ACCESS_FLAGS;
import static ib.verbs.QpAttributes.AV;
import static ib.verbs.QpAttributes.DEST_QPN;
import static ib.verbs.QpAttributes.EN_SQD_ASYNC_NOTIFY;
import static ib.verbs.QpAttributes.MAX_DEST_RD_ATOMIC;
import static ib.verbs.QpAttributes.MAX_QP_RD_ATOMIC;
import static ib.verbs.QpAttributes.MIN_RNR_TIMER;
import static ib.verbs.QpAttributes.PATH_MTU;
import static ib.verbs.QpAttributes.PKEY_INDEX;
import static ib.verbs.QpAttributes.QKEY;
import static ib.verbs.QpAttributes.RETRY_CNT;
import static ib.verbs.QpAttributes.RNR_RETRY;
import static ib.verbs.QpAttributes.RQ_PSN;
import static ib.verbs.QpAttributes.SQ_PSN;
import static ib.verbs.QpAttributes.STATE;
import static ib.verbs.QpAttributes.TIMEOUT;
import static ib.verbs.QpState.ERR;
import static ib.verbs.QpState.INIT;
import static ib.verbs.QpState.RESET;
import static ib.verbs.QpState.RTR;
import static ib.verbs.QpState.RTS;
import static ib.verbs.QpState.SQD;
import static ib.verbs.QpState.SQE;
import static ib.verbs.QpType.RC;
import static ib.verbs.QpType.UC;
import static ib.verbs.QpType.UD;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.WrOpcode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The state machine against the specification's table of queue pair state transition properties
 * (IBA vol. 1, chapter 11, Modify Queue Pair), written out. Its rows have the table's titles; the
 * section and table are not numbered here because the releases number them differently.
 */
class QpTransitionsTest {
  /** A row: from, to, what must be given, what may be. */
  record Row(QpType type, QpState from, QpState to, int required, int optional) {}

  private static final int RC_RTR =
      AV | PATH_MTU | DEST_QPN | RQ_PSN | MAX_DEST_RD_ATOMIC | MIN_RNR_TIMER;
  private static final int RC_RTS = SQ_PSN | TIMEOUT | RETRY_CNT | RNR_RETRY | MAX_QP_RD_ATOMIC;
  private static final int RC_SQD =
      AV
          | TIMEOUT
          | RETRY_CNT
          | RNR_RETRY
          | MAX_QP_RD_ATOMIC
          | MAX_DEST_RD_ATOMIC
          | MIN_RNR_TIMER
          | ACCESS_FLAGS
          | PKEY_INDEX;

  private static final List<Row> TABLE =
      List.of(
          // "Reset to Init"
          new Row(RC, RESET, INIT, ACCESS_FLAGS, PKEY_INDEX),
          new Row(UC, RESET, INIT, ACCESS_FLAGS, PKEY_INDEX),
          new Row(UD, RESET, INIT, QKEY, PKEY_INDEX),
          // "Init to Init"
          new Row(RC, INIT, INIT, 0, ACCESS_FLAGS | PKEY_INDEX),
          new Row(UC, INIT, INIT, 0, ACCESS_FLAGS | PKEY_INDEX),
          new Row(UD, INIT, INIT, 0, QKEY | PKEY_INDEX),
          // "Init to RTR"
          new Row(RC, INIT, RTR, RC_RTR, ACCESS_FLAGS | PKEY_INDEX),
          new Row(UC, INIT, RTR, AV | PATH_MTU | DEST_QPN | RQ_PSN, ACCESS_FLAGS | PKEY_INDEX),
          new Row(UD, INIT, RTR, 0, QKEY | PKEY_INDEX),
          // "RTR to RTS"
          new Row(RC, RTR, RTS, RC_RTS, ACCESS_FLAGS | MIN_RNR_TIMER),
          new Row(UC, RTR, RTS, SQ_PSN, ACCESS_FLAGS),
          new Row(UD, RTR, RTS, SQ_PSN, QKEY),
          // "RTS to RTS"
          new Row(RC, RTS, RTS, 0, ACCESS_FLAGS | MIN_RNR_TIMER),
          new Row(UC, RTS, RTS, 0, ACCESS_FLAGS),
          new Row(UD, RTS, RTS, 0, QKEY),
          // "RTS to SQD"
          new Row(RC, RTS, SQD, 0, EN_SQD_ASYNC_NOTIFY),
          new Row(UC, RTS, SQD, 0, EN_SQD_ASYNC_NOTIFY),
          new Row(UD, RTS, SQD, 0, EN_SQD_ASYNC_NOTIFY),
          // "SQD to SQD"
          new Row(RC, SQD, SQD, 0, RC_SQD),
          new Row(UC, SQD, SQD, 0, AV | ACCESS_FLAGS | PKEY_INDEX),
          new Row(UD, SQD, SQD, 0, QKEY | PKEY_INDEX),
          // "SQD to RTS"
          new Row(RC, SQD, RTS, 0, ACCESS_FLAGS | MIN_RNR_TIMER),
          new Row(UC, SQD, RTS, 0, ACCESS_FLAGS),
          new Row(UD, SQD, RTS, 0, QKEY),
          // "SQEr to RTS": not for reliable connections, which have no SQEr
          new Row(UC, SQE, RTS, 0, ACCESS_FLAGS),
          new Row(UD, SQE, RTS, 0, QKEY));

  static List<Row> table() {
    List<Row> all = new ArrayList<>(TABLE);
    for (QpType type : QpType.values()) {
      for (QpState from : QpState.values()) {
        // "Any state to Reset" and "to Error"
        all.add(new Row(type, from, RESET, 0, 0));
        all.add(new Row(type, from, ERR, 0, 0));
      }
    }
    return all;
  }

  private static final SimHost PEER =
      new SimHost(2, SimHost.options(), new SimMemory(64), packet -> {});

  private static QpAttributes attributes(QpState to, int mask) {
    QpAttributes all = Pair.rcAttributes(PEER.address, 7).qkey(1).pkeyIndex(0).sqdAsyncNotify(true);
    QpAttributes chosen = new QpAttributes().state(to);
    chosen.merge(all.only(mask));
    return chosen;
  }

  private static void check(Row row, int mask) throws RdmaException {
    QpTransitions.check(5, row.type, row.from, row.to, attributes(row.to, mask), SimHost.options());
  }

  @ParameterizedTest
  @MethodSource("table")
  void shouldAdmitWhatTheSpecificationAdmitsAndNothingElse(Row row) {
    assertThatCode(() -> check(row, row.required)).doesNotThrowAnyException();
    assertThatCode(() -> check(row, row.required | row.optional)).doesNotThrowAnyException();
    for (int bit = 1; bit <= EN_SQD_ASYNC_NOTIFY; bit <<= 1) {
      int one = bit;
      String name = QpTransitions.names(bit);
      if (bit == STATE) {
        continue;
      }
      if ((row.required & bit) != 0) {
        assertThatThrownBy(() -> check(row, row.required & ~one))
            .as("without " + name)
            .isInstanceOf(RdmaException.class)
            .hasMessageContaining("needs " + name);
      } else if ((row.optional & bit) == 0) {
        assertThatThrownBy(() -> check(row, row.required | one))
            .as("with " + name)
            .isInstanceOf(RdmaException.class)
            .hasMessageContaining(name + " can't be changed");
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldHaveNoOtherTransition(QpType type) {
    for (QpState from : QpState.values()) {
      for (QpState to : QpState.values()) {
        boolean inTable =
            table().stream().anyMatch(r -> r.type == type && r.from == from && r.to == to);
        assertThat(QpTransitions.isPossible(type, from, to))
            .as("%s %s to %s", type, from, to)
            .isEqualTo(inTable);
      }
    }
  }

  @Test
  void shouldTellWhenTheSendQueueHasDrained() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.backendB.postReceive(0, 10);
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpA.kickSend();
    pair.drop = packet -> true;
    pair.settle();
    pair.qpA.modify(new QpAttributes().state(SQD).sqdAsyncNotify(true));
    pair.settle();
    assertThat(pair.backendA.events).as("one is in progress").isEmpty();
    assertThatThrownBy(() -> pair.qpA.modify(new QpAttributes().remoteAddress(pair.b.address)))
        .hasMessageContaining("SQ_DRAINED");
    pair.drop = packet -> false;
    pair.run();
    assertThat(pair.backendA.sendDone).hasSize(1);
    assertThat(pair.backendA.events).containsExactly("SQ_DRAINED");
    pair.qpA.modify(new QpAttributes().remoteAddress(pair.b.address).retryCount(3));
    assertThat(pair.qpA.query().retryCount()).isEqualTo(3);
    pair.qpA.modify(new QpAttributes().state(RTS));
    pair.backendB.postReceive(0, 10);
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpA.kickSend();
    pair.run();
    assertThat(pair.backendA.sendDone).hasSize(2);
    assertThat(pair.backendA.events).hasSize(1);
  }

  /** A READ whose connection has lost the right to have one outstanding would wait for ever. */
  @Test
  void shouldNotChangeWhatRequestsInProgressNeed() throws Exception {
    Pair pair = Pair.connected(a -> a.maxRdAtomic(1));
    for (int i = 0; i < 2; i++) {
      pair.backendA.post(
          WrOpcode.RDMA_READ, 0, 10, w -> w.setRemote(SimMemory.BASE, pair.b.memory.allKey));
    }
    pair.qpA.kickSend();
    pair.drop = packet -> true;
    pair.settle();
    pair.qpA.modify(new QpAttributes().state(SQD).sqdAsyncNotify(true));
    assertThatThrownBy(() -> pair.qpA.modify(new QpAttributes().maxRdAtomic(0)))
        .hasMessageContaining("MAX_QP_RD_ATOMIC")
        .hasMessageContaining("SQ_DRAINED");
    // What may be changed leaves the wish to be told.
    pair.qpA.modify(new QpAttributes().retryCount(3));
    pair.drop = packet -> false;
    pair.run();
    assertThat(pair.backendA.sendDone).hasSize(2);
    assertThat(pair.backendA.events).containsExactly("SQ_DRAINED");
    pair.qpA.modify(new QpAttributes().maxRdAtomic(0));
  }

  @Test
  void shouldGoToSqdAtOnceWithNothingInProgress() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.qpA.modify(new QpAttributes().state(SQD));
    pair.settle();
    assertThat(pair.backendA.events).as("nobody asked").isEmpty();
    pair.qpA.modify(new QpAttributes().state(RTS));
    pair.qpA.modify(new QpAttributes().state(SQD).sqdAsyncNotify(true));
    pair.settle();
    assertThat(pair.backendA.events).containsExactly("SQ_DRAINED");
  }
}
