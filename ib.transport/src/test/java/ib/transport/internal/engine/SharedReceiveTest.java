// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.PortCounter;
import ib.transport.wire.Opcode;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import org.junit.jupiter.api.Test;

/** What the engine owes a queue pair whose receives are shared (specification 10.2.9). */
class SharedReceiveTest {
  @Test
  void shouldFlushWhatItTookAndLeaveTheRest() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.backendB.shared = true;
    for (int i = 0; i < 3; i++) {
      pair.backendB.postReceive(500_000, 5000);
    }
    pair.drop = packet -> packet.opcode() == Opcode.SEND_LAST;
    pair.backendA.post(WrOpcode.SEND, 0, 5000, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    pair.qpB.modify(new QpAttributes().state(QpState.ERR));
    pair.qpB.kickReceive();
    pair.settle();
    assertThat(pair.backendB.receiveDone)
        .extracting(SimBackend.ReceiveDone::status)
        .containsExactly(WcStatus.WR_FLUSH_ERR);
    assertThat(pair.backendB.receives).as("for other queue pairs").hasSize(2);
    assertThat(pair.backendB.events).containsExactly("LAST_WQE");
  }

  @Test
  void shouldTellTheLastReceiveAlsoAfterAnErrorOfItsOwn() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.backendB.shared = true;
    pair.backendB.postReceive(0, 10);
    pair.backendA.post(WrOpcode.SEND, 0, 5000, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.qpB.state()).isEqualTo(QpState.ERR);
    assertThat(pair.backendB.events).containsExactly("LAST_WQE");
    assertThat(pair.backendB.fatal).hasSize(1);
  }

  @Test
  void shouldAnswerRnrWhileNoneIsPosted() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.backendB.shared = true;
    pair.backendA.post(WrOpcode.SEND, 0, 50, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.b.engine.counter(PortCounter.SEND_RNR_ERR)).isPositive();
    pair.backendB.postReceive(0, 100);
    pair.run();
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(WcStatus.SUCCESS);
  }
}
