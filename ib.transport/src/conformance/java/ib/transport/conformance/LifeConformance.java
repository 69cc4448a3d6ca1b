// SPDX-License-Identifier: Apache-2.0
package ib.transport.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.verbs.AsyncEventType;
import ib.verbs.CompletionQueue;
import ib.verbs.MemoryRegion;
import ib.verbs.PostResult;
import ib.verbs.QpAttributes;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.RecvWr;
import ib.verbs.SendWr;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Queues that are full, queue pairs in error and reset, notifications, limits, and the end of
 * everything, of one driver between two hosts on loopback.
 */
public abstract class LifeConformance extends ConnectedHosts {
  @Test
  void shouldAnswerQueueFull() {
    for (int i = 0; i < Endpoint.DEPTH; i++) {
      assertThat(b.receive(i, 10)).isEqualTo(PostResult.OK);
    }
    assertThat(b.receive(99, 10)).isEqualTo(PostResult.QUEUE_FULL);
    // No receive at the left: sends of the right stay in the queue while the left answers RNR.
    int accepted = 0;
    while (accepted <= Endpoint.DEPTH
        && b.qp.postSend(b.request(accepted, WrOpcode.SEND, 10)) == PostResult.OK) {
      accepted++;
    }
    assertThat(accepted).isEqualTo(Endpoint.DEPTH);
    assertThat(b.qp.postSend(b.request(99, WrOpcode.SEND, 10))).isEqualTo(PostResult.QUEUE_FULL);
  }

  @Test
  void shouldFlushEverythingInOrderWhenPutIntoError() throws RdmaException {
    for (int i = 0; i < 10; i++) {
      a.receive(100 + i, 10);
    }
    a.qp.modify(new QpAttributes().state(QpState.ERR));
    for (int i = 0; i < 10; i++) {
      assertCompletes(a, 100 + i, WcStatus.WR_FLUSH_ERR, null);
    }
    assertThat(a.receive(200, 10)).isEqualTo(PostResult.OK);
    assertCompletes(a, 200, WcStatus.WR_FLUSH_ERR, null);
    assertThat(a.qp.postSend(a.request(300, WrOpcode.SEND, 10))).isEqualTo(PostResult.OK);
    assertCompletes(a, 300, WcStatus.WR_FLUSH_ERR, null);
  }

  @Test
  void shouldWorkAgainAfterReset() throws RdmaException {
    a.receive(1, 10);
    a.qp.modify(new QpAttributes().state(QpState.RESET));
    b.qp.modify(new QpAttributes().state(QpState.RESET));
    assertThat(a.cq.poll(WorkCompletion.array(4))).isZero();
    Endpoint.connect(a, b);
    a.fill(5000, 1);
    assertThat(b.receive(7, 5000)).isEqualTo(PostResult.OK);
    assertThat(a.qp.postSend(a.request(8, WrOpcode.SEND, 5000))).isEqualTo(PostResult.OK);
    assertCompletes(b, 7, WcStatus.SUCCESS, WcOpcode.RECV);
    assertCompletes(a, 8, WcStatus.SUCCESS, WcOpcode.SEND);
    assertThat(b.memory.segment().asSlice(0, 5000).mismatch(a.memory.segment().asSlice(0, 5000)))
        .isEqualTo(-1);
  }

  @Test
  void shouldRefusePostsInTheWrongState() throws RdmaException {
    var fresh = a.pd.createQp(new QpInitAttributes(QpType.RC, a.cq, a.cq, 4, 4, 1, 1));
    assertThat(fresh.postSend(a.request(1, WrOpcode.SEND, 1))).isEqualTo(PostResult.BAD_STATE);
    SendWr tooMany = a.request(1, WrOpcode.SEND, 1);
    tooMany.sges().add(a.address, 1, a.all.lkey());
    assertThatThrownBy(() -> fresh.postSend(tooMany)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> fresh.modify(new QpAttributes().state(QpState.RTS)))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("RTS");
    fresh.close();
    assertThat(fresh.postSend(a.request(1, WrOpcode.SEND, 1))).isEqualTo(PostResult.BAD_STATE);
  }

  @Test
  void shouldTellOfAnOverrunCompletionQueue() throws RdmaException {
    Endpoint small = new Endpoint(left, 4096, 4, null);
    Endpoint peer = new Endpoint(right, 4096, Endpoint.CQ_ENTRIES, null);
    Endpoint.connect(small, peer);
    int entries = small.cq.capacity();
    for (int i = 0; i <= entries; i++) {
      small.receive(i, 10);
    }
    for (int i = 0; i <= entries; i++) {
      peer.qp.postSend(peer.request(i, WrOpcode.SEND, 10));
    }
    Endpoint.await("event", () -> left.context.events().contains(AsyncEventType.CQ_ERR));
    Endpoint.await("error", () -> small.qp.state() == QpState.ERR);
    for (int i = 0; i < entries; i++) {
      assertCompletes(small, i, WcStatus.SUCCESS, WcOpcode.RECV);
    }
    peer.qp.modify(new QpAttributes().state(QpState.ERR));
    small.close();
    peer.close();
  }

  @Test
  void shouldLoseNoNotification() throws Exception {
    int rounds = 5000;
    Semaphore called = new Semaphore(0);
    Endpoint sender = new Endpoint(left, 4096, Endpoint.CQ_ENTRIES, null);
    Endpoint receiver = new Endpoint(right, 4096, Endpoint.CQ_ENTRIES, cq -> called.release());
    Endpoint.connect(sender, receiver);
    WorkCompletion[] wc = WorkCompletion.array(8);
    receiver.receive(0, 10);
    for (int i = 0; i < rounds; i++) {
      sender.qp.postSend(sender.request(i, WrOpcode.SEND, 10).signaled(i % 8 == 0));
      int n = 0;
      while (n == 0) {
        receiver.cq.reqNotify();
        n = receiver.cq.poll(wc);
        if (n == 0) {
          assertThat(called.tryAcquire(30, TimeUnit.SECONDS)).as("call in round " + i).isTrue();
        }
      }
      assertThat(wc[0].wrId()).isEqualTo(i);
      receiver.receive(i + 1, 10);
      sender.cq.poll(wc);
    }
    sender.close();
    receiver.close();
  }

  @Test
  void shouldCallTheHandlerOnTheAgentAndLetItPost() throws Exception {
    Semaphore echoed = new Semaphore(0);
    Endpoint[] echo = new Endpoint[1];
    echo[0] =
        new Endpoint(
            right,
            4096,
            Endpoint.CQ_ENTRIES,
            cq -> {
              WorkCompletion[] wc = WorkCompletion.array(8);
              for (int n = cq.poll(wc); n > 0; n = cq.poll(wc)) {
                for (int i = 0; i < n; i++) {
                  if (wc[i].opcode() == WcOpcode.RECV && wc[i].status() == WcStatus.SUCCESS) {
                    echo[0].receive(0, 100);
                    echo[0].qp.postSend(echo[0].request(0, WrOpcode.SEND, 100));
                  }
                }
              }
              if (right.agent().inAgent()) {
                echoed.release();
              }
              try {
                cq.close();
              } catch (IllegalStateException e) {
                cq.reqNotify();
              }
            });
    Endpoint sender = new Endpoint(left, 4096, Endpoint.CQ_ENTRIES, null);
    Endpoint.connect(sender, echo[0]);
    echo[0].receive(0, 100);
    echo[0].cq.reqNotify();
    for (int i = 0; i < 50; i++) {
      sender.receive(100 + i, 100);
      sender.qp.postSend(sender.request(i, WrOpcode.SEND, 100));
      WorkCompletion first = sender.next();
      assertThat(first.status()).isEqualTo(WcStatus.SUCCESS);
      WcOpcode other = first.opcode() == WcOpcode.RECV ? WcOpcode.SEND : WcOpcode.RECV;
      long id = other == WcOpcode.RECV ? 100 + i : i;
      assertCompletes(sender, id, WcStatus.SUCCESS, other);
    }
    assertThat(echoed.availablePermits()).isPositive();
    sender.close();
    echo[0].close();
  }

  @Test
  void shouldGuardTheLifeOfItsResources() throws RdmaException {
    assertThatThrownBy(() -> a.pd.close())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("qp 0x");
    assertThatThrownBy(() -> a.cq.close())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("qp 0x");
    assertThatThrownBy(
            () ->
                left.agent()
                    .call(
                        "close",
                        () -> {
                          a.qp.close();
                          return true;
                        },
                        Duration.ofSeconds(30)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("agent");
    MemoryRegion region = a.pd.getDmaMr(0);
    region.close();
    assertThatCode(region::close).doesNotThrowAnyException();
    assertThat(region.label()).isNotBlank();
  }

  @Test
  void shouldEnforceItsLimits() {
    var limits = left.hca.query();
    assertThat(limits.portName()).isEqualTo(left.port.name());
    assertThatThrownBy(() -> left.hca.createCq(left.context, limits.maxCqe() + 1, null))
        .isInstanceOf(RdmaException.class);
    assertThatThrownBy(() -> a.pd.allocMr(limits.maxFastRegPages() + 1))
        .isInstanceOf(RdmaException.class);
    assertThatThrownBy(
            () ->
                a.pd.createQp(
                    new QpInitAttributes(QpType.RC, a.cq, a.cq, limits.maxQpWr() + 1, 1, 1, 1)))
        .isInstanceOf(RdmaException.class);
    assertThatThrownBy(() -> a.pd.createQp(new QpInitAttributes(QpType.RC, a.cq, b.cq, 1, 1, 1, 1)))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("same device");
  }

  @Test
  void shouldDeliverNothingOfAClosedQueuePair() throws RdmaException {
    Endpoint one = new Endpoint(left, 4096, Endpoint.CQ_ENTRIES, null);
    Endpoint two = new Endpoint(right, 4096, Endpoint.CQ_ENTRIES, null);
    Endpoint.connect(one, two);
    for (int i = 0; i < 5; i++) {
      one.receive(i, 10);
    }
    one.qp.modify(new QpAttributes().state(QpState.ERR));
    one.qp.close();
    assertThat(one.cq.poll(WorkCompletion.array(8))).isZero();
    one.close();
    two.close();
  }

  @Test
  void shouldExchangeDatagrams() throws RdmaException {
    QpInitAttributes init = new QpInitAttributes(QpType.UD, a.cq, a.cq, 8, 8, 2, 2);
    var from = a.pd.createQp(init);
    var to = b.pd.createQp(new QpInitAttributes(QpType.UD, b.cq, b.cq, 8, 8, 2, 2));
    for (var qp : new QueuePair[] {from, to}) {
      qp.modify(new QpAttributes().state(QpState.INIT).qkey(0x1234));
      qp.modify(new QpAttributes().state(QpState.RTR));
      qp.modify(new QpAttributes().state(QpState.RTS).sqPsn(0));
      assertThat(qp.query().qkey()).isEqualTo(0x1234);
    }
    RecvWr receive = new RecvWr().reset(9);
    receive.sges().add(b.address, 1040, b.all.lkey());
    to.postRecv(receive);
    a.fill(1000, 8);
    assertThatThrownBy(() -> from.postSend(a.request(1, WrOpcode.SEND, 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("destination");
    SendWr wr = a.request(1, WrOpcode.SEND, 1000);
    from.postSend(wr.datagram(right.port.address(), to.qpn(), 0x1234));
    WorkCompletion wc = b.next();
    assertThat(wc.status()).isEqualTo(WcStatus.SUCCESS);
    assertThat(wc.wrId()).isEqualTo(9);
    assertThat(wc.qpn()).isEqualTo(to.qpn());
    assertThat(wc.srcQpn()).isEqualTo(from.qpn());
    assertThat(wc.byteLength()).isEqualTo(1040);
    assertThat(b.memory.segment().asSlice(40, 1000).mismatch(a.memory.segment().asSlice(0, 1000)))
        .isEqualTo(-1);
    assertThat(a.next().status()).isEqualTo(WcStatus.SUCCESS);
    from.close();
    to.close();
  }

  @Test
  void shouldTellItsAttributes() throws RdmaException {
    QpAttributes known = a.qp.query();
    assertThat(known.state()).isEqualTo(QpState.RTS);
    assertThat(known.destQpn()).isEqualTo(b.qp.qpn());
    assertThat(known.remoteAddress()).isEqualTo(right.port.address());
    assertThat(known.pathMtuBytes()).isEqualTo(4096);
    assertThat(known.maxRdAtomic()).isEqualTo(4);
    assertThat(known.minRnrTimer()).isEqualTo(12);
    assertThatThrownBy(() -> a.qp.modify(new QpAttributes().state(QpState.RTS).maxRdAtomic(17)))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("maxRdAtomic 17");
  }

  @Test
  void shouldProbe() {
    assertThat(left.hca.portUp()).isTrue();
    assertThatCode(() -> left.hca.probe()).doesNotThrowAnyException();
  }

  @Test
  void shouldBeHarmlessAfterItIsGone() throws RdmaException {
    CompletionQueue extra = left.hca.createCq(left.context, 16, null);
    left.hca.close();
    left.hca.close();
    assertThat(left.driverMappings()).isZero();
    assertThat(a.qp.postSend(a.request(1, WrOpcode.SEND, 1))).isEqualTo(PostResult.WITHDRAWN);
    assertThat(a.receive(1, 1)).isEqualTo(PostResult.WITHDRAWN);
    assertThat(a.cq.poll(WorkCompletion.array(1))).isZero();
    a.cq.reqNotify();
    assertThatThrownBy(() -> a.qp.modify(new QpAttributes().state(QpState.ERR)))
        .isInstanceOf(RdmaException.class);
    assertThatThrownBy(() -> left.hca.allocPd(left.context)).isInstanceOf(RdmaException.class);
    assertThatThrownBy(() -> left.hca.createCq(left.context, 1, null))
        .isInstanceOf(RdmaException.class);
    assertThat(a.qp.state()).isEqualTo(QpState.ERR);
    extra.close();
  }

  @Test
  void shouldCloseAfterTheAgentOfItsPort() {
    left.agent().close();
    a.qp.close();
    left.hca.close();
    assertThat(left.driverMappings()).isZero();
    assertThat(a.qp.postSend(a.request(1, WrOpcode.SEND, 1))).isEqualTo(PostResult.WITHDRAWN);
  }

  @Test
  void shouldSurviveRacingPostsAndClose() throws Exception {
    for (int round = 0; round < 20; round++) {
      Endpoint one = new Endpoint(left, 4096, Endpoint.CQ_ENTRIES, null);
      Endpoint two = new Endpoint(right, 4096, Endpoint.CQ_ENTRIES, null);
      Endpoint.connect(one, two);
      CountDownLatch posting = new CountDownLatch(1);
      Thread poster =
          Thread.ofPlatform()
              .start(
                  () -> {
                    WorkCompletion[] wc = WorkCompletion.array(8);
                    PostResult result = PostResult.OK;
                    while (result == PostResult.OK || result == PostResult.QUEUE_FULL) {
                      result =
                          one.qp.postSend(
                              one.request(1, WrOpcode.RDMA_WRITE, 100)
                                  .remote(two.address, two.all.rkey()));
                      one.cq.poll(wc);
                      posting.countDown();
                    }
                  });
      assertThat(posting.await(30, TimeUnit.SECONDS)).isTrue();
      one.qp.close();
      poster.join(30_000);
      assertThat(poster.isAlive()).isFalse();
      one.close();
      two.close();
    }
  }
}
