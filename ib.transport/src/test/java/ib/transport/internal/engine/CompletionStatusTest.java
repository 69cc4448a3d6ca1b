// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.SendWqe;
import ib.transport.wire.Aeth;
import ib.transport.wire.Bth;
import ib.transport.wire.Opcode;
import ib.verbs.AccessFlags;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each completion status with the conditions that cause it on a reliable connection. After the
 * first request comes a SEND, which is flushed if the queue pair went into error.
 *
 * <p>A row names the chapter of IBA vol. 1 (9, transport; 10, software interface) and the rule: no
 * finer number of these could be checked against a public source. The statuses are those of chapter
 * 11, completion return status, under their names in {@code enum ibv_wc_status}.
 */
class CompletionStatusTest {
  private static final int TO = 500_000;
  private static final int PSN = 0xFF_FFF0;

  /** What happens to the request of A once it is posted. */
  private interface Condition {
    void run(Pair pair) throws Exception;
  }

  record Row(
      String section,
      String condition,
      WcStatus sender,
      UnaryOperator<QpAttributes> attributes,
      Condition run) {
    @Override
    public String toString() {
      return sender + ": " + condition + " (" + section + ")";
    }
  }

  private static Row row(String section, String condition, WcStatus sender, Condition run) {
    return new Row(section, condition, sender, a -> a, run);
  }

  private static void post(Pair pair, WrOpcode opcode, int bytes, Consumer<SendWqe> more) {
    pair.backendA.post(opcode, 0, bytes, more);
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpA.kickSend();
    pair.run();
  }

  private static Consumer<SendWqe> remote(int key) {
    return wqe -> wqe.setRemote(SimMemory.BASE + TO, key);
  }

  /** A's request is answered by hand. */
  private static Condition answered(WrOpcode opcode, Consumer<Pair> answer) {
    return pair -> {
      pair.drop = packet -> packet.destLow() == pair.b.low;
      pair.backendA.post(opcode, 0, 100, remote(pair.b.memory.allKey));
      pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
      pair.qpA.kickSend();
      pair.settle();
      answer.accept(pair);
      pair.settle();
    };
  }

  private static Condition nak(int syndrome) {
    return answered(
        WrOpcode.SEND,
        pair ->
            Crafted.request(Opcode.ACK, Pair.QPN_A, PSN, 0)
                .with(bytes -> Aeth.write(bytes, Bth.LENGTH, syndrome, 0))
                .deliverToA(pair));
  }

  static List<Row> table() {
    return List.of(
        row(
            "9 responses",
            "acknowledged",
            WcStatus.SUCCESS,
            pair -> {
              pair.backendB.postReceive(TO, 100);
              pair.backendB.postReceive(TO, 100);
              post(pair, WrOpcode.SEND, 100, wqe -> {});
            }),
        row(
            "9 requester errors",
            "a request above the longest message",
            WcStatus.LOC_LEN_ERR,
            pair ->
                post(
                    pair,
                    WrOpcode.SEND,
                    RcQp.MAX_MESSAGE_BYTES,
                    wqe -> wqe.addSge(SimMemory.BASE, 1, pair.a.memory.allKey))),
        row(
            "9 requester errors",
            "an entry that makes no sense",
            WcStatus.LOC_QP_OP_ERR,
            pair -> post(pair, WrOpcode.SEND, 10, SendWqe::setMalformed)),
        new Row(
            "9 requester errors",
            "a READ where none is admitted",
            WcStatus.LOC_QP_OP_ERR,
            a -> a.maxRdAtomic(0),
            pair -> post(pair, WrOpcode.RDMA_READ, 10, remote(pair.b.memory.allKey))),
        row(
            "9 requester errors",
            "a wrong local key",
            WcStatus.LOC_PROT_ERR,
            pair -> post(pair, WrOpcode.SEND, 0, wqe -> wqe.addSge(SimMemory.BASE, 5, 4711))),
        row(
            "9 requester errors",
            "a READ into memory without the right to write",
            WcStatus.LOC_PROT_ERR,
            pair -> {
              int readOnly = pair.a.memory.register(0, 100, 0);
              post(
                  pair,
                  WrOpcode.RDMA_READ,
                  0,
                  wqe -> {
                    wqe.addSge(SimMemory.BASE, 100, readOnly);
                    wqe.setRemote(SimMemory.BASE + TO, pair.b.memory.allKey);
                  });
            }),
        row(
            "10 error state",
            "the queue pair is moved to ERR",
            WcStatus.WR_FLUSH_ERR,
            pair -> {
              pair.drop = packet -> true;
              pair.backendA.post(WrOpcode.SEND, 0, 100, wqe -> {});
              pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
              pair.qpA.kickSend();
              pair.settle();
              pair.qpA.modify(new QpAttributes().state(QpState.ERR));
            }),
        row(
            "9 requester errors",
            "a READ response of the wrong length",
            WcStatus.BAD_RESP_ERR,
            answered(
                WrOpcode.RDMA_READ,
                pair ->
                    Crafted.request(Opcode.READ_RESPONSE_ONLY, Pair.QPN_A, PSN, 96)
                        .deliverToA(pair))),
        row(
            "9 responder errors",
            "NAK invalid request",
            WcStatus.REM_INV_REQ_ERR,
            nak(Aeth.NAK_INVALID_REQUEST)),
        row(
            "9 responder errors",
            "a message longer than the receive",
            WcStatus.REM_INV_REQ_ERR,
            pair -> {
              pair.backendB.postReceive(TO, 10);
              post(pair, WrOpcode.SEND, 100, wqe -> {});
              assertThat(pair.backendB.receiveDone.getFirst().status())
                  .isEqualTo(WcStatus.LOC_LEN_ERR);
            }),
        new Row(
            "9 responder errors",
            "a WRITE that the peer's queue pair does not admit",
            WcStatus.REM_INV_REQ_ERR,
            a -> a.accessFlags(AccessFlags.LOCAL_WRITE),
            pair -> post(pair, WrOpcode.RDMA_WRITE, 10, remote(pair.b.memory.allKey))),
        row(
            "9 responder errors",
            "NAK remote access error",
            WcStatus.REM_ACCESS_ERR,
            nak(Aeth.NAK_REMOTE_ACCESS_ERROR)),
        row(
            "9 responder errors",
            "a wrong remote key",
            WcStatus.REM_ACCESS_ERR,
            pair -> post(pair, WrOpcode.RDMA_WRITE, 10, remote(5))),
        row(
            "9 responder errors",
            "NAK remote operational error",
            WcStatus.REM_OP_ERR,
            nak(Aeth.NAK_REMOTE_OPERATIONAL_ERROR)),
        row(
            "9 responder errors",
            "a receive whose memory can't be written",
            WcStatus.REM_OP_ERR,
            pair -> {
              pair.backendB.postReceive(wqe -> wqe.addSge(SimMemory.BASE, 100, 4711));
              post(pair, WrOpcode.SEND, 10, wqe -> {});
              assertThat(pair.backendB.receiveDone.getFirst().status())
                  .isEqualTo(WcStatus.LOC_PROT_ERR);
            }),
        new Row(
            "9 requester errors",
            "no acknowledgement within the retries",
            WcStatus.RETRY_EXC_ERR,
            a -> a.retryCount(2),
            pair -> {
              pair.drop = packet -> true;
              post(pair, WrOpcode.SEND, 10, wqe -> {});
            }),
        new Row(
            "9 requester errors",
            "no receive within the RNR retries",
            WcStatus.RNR_RETRY_EXC_ERR,
            a -> a.rnrRetry(2),
            pair -> post(pair, WrOpcode.SEND, 10, wqe -> {})));
  }

  @ParameterizedTest
  @MethodSource("table")
  void shouldCompleteWithTheStatusOfTheCondition(Row row) throws Exception {
    Pair pair = Pair.connected(row.attributes);
    row.run.run(pair);
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(
            row.sender, row.sender == WcStatus.SUCCESS ? WcStatus.SUCCESS : WcStatus.WR_FLUSH_ERR);
    assertThat(pair.qpA.state())
        .isEqualTo(row.sender == WcStatus.SUCCESS ? QpState.RTS : QpState.ERR);
  }

  /** What can't happen here, and why. */
  @Test
  void shouldHaveARowForEveryStatusThatThereIs() {
    Set<WcStatus> elsewhere =
        EnumSet.of(
            // Of reliable datagrams and XRC, which RoCE devices here do not have.
            WcStatus.LOC_EEC_OP_ERR,
            WcStatus.LOC_RDD_VIOL_ERR,
            WcStatus.REM_INV_RD_REQ_ERR,
            WcStatus.REM_ABORT_ERR,
            WcStatus.INV_EECN_ERR,
            WcStatus.INV_EEC_STATE_ERR,
            // Of memory windows: the drivers' conformance tests have it.
            WcStatus.MW_BIND_ERR,
            // A WRITE with immediate data that fails locally is refused to the peer here.
            WcStatus.LOC_ACCESS_ERR,
            // Of adapters whose firmware fails or aborts; the device is withdrawn instead.
            WcStatus.FATAL_ERR,
            WcStatus.RESP_TIMEOUT_ERR,
            WcStatus.GENERAL_ERR);
    Set<WcStatus> covered = EnumSet.copyOf(elsewhere);
    for (Row row : table()) {
      assertThat(elsewhere).doesNotContain(row.sender);
      covered.add(row.sender);
    }
    assertThat(covered).containsExactlyInAnyOrder(WcStatus.values());
  }
}
