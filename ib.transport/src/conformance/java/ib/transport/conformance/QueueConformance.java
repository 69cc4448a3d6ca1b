// SPDX-License-Identifier: Apache-2.0
package ib.transport.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import ib.transport.PortCounter;
import ib.verbs.AccessFlags;
import ib.verbs.AsyncEventType;
import ib.verbs.CompletionHandler;
import ib.verbs.CompletionQueue;
import ib.verbs.DeviceCapFlags;
import ib.verbs.DeviceCapabilities;
import ib.verbs.MemoryRegion;
import ib.verbs.NotSupportedException;
import ib.verbs.PostResult;
import ib.verbs.ProtectionDomain;
import ib.verbs.QpAttributes;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.RdmaResource;
import ib.verbs.RecvWr;
import ib.verbs.SendWr;
import ib.verbs.SharedReceiveQueue;
import ib.verbs.SrqInitAttributes;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.jspecify.annotations.Nullable;

/** The verbs about queue pairs and queues of one driver, between two hosts on loopback. */
public abstract class QueueConformance {
  private static final int BUFFER = 1 << 20;
  private static final long WAIT_NS = 30_000_000_000L;
  private static final int QKEY = 0x1234;

  private HcaHost left;
  private HcaHost right;
  private Side a;
  private Side b;

  /** Starts a host with the driver's device; {@code index} is 0 or 1, for the address. */
  protected abstract HcaHost host(int index) throws Exception;

  /** A domain, a buffer and a completion queue of one host, and what was made of them. */
  private static final class Side implements AutoCloseable {
    final HcaHost host;
    final ProtectionDomain pd;
    final CompletionQueue cq;
    final MemoryRegion all;
    final DmaMemory memory;
    final long address;
    final Deque<RdmaResource> made = new ArrayDeque<>();
    final WorkCompletion[] one = WorkCompletion.array(1);

    Side(HcaHost host, int cqEntries, @Nullable CompletionHandler handler) throws RdmaException {
      this.host = host;
      pd = host.hca.allocPd(host.context);
      cq = host.hca.createCq(host.context, cqEntries, handler);
      all =
          pd.getDmaMr(AccessFlags.LOCAL_WRITE | AccessFlags.REMOTE_READ | AccessFlags.REMOTE_WRITE);
      memory = host.memory(BUFFER);
      address = host.dma.mapSingle(memory, 0, BUFFER, DmaDirection.BIDIRECTIONAL);
    }

    QueuePair qp(QpType type, @Nullable SharedReceiveQueue srq) throws RdmaException {
      QpInitAttributes init = new QpInitAttributes(type, cq, cq, 64, 64, 2, 2);
      QueuePair qp = pd.createQp(srq == null ? init : init.withSrq(srq));
      made.push(qp);
      return qp;
    }

    SharedReceiveQueue srq(int maxWr, int limit) throws RdmaException {
      SharedReceiveQueue srq = pd.createSrq(new SrqInitAttributes(maxWr, 2, limit));
      made.push(srq);
      return srq;
    }

    RecvWr receive(long id, int offset, int bytes) {
      RecvWr wr = new RecvWr().reset(id);
      wr.sges().add(address + offset, bytes, all.lkey());
      return wr;
    }

    SendWr request(long id, WrOpcode opcode, int offset, int bytes) {
      SendWr wr = new SendWr().reset(id, opcode);
      wr.sges().add(address + offset, bytes, all.lkey());
      return wr;
    }

    void fill(int offset, int bytes, int seed) {
      for (int i = 0; i < bytes; i++) {
        memory.segment().set(ValueLayout.JAVA_BYTE, offset + i, (byte) (i * 31 + seed));
      }
    }

    boolean holds(int offset, int bytes, int seed) {
      for (int i = 0; i < bytes; i++) {
        if (memory.segment().get(ValueLayout.JAVA_BYTE, offset + i) != (byte) (i * 31 + seed)) {
          return false;
        }
      }
      return true;
    }

    WorkCompletion next() {
      long end = System.nanoTime() + WAIT_NS;
      while (cq.poll(one) == 0) {
        if (System.nanoTime() > end) {
          throw new AssertionError("no completion in 5 s");
        }
        LockSupport.parkNanos(20_000);
      }
      return one[0];
    }

    @Override
    public void close() {
      while (!made.isEmpty()) {
        made.pop().close();
      }
      all.close();
      cq.close();
      pd.close();
      host.dma.unmapSingle(address, BUFFER, DmaDirection.BIDIRECTIONAL);
      memory.close();
    }
  }

  @BeforeEach
  void start() throws Exception {
    left = host(0);
    right = host(1);
    a = new Side(left, 256, null);
    b = new Side(right, 256, null);
  }

  @AfterEach
  void stop() {
    try {
      a.close();
      b.close();
      for (HcaHost host : new HcaHost[] {left, right}) {
        assertThat(host.context.resources()).isEmpty();
        assertThat(host.ops.usage(host.dma.device())).isEqualTo(DmaUsage.NONE);
        host.hca.close();
        assertThat(host.driverMappings()).isZero();
      }
    } finally {
      left.close();
      right.close();
    }
  }

  private static void connect(Side one, QueuePair from, Side other, QueuePair to)
      throws RdmaException {
    toRts(from, other, to);
    toRts(to, one, from);
  }

  private static void toRts(QueuePair qp, Side peer, QueuePair to) throws RdmaException {
    toRtr(qp, peer, to);
    toRtsFromRtr(qp);
  }

  private static void toRtr(QueuePair qp, Side peer, QueuePair to) throws RdmaException {
    boolean reliable = qp.type() == QpType.RC;
    qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(AccessFlags.ALL));
    QpAttributes rtr =
        new QpAttributes()
            .state(QpState.RTR)
            .remoteAddress(peer.host.port.address())
            .destQpn(to.qpn())
            .pathMtuBytes(4096)
            .rqPsn(7);
    qp.modify(reliable ? rtr.maxDestRdAtomic(4).minRnrTimer(1) : rtr);
  }

  private static void toRtsFromRtr(QueuePair qp) throws RdmaException {
    boolean reliable = qp.type() == QpType.RC;
    QpAttributes rts = new QpAttributes().state(QpState.RTS).sqPsn(7);
    qp.modify(
        reliable ? rts.timeoutCode(14).retryCount(7).rnrRetry(7).maxRdAtomic(4) : rts);
  }

  private static void datagrams(QueuePair qp) throws RdmaException {
    qp.modify(new QpAttributes().state(QpState.INIT).qkey(QKEY).pkeyIndex(0));
    qp.modify(new QpAttributes().state(QpState.RTR));
    qp.modify(new QpAttributes().state(QpState.RTS).sqPsn(0));
  }

  private static void assertIs(WorkCompletion wc, QueuePair qp, long id, WcStatus status) {
    assertThat(wc.status()).isEqualTo(status);
    assertThat(wc.wrId()).isEqualTo(id);
    assertThat(wc.qpn()).isEqualTo(qp.qpn());
  }

  // Unreliable connections.

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4096, 4097, 50_000})
  void shouldSendAndWriteOverAnUnreliableConnection(int bytes) throws Exception {
    QueuePair from = a.qp(QpType.UC, null);
    QueuePair to = b.qp(QpType.UC, null);
    connect(a, from, b, to);
    assertThat(from.type()).isEqualTo(QpType.UC);
    a.fill(0, bytes, 3);
    to.postRecv(b.receive(1, 0, bytes));
    to.postRecv(b.receive(2, 0, 0));
    from.postSend(a.request(10, WrOpcode.SEND_WITH_IMM, 0, bytes).immediate(5));
    assertIs(a.next(), from, 10, WcStatus.SUCCESS);
    WorkCompletion wc = b.next();
    assertIs(wc, to, 1, WcStatus.SUCCESS);
    assertThat(wc.byteLength()).isEqualTo(bytes);
    assertThat(wc.immediate()).isEqualTo(5);
    assertThat(b.holds(0, bytes, 3)).isTrue();
    a.fill(0, bytes, 4);
    from.postSend(
        a.request(11, WrOpcode.RDMA_WRITE_WITH_IMM, 0, bytes)
            .remote(b.address + 100_000, b.all.rkey())
            .immediate(6));
    assertIs(a.next(), from, 11, WcStatus.SUCCESS);
    wc = b.next();
    assertIs(wc, to, 2, WcStatus.SUCCESS);
    assertThat(wc.opcode()).isEqualTo(WcOpcode.RECV_RDMA_WITH_IMM);
    assertThat(b.holds(100_000, bytes, 4)).isTrue();
    QpAttributes known = from.query();
    assertThat(known.state()).isEqualTo(QpState.RTS);
    assertThat(known.destQpn()).isEqualTo(to.qpn());
  }

  @ParameterizedTest
  @EnumSource(names = {"UC", "UD"})
  void shouldPutAnUnreliableSendQueueIntoSqeAndTakeItOutAgain(QpType type) throws Exception {
    QueuePair from = a.qp(type, null);
    QueuePair to = b.qp(type, null);
    if (type == QpType.UC) {
      connect(a, from, b, to);
    } else {
      datagrams(from);
      datagrams(to);
    }
    SendWr bad = new SendWr().reset(1, WrOpcode.SEND);
    bad.sges().add(a.address, 10, a.all.lkey() ^ 1);
    SendWr good = a.request(2, WrOpcode.SEND, 0, 10);
    if (type == QpType.UD) {
      bad.datagram(right.port.address(), to.qpn(), QKEY);
      good.datagram(right.port.address(), to.qpn(), QKEY);
    }
    from.postSend(bad);
    assertIs(a.next(), from, 1, WcStatus.LOC_PROT_ERR);
    Endpoint.await("SQE", () -> from.state() == QpState.SQE);
    assertThat(from.postSend(good)).isEqualTo(PostResult.OK);
    assertIs(a.next(), from, 2, WcStatus.WR_FLUSH_ERR);
    assertThat(from.query().state()).isEqualTo(QpState.SQE);
    from.modify(new QpAttributes().state(QpState.RTS));
    to.postRecv(b.receive(3, 0, 100));
    from.postSend(good);
    assertIs(a.next(), from, 2, WcStatus.SUCCESS);
    assertIs(b.next(), to, 3, WcStatus.SUCCESS);
  }

  @Test
  void shouldDrainTheSendQueueAndTell() throws Exception {
    QueuePair from = a.qp(QpType.RC, null);
    QueuePair to = b.qp(QpType.RC, null);
    connect(a, from, b, to);
    // No receive yet: the request stays in progress.
    from.postSend(a.request(1, WrOpcode.SEND, 0, 10));
    from.modify(new QpAttributes().state(QpState.SQD).sqdAsyncNotify(true));
    assertThat(from.postSend(a.request(2, WrOpcode.SEND, 0, 10))).isEqualTo(PostResult.OK);
    to.postRecv(b.receive(3, 0, 10));
    to.postRecv(b.receive(4, 0, 10));
    Endpoint.await("drained", () -> left.context.told(AsyncEventType.SQ_DRAINED, from));
    assertThat(from.query().state()).isEqualTo(QpState.SQD);
    from.modify(new QpAttributes().retryCount(5).timeoutCode(17));
    from.modify(new QpAttributes().state(QpState.RTS));
    assertIs(a.next(), from, 1, WcStatus.SUCCESS);
    assertIs(a.next(), from, 2, WcStatus.SUCCESS);
    assertThat(from.query().retryCount()).isEqualTo(5);
  }

  @ParameterizedTest
  @EnumSource(names = {"RC", "UC"})
  void shouldTellOfTheFirstPacketInRtr(QpType type) throws Exception {
    QueuePair from = a.qp(type, null);
    QueuePair to = b.qp(type, null);
    toRts(from, b, to);
    toRtr(to, a, from);
    to.postRecv(b.receive(1, 0, 10));
    to.postRecv(b.receive(2, 0, 10));
    from.postSend(a.request(3, WrOpcode.SEND, 0, 10));
    Endpoint.await("COMM_EST", () -> right.context.told(AsyncEventType.COMM_EST, to));
    assertIs(b.next(), to, 1, WcStatus.SUCCESS);
    toRtsFromRtr(to);
    from.postSend(a.request(4, WrOpcode.SEND, 0, 10));
    assertIs(b.next(), to, 2, WcStatus.SUCCESS);
    assertThat(left.context.told(AsyncEventType.COMM_EST, from)).isFalse();
  }

  // Shared receive queues.

  @Test
  void shouldShareReceivesBetweenQueuePairs() throws Exception {
    SharedReceiveQueue srq = b.srq(40, 0);
    List<QueuePair> from = new ArrayList<>();
    List<QueuePair> to = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      from.add(a.qp(QpType.RC, null));
      to.add(b.qp(QpType.RC, srq));
      connect(a, from.get(i), b, to.get(i));
    }
    int messages = 600;
    int posted = 0;
    while (srq.postRecv(b.receive(posted % 40, posted % 40 * 1000, 1000)) == PostResult.OK) {
      posted++;
    }
    assertThat(posted).as("all that were asked for, and no more").isEqualTo(40);
    a.fill(0, 1000, 1);
    int sent = 0;
    int received = 0;
    int acknowledged = 0;
    WorkCompletion[] wc = WorkCompletion.array(16);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    int[] byQp = new int[3];
    while (received < messages || acknowledged < messages) {
      while (sent < messages
          && sent - acknowledged < 48
          && from.get(sent % 3).postSend(a.request(sent, WrOpcode.SEND, 0, 1000))
              == PostResult.OK) {
        sent++;
      }
      for (int n = a.cq.poll(wc), i = 0; i < n; i++) {
        assertThat(wc[i].status()).isEqualTo(WcStatus.SUCCESS);
        acknowledged++;
      }
      for (int n = b.cq.poll(wc), i = 0; i < n; i++) {
        assertThat(wc[i].status()).isEqualTo(WcStatus.SUCCESS);
        assertThat(wc[i].byteLength()).isEqualTo(1000);
        int slot = (int) wc[i].wrId();
        assertThat(b.holds(slot * 1000, 1000, 1)).isTrue();
        b.memory.segment().asSlice(slot * 1000L, 1000).fill((byte) 0);
        for (int q = 0; q < 3; q++) {
          byQp[q] += wc[i].qpn() == to.get(q).qpn() ? 1 : 0;
        }
        received++;
        assertThat(srq.postRecv(b.receive(slot, slot * 1000, 1000))).isEqualTo(PostResult.OK);
      }
      assertThat(System.nanoTime()).as("received " + received).isLessThan(end);
    }
    assertThat(byQp).containsExactly(messages / 3, messages / 3, messages / 3);
  }

  @Test
  void shouldAnswerNotReadyWhileASharedQueueIsEmpty() throws Exception {
    SharedReceiveQueue srq = b.srq(4, 0);
    QueuePair from = a.qp(QpType.RC, null);
    QueuePair to = b.qp(QpType.RC, srq);
    connect(a, from, b, to);
    from.postSend(a.request(1, WrOpcode.SEND, 0, 10));
    Endpoint.await(
        "RNR NAK",
        () -> right.port.counter(PortCounter.SEND_RNR_ERR) > 0);
    assertThat(srq.postRecv(b.receive(2, 0, 10))).isEqualTo(PostResult.OK);
    assertIs(b.next(), to, 2, WcStatus.SUCCESS);
    assertIs(a.next(), from, 1, WcStatus.SUCCESS);
  }

  @Test
  void shouldTellOnceWhenTheLimitIsReached() throws Exception {
    SharedReceiveQueue srq = b.srq(8, 0);
    QueuePair from = a.qp(QpType.RC, null);
    QueuePair to = b.qp(QpType.RC, srq);
    connect(a, from, b, to);
    assertThatThrownBy(() -> srq.modify(9)).isInstanceOf(RdmaException.class);
    assertThat(srq.query()).isEqualTo(new SrqInitAttributes(8, 2, 0));
    for (int i = 0; i < 8; i++) {
      srq.postRecv(b.receive(i, 0, 10));
    }
    srq.modify(6);
    assertThat(srq.query().srqLimit()).isEqualTo(6);
    for (int i = 0; i < 2; i++) {
      from.postSend(a.request(i, WrOpcode.SEND, 0, 10));
      b.next();
    }
    assertThat(right.context.told(AsyncEventType.SRQ_LIMIT_REACHED, srq)).isFalse();
    for (int i = 2; i < 5; i++) {
      from.postSend(a.request(i, WrOpcode.SEND, 0, 10));
      b.next();
    }
    Endpoint.await("limit", () -> right.context.told(AsyncEventType.SRQ_LIMIT_REACHED, srq));
    assertThat(srq.query().srqLimit()).as("off again").isZero();
    srq.modify(8);
    from.postSend(a.request(5, WrOpcode.SEND, 0, 10));
    b.next();
    Endpoint.await(
        "limit again", () -> right.context.times(AsyncEventType.SRQ_LIMIT_REACHED, srq) == 2);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shouldLeaveReceivesToOthersWhenAQueuePairGoesIntoError(boolean close) throws Exception {
    SharedReceiveQueue srq = b.srq(4, 0);
    QueuePair from = a.qp(QpType.RC, null);
    QueuePair to = b.qp(QpType.RC, srq);
    QueuePair otherFrom = a.qp(QpType.RC, null);
    QueuePair otherTo = b.qp(QpType.RC, srq);
    connect(a, from, b, to);
    connect(a, otherFrom, b, otherTo);
    for (int i = 0; i < 4; i++) {
      srq.postRecv(b.receive(i, 0, 10));
    }
    // Too long for a receive: both ends go into error, the receive is completed so.
    from.postSend(a.request(1, WrOpcode.SEND, 0, 20));
    assertIs(b.next(), to, 0, WcStatus.LOC_LEN_ERR);
    Endpoint.await("last", () -> right.context.told(AsyncEventType.QP_LAST_WQE_REACHED, to));
    Endpoint.await("fatal", () -> right.context.told(AsyncEventType.QP_FATAL, to));
    if (close) {
      to.close();
    } else {
      to.modify(new QpAttributes().state(QpState.RESET));
    }
    a.next();
    for (int i = 1; i < 4; i++) {
      otherFrom.postSend(a.request(i, WrOpcode.SEND, 0, 10));
      assertIs(b.next(), otherTo, i, WcStatus.SUCCESS);
    }
    for (int i = 0; i < 4; i++) {
      assertThat(srq.postRecv(b.receive(i, 0, 10))).isEqualTo(PostResult.OK);
    }
    assertThat(srq.postRecv(b.receive(9, 0, 10))).isEqualTo(PostResult.QUEUE_FULL);
  }

  @Test
  void shouldNotLoseReceivesOfAQueuePairThatIsResetOrClosedUnpolled() throws Exception {
    SharedReceiveQueue srq = b.srq(4, 0);
    for (int round = 0; round < 8; round++) {
      QueuePair from = a.qp(QpType.RC, null);
      QueuePair to = b.qp(QpType.RC, srq);
      connect(a, from, b, to);
      assertThat(srq.postRecv(b.receive(1, 0, 10))).isEqualTo(PostResult.OK);
      from.postSend(a.request(1, WrOpcode.SEND, 0, 10));
      assertIs(a.next(), from, 1, WcStatus.SUCCESS);
      // Its completion is in the queue, not polled, when the queue pair goes.
      if (round % 2 == 0) {
        to.modify(new QpAttributes().state(QpState.RESET));
      }
      to.close();
      b.cq.poll(b.one);
    }
    for (int i = 0; i < 4; i++) {
      assertThat(srq.postRecv(b.receive(i, 0, 10))).isEqualTo(PostResult.OK);
    }
  }

  @Test
  void shouldNotTakeWhatAClosedSharedQueueLeftForAnotherWithItsNumber() throws Exception {
    SharedReceiveQueue before = b.pd.createSrq(new SrqInitAttributes(1, 2, 0));
    QueuePair from = a.qp(QpType.RC, null);
    QueuePair to = b.pd.createQp(new QpInitAttributes(QpType.RC, b.cq, b.cq, 64, 64, 2, 2).withSrq(before));
    connect(a, from, b, to);
    assertThat(before.postRecv(b.receive(1, 0, 10))).isEqualTo(PostResult.OK);
    from.postSend(a.request(1, WrOpcode.SEND, 0, 10));
    assertIs(a.next(), from, 1, WcStatus.SUCCESS);
    to.close();
    before.close();
    // Numbers are given in turn: the one after all others has that of the first.
    for (int i = 1; i < right.hca.query().capabilities().maxSrq(); i++) {
      b.pd.createSrq(new SrqInitAttributes(1, 1, 0)).close();
    }
    SharedReceiveQueue after = b.srq(1, 0);
    assertThat(after.postRecv(b.receive(2, 0, 10))).isEqualTo(PostResult.OK);
    assertThat(b.cq.poll(b.one)).isZero();
    assertThat(after.postRecv(b.receive(3, 0, 10))).isEqualTo(PostResult.QUEUE_FULL);
  }

  @Test
  void shouldGuardASharedReceiveQueue() throws Exception {
    SharedReceiveQueue srq = b.srq(4, 0);
    QueuePair qp = b.qp(QpType.RC, srq);
    assertThat(qp.postRecv(b.receive(1, 0, 10))).isEqualTo(PostResult.BAD_STATE);
    assertThatThrownBy(srq::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("qp 0x");
    RecvWr tooMany = b.receive(1, 0, 1);
    tooMany.sges().add(b.address, 1, b.all.lkey());
    tooMany.sges().add(b.address, 1, b.all.lkey());
    assertThatThrownBy(() -> srq.postRecv(tooMany)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> a.qp(QpType.RC, srq))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("same device");
    DeviceCapabilities can = right.hca.query().capabilities();
    assertThat(can.maxSrq()).isPositive();
    assertThatThrownBy(
            () -> b.pd.createSrq(new SrqInitAttributes(can.maxSrqWr() + 1, 1, 0)))
        .isInstanceOf(RdmaException.class);
    assertThatThrownBy(
            () -> b.pd.createSrq(new SrqInitAttributes(1, can.maxSrqSge() + 1, 0)))
        .isInstanceOf(RdmaException.class);
    qp.close();
    srq.close();
    assertThat(srq.postRecv(b.receive(1, 0, 1))).isEqualTo(PostResult.BAD_STATE);
    assertThatThrownBy(() -> srq.modify(1)).isInstanceOf(RdmaException.class);
  }

  @Test
  void shouldResizeASharedReceiveQueueWhereTheDeviceCan() throws Exception {
    SharedReceiveQueue srq = b.srq(4, 0);
    QueuePair from = a.qp(QpType.RC, null);
    QueuePair to = b.qp(QpType.RC, srq);
    connect(a, from, b, to);
    DeviceCapabilities can = right.hca.query().capabilities();
    if ((can.deviceCapFlags() & DeviceCapFlags.SRQ_RESIZE) == 0) {
      assertThatThrownBy(() -> srq.resize(8))
          .isInstanceOf(NotSupportedException.class)
          .hasMessageContaining("SRQ_RESIZE");
      assertThat(srq.query().maxWr()).isEqualTo(4);
      return;
    }
    int id = postAll(srq, 0);
    assertThat(id).isEqualTo(4);
    srq.resize(50);
    assertThat(srq.query().maxWr()).isEqualTo(50);
    id = postAll(srq, id);
    assertThat(id).isEqualTo(50);
    assertThatThrownBy(() -> srq.resize(49))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("give 50 or more");
    assertThatThrownBy(() -> srq.resize(can.maxSrqWr() + 1)).isInstanceOf(RdmaException.class);
    assertThatThrownBy(() -> srq.resize(0)).isInstanceOf(RdmaException.class);
    // Taken in the order in which they were posted, whatever the size was then.
    receive(from, to, 0, 40);
    srq.resize(10);
    assertThat(postAll(srq, id)).isEqualTo(id);
    receive(from, to, 40, 41);
    id = postAll(srq, id);
    assertThat(id).isEqualTo(51);
    srq.modify(8);
    assertThatThrownBy(() -> srq.resize(7)).isInstanceOf(RdmaException.class);
    srq.modify(0);
    // Grown and shrunk under way, each receive still serves one message.
    for (int round = 1; round <= 20; round++) {
      srq.resize(round % 2 == 0 ? 10 : 10 + round);
      id = postAll(srq, id);
      int first = id - srq.query().maxWr();
      receive(from, to, first, round % 2 == 0 ? id : first + round);
    }
    assertThat(srq.query().maxWr()).isEqualTo(10);
  }

  /** Posts receives until the queue is full; the id of the next. */
  private int postAll(SharedReceiveQueue srq, int firstId) {
    int id = firstId;
    while (srq.postRecv(b.receive(id, id % 64 * 1000, 1000)) == PostResult.OK) {
      id++;
    }
    return id;
  }

  /** Sends messages, which take the receives of these ids. */
  private void receive(QueuePair from, QueuePair to, int firstId, int endId) {
    for (int id = firstId; id < endId; id++) {
      a.fill(0, 100, id);
      assertThat(from.postSend(a.request(id, WrOpcode.SEND, 0, 100))).isEqualTo(PostResult.OK);
      assertIs(a.next(), from, id, WcStatus.SUCCESS);
      assertIs(b.next(), to, id, WcStatus.SUCCESS);
      assertThat(b.holds(id % 64 * 1000, 100, id)).isTrue();
    }
  }

  // Completion queues.

  @Test
  void shouldTellTheOwnerOfAnOverrun() throws Exception {
    CompletionQueue small = right.hca.createCq(right.context, 2, null);
    QueuePair from = a.qp(QpType.RC, null);
    QueuePair to = b.pd.createQp(new QpInitAttributes(QpType.RC, small, small, 8, 8, 1, 1));
    b.made.push(small);
    b.made.push(to);
    connect(a, from, b, to);
    int entries = small.capacity();
    for (int i = 0; i <= entries; i++) {
      to.postRecv(b.receive(i, 0, 10));
    }
    for (int i = 0; i <= entries; i++) {
      from.postSend(a.request(i, WrOpcode.SEND, 0, 10));
    }
    Endpoint.await("CQ_ERR", () -> right.context.told(AsyncEventType.CQ_ERR, small));
    Endpoint.await("error", () -> to.state() == QpState.ERR);
    assertThat(small.poll(WorkCompletion.array(16))).as("what was in it").isEqualTo(entries);
  }

  @Test
  void shouldResizeWithEntriesInIt() throws Exception {
    CompletionQueue cq = right.hca.createCq(right.context, 8, null);
    QueuePair from = a.qp(QpType.RC, null);
    QueuePair to = b.pd.createQp(new QpInitAttributes(QpType.RC, cq, cq, 8, 64, 1, 1));
    b.made.push(cq);
    b.made.push(to);
    connect(a, from, b, to);
    int next = 0;
    int polled = 0;
    int[] sizes = {64, 8, 32, 16, 128, 8};
    for (int size : sizes) {
      // Six wait while the size changes, six come after.
      for (int i = 0; i < 6; i++, next++) {
        to.postRecv(b.receive(next, 0, 10));
        from.postSend(a.request(next, WrOpcode.SEND, 0, 10));
        assertIs(a.next(), from, next, WcStatus.SUCCESS);
      }
      cq.resize(size);
      assertThat(cq.capacity()).isGreaterThanOrEqualTo(size);
      WorkCompletion[] wc = WorkCompletion.array(4);
      while (polled < next) {
        int n = cq.poll(wc);
        for (int i = 0; i < n; i++) {
          assertIs(wc[i], to, polled++, WcStatus.SUCCESS);
        }
        assertThat(n).as("entry %d", polled).isPositive();
      }
      for (int i = 0; i < 6; i++, next++) {
        to.postRecv(b.receive(next, 0, 10));
        from.postSend(a.request(next, WrOpcode.SEND, 0, 10));
        assertIs(a.next(), from, next, WcStatus.SUCCESS);
      }
      while (polled < next) {
        int n = cq.poll(wc);
        for (int i = 0; i < n; i++) {
          assertIs(wc[i], to, polled++, WcStatus.SUCCESS);
        }
        assertThat(n).as("entry %d", polled).isPositive();
      }
    }
    assertThatThrownBy(() -> cq.resize(right.hca.query().maxCqe() + 1))
        .isInstanceOf(RdmaException.class);
    assertThatThrownBy(() -> cq.resize(0)).isInstanceOf(RdmaException.class);
    for (int i = 0; i < 6; i++, next++) {
      to.postRecv(b.receive(next, 0, 10));
      from.postSend(a.request(next, WrOpcode.SEND, 0, 10));
      assertIs(a.next(), from, next, WcStatus.SUCCESS);
    }
    assertThatThrownBy(() -> cq.resize(4))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("6");
    assertThat(cq.poll(WorkCompletion.array(16))).as("it stays as it was").isEqualTo(6);
  }

  @Test
  void shouldResizeWhileItIsFilledAndPolled() throws Exception {
    CompletionQueue cq = right.hca.createCq(right.context, 64, null);
    QueuePair from = a.qp(QpType.RC, null);
    QueuePair to = b.pd.createQp(new QpInitAttributes(QpType.RC, cq, cq, 8, 32, 1, 1));
    b.made.push(cq);
    b.made.push(to);
    connect(a, from, b, to);
    Set<Thread> resizers = new HashSet<>();
    AtomicInteger resized = new AtomicInteger();
    List<Throwable> failures = new CopyOnWriteArrayList<>();
    AtomicInteger stop = new AtomicInteger();
    resizers.add(
        Thread.ofPlatform()
            .start(
                () -> {
                  for (int i = 0; stop.get() == 0 && resized.get() < 30; i++) {
                    // Leaves the machine to those who fill and poll.
                    LockSupport.parkNanos(200_000);
                    try {
                      cq.resize(64 << (i & 3));
                      resized.incrementAndGet();
                    } catch (RdmaException e) {
                      // Entries of two sizes ago still wait: that is allowed.
                      Thread.onSpinWait();
                    } catch (RuntimeException e) {
                      failures.add(e);
                    }
                  }
                }));
    WorkCompletion[] wc = WorkCompletion.array(8);
    int total = 600;
    int posted = 0;
    int sent = 0;
    int got = 0;
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (got < total || resized.get() < 10) {
      // No more than the smallest size holds: overrunning it is another test's matter.
      while (posted < Math.min(total, got + 32)
          && to.postRecv(b.receive(posted, 0, 10)) == PostResult.OK) {
        posted++;
      }
      while (sent < posted && from.postSend(a.request(sent, WrOpcode.SEND, 0, 10)) == PostResult.OK) {
        sent++;
      }
      a.cq.poll(wc);
      for (int n = cq.poll(wc), i = 0; i < n; i++) {
        assertIs(wc[i], to, got++, WcStatus.SUCCESS);
      }
      assertThat(System.nanoTime()).as("got " + got).isLessThan(end);
      assertThat(failures).isEmpty();
    }
    stop.set(1);
    for (Thread resizer : resizers) {
      resizer.join(5000);
      assertThat(resizer.isAlive()).isFalse();
    }
  }

  @Test
  void shouldCallTheHandlerForSolicitedEntriesAndErrorsOnly() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    try (Side side = new Side(right, 64, cq -> calls.incrementAndGet())) {
      QueuePair from = a.qp(QpType.RC, null);
      QueuePair to = side.qp(QpType.RC, null);
      connect(a, from, side, to);
      for (int i = 0; i < 4; i++) {
        to.postRecv(side.receive(i, 0, 10));
      }
      side.cq.reqNotify(true);
      from.postSend(a.request(1, WrOpcode.SEND, 0, 10));
      assertIs(side.next(), to, 0, WcStatus.SUCCESS);
      right.agent().call("a turn", () -> true, Duration.ofSeconds(5));
      assertThat(calls).hasValue(0);
      from.postSend(a.request(2, WrOpcode.SEND, 0, 10).solicited(true));
      assertIs(side.next(), to, 1, WcStatus.SUCCESS);
      Endpoint.await("solicited", () -> calls.get() == 1);
      // A request for all stays one for all.
      side.cq.reqNotify();
      side.cq.reqNotify(true);
      from.postSend(a.request(3, WrOpcode.SEND, 0, 10));
      assertIs(side.next(), to, 2, WcStatus.SUCCESS);
      Endpoint.await("all", () -> calls.get() == 2);
      side.cq.reqNotify(true);
      to.modify(new QpAttributes().state(QpState.ERR));
      assertIs(side.next(), to, 3, WcStatus.WR_FLUSH_ERR);
      Endpoint.await("error", () -> calls.get() == 3);
    }
  }

  // Multicast.

  @Test
  void shouldGiveEveryQueuePairOfAGroupACopyAndNoneAfterItLeft() throws Exception {
    InetAddress group = InetAddress.ofLiteral("239.22.1.7");
    QueuePair sender = a.qp(QpType.UD, null);
    QueuePair mine = a.qp(QpType.UD, null);
    QueuePair first = b.qp(QpType.UD, null);
    QueuePair second = b.qp(QpType.UD, null);
    for (QueuePair qp : new QueuePair[] {sender, mine, first, second}) {
      datagrams(qp);
    }
    first.attachMcast(group);
    first.attachMcast(group);
    second.attachMcast(group);
    mine.attachMcast(group);
    a.fill(0, 1000, 9);
    mine.postRecv(a.receive(1, 200_000, 1040));
    first.postRecv(b.receive(2, 100_000, 1040));
    second.postRecv(b.receive(3, 300_000, 1040));
    sender.postSend(
        a.request(4, WrOpcode.SEND, 0, 1000)
            .datagram(group, QueuePair.MULTICAST_QPN, QKEY));
    Set<Long> ids = new HashSet<>();
    for (int i = 0; i < 2; i++) {
      WorkCompletion wc = b.next();
      assertThat(wc.status()).isEqualTo(WcStatus.SUCCESS);
      assertThat(wc.byteLength()).isEqualTo(1040);
      assertThat(wc.srcQpn()).isEqualTo(sender.qpn());
      ids.add(wc.wrId());
    }
    assertThat(ids).containsExactlyInAnyOrder(2L, 3L);
    assertThat(b.holds(100_040, 1000, 9)).isTrue();
    assertThat(b.holds(300_040, 1000, 9)).isTrue();
    ids.clear();
    ids.add(a.next().wrId());
    ids.add(a.next().wrId());
    assertThat(ids).as("the sender's own host has a copy too").containsExactlyInAnyOrder(1L, 4L);
    // The one that left gets nothing any more, the other does.
    second.detachMcast(group);
    assertThatThrownBy(() -> second.detachMcast(group)).isInstanceOf(RdmaException.class);
    second.postRecv(b.receive(5, 300_000, 1040));
    first.postRecv(b.receive(6, 100_000, 1040));
    sender.postSend(
        a.request(7, WrOpcode.SEND, 0, 1000)
            .datagram(group, QueuePair.MULTICAST_QPN, QKEY));
    assertIs(b.next(), first, 6, WcStatus.SUCCESS);
    assertThat(b.cq.poll(b.one)).isZero();
    // A reset does not end the membership.
    first.modify(new QpAttributes().state(QpState.RESET));
    datagrams(first);
    first.postRecv(b.receive(8, 100_000, 1040));
    sender.postSend(
        a.request(9, WrOpcode.SEND, 0, 1000)
            .datagram(group, QueuePair.MULTICAST_QPN, QKEY));
    assertIs(b.next(), first, 8, WcStatus.SUCCESS);
  }

  @Test
  void shouldRefuseMulticastWhereItCanNotBe() throws Exception {
    InetAddress group = InetAddress.ofLiteral("239.22.1.8");
    QueuePair datagram = a.qp(QpType.UD, null);
    datagrams(datagram);
    for (QpType type : new QpType[] {QpType.RC, QpType.UC}) {
      QueuePair qp = a.qp(type, null);
      qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(0));
      assertThatThrownBy(() -> qp.attachMcast(group)).isInstanceOf(NotSupportedException.class);
    }
    assertThatThrownBy(() -> datagram.attachMcast(InetAddress.ofLiteral("10.1.2.3")))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("224.0.0.0/4");
    assertThat(left.hca.query().capabilities().maxMcastGrp()).isPositive();
  }

  // Events of the port.

  @Test
  void shouldTellWhenThePortGoesDownAndComesUp() throws Exception {
    left.setLink(false);
    Endpoint.await("down", () -> left.context.events().contains(AsyncEventType.PORT_ERR));
    assertThat(left.hca.portUp()).isFalse();
    // The hardware works; core itself waits for the port. A probe that fails is for good.
    assertThatCode(() -> left.hca.probe()).doesNotThrowAnyException();
    left.setLink(true);
    Endpoint.await("up", () -> left.context.events().contains(AsyncEventType.PORT_ACTIVE));
    assertThat(left.hca.portUp()).isTrue();
    assertThat(right.context.events()).isEmpty();
  }

  // Two devices on one port.

  @ParameterizedTest
  @EnumSource
  void shouldLetTwoDevicesOfOnePortTalkToEachOther(QpType type) throws Exception {
    HcaHost second = left.secondDevice();
    Side other = new Side(second, 64, null);
    try {
      QueuePair from = a.qp(type, null);
      QueuePair to = other.qp(type, null);
      int grh = type == QpType.UD ? 40 : 0;
      if (type == QpType.UD) {
        datagrams(from);
        datagrams(to);
      } else {
        connect(a, from, other, to);
      }
      a.fill(0, 3000, 5);
      to.postRecv(other.receive(1, 0, 3040));
      SendWr there = a.request(2, WrOpcode.SEND, 0, 3000);
      from.postSend(there.datagram(left.port.address(), to.qpn(), QKEY));
      assertIs(other.next(), to, 1, WcStatus.SUCCESS);
      assertThat(other.holds(grh, 3000, 5)).isTrue();
      assertIs(a.next(), from, 2, WcStatus.SUCCESS);
      from.postRecv(a.receive(3, 100_000, 3040));
      SendWr back = other.request(4, WrOpcode.SEND, grh, 3000);
      to.postSend(back.datagram(left.port.address(), from.qpn(), QKEY));
      assertIs(a.next(), from, 3, WcStatus.SUCCESS);
      assertThat(a.holds(100_000 + grh, 3000, 5)).isTrue();
      assertIs(other.next(), to, 4, WcStatus.SUCCESS);
    } finally {
      other.close();
      second.close();
    }
  }
}
