// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.ScatterList;
import ib.verbs.AccessFlags;
import ib.verbs.CompletionQueue;
import ib.verbs.DeviceAttributes;
import ib.verbs.FastRegMr;
import ib.verbs.PostResult;
import ib.verbs.QpAttributes;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RecvWr;
import ib.verbs.SendWr;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two HCAs on real ports move data; nothing is left when they close. */
class MthcaTrafficTest {
  private Node left;
  private Node right;

  @BeforeEach
  void open() throws Exception {
    left = new Node("mthca0", "127.23.1.1");
    right = new Node("mthca1", "127.23.1.2");
  }

  @AfterEach
  void close() throws Exception {
    assertThat(left.events).as("left events").isEmpty();
    assertThat(right.events).as("right events").isEmpty();
    assertThat(left.book).isEmpty();
    assertThat(right.book).isEmpty();
    left.hca.close();
    right.hca.close();
    assertThat(left.usage().total()).as("%s", left.usage()).isZero();
    assertThat(right.usage().total()).as("%s", right.usage()).isZero();
    assertThat(left.pool.usedBytes()).isZero();
    left.close();
    right.close();
  }

  @Test
  void shouldProbe() throws Exception {
    left.hca.probe();
    assertThat(left.hca.portUp()).isTrue();
    assertThat(left.hca.query().maxQp()).isEqualTo(16);
    assertThat(left.hca.query().maxMr()).isEqualTo(64);
  }

  @Test
  void shouldSendFromManyElementsToMany() throws Exception {
    Node.Buffer from = left.buffer(20_000);
    Node.Buffer to = right.buffer(20_000);
    byte[] data = random(9_000, 1);
    from.put(100, data);
    try (Link a = new Link(left, QpType.RC);
        Link b = new Link(right, QpType.RC)) {
      Link.connect(a, b);
      RecvWr receive = new RecvWr().reset(7);
      receive.sges().add(to.address() + 10, 4_000, b.mr.lkey());
      receive.sges().add(to.address() + 10_000, 9_000, b.mr.lkey());
      assertThat(b.qp.postRecv(receive)).isEqualTo(PostResult.OK);
      SendWr wr = a.wr(8, WrOpcode.SEND_WITH_IMM).immediate(0x12345678).solicited(true);
      wr.sges().add(from.address() + 100, 1, a.mr.lkey());
      wr.sges().add(from.address() + 101, 4_999, a.mr.lkey());
      wr.sges().add(from.address() + 5_100, 4_000, a.mr.lkey());
      a.send(wr);
      WorkCompletion sent = a.next(8, WcStatus.SUCCESS);
      assertThat(sent.opcode()).isEqualTo(WcOpcode.SEND);
      WorkCompletion got = b.next(7, WcStatus.SUCCESS);
      assertThat(got.opcode()).isEqualTo(WcOpcode.RECV);
      assertThat(got.byteLength()).isEqualTo(9_000);
      assertThat(got.hasImmediate()).isTrue();
      assertThat(got.immediate()).isEqualTo(0x12345678);
      assertThat(to.get(10, 4_000)).isEqualTo(Arrays.copyOf(data, 4_000));
      assertThat(to.get(10_000, 5_000)).isEqualTo(Arrays.copyOfRange(data, 4_000, 9_000));
    }
    left.unmap(from);
    right.unmap(to);
  }

  @Test
  void shouldWriteAndReadRemoteMemory() throws Exception {
    Node.Buffer here = left.buffer(100_000);
    Node.Buffer there = right.buffer(100_000);
    byte[] data = random(70_000, 2);
    here.put(0, data);
    try (Link a = new Link(left, QpType.RC);
        Link b = new Link(right, QpType.RC)) {
      Link.connect(a, b);
      SendWr write = a.wr(1, WrOpcode.RDMA_WRITE).signaled(false);
      write.remote(there.address() + 3, b.mr.rkey());
      write.sges().add(here.address(), 70_000, a.mr.lkey());
      a.send(write);
      SendWr read = a.wr(2, WrOpcode.RDMA_READ).fence(true);
      read.remote(there.address() + 1_003, b.mr.rkey());
      read.sges().add(here.address() + 80_000, 5_000, a.mr.lkey());
      a.send(read);
      WorkCompletion wc = a.next(2, WcStatus.SUCCESS);
      assertThat(wc.opcode()).isEqualTo(WcOpcode.RDMA_READ);
      assertThat(wc.byteLength()).isEqualTo(5_000);
      assertThat(there.get(3, 70_000)).isEqualTo(data);
      assertThat(here.get(80_000, 5_000)).isEqualTo(Arrays.copyOfRange(data, 1_000, 6_000));
      b.receive(9, there.address(), 64);
      SendWr last = a.wr(3, WrOpcode.RDMA_WRITE_WITH_IMM).immediate(5);
      last.remote(there.address() + 90_000, b.mr.rkey());
      last.sges().add(here.address(), 100, a.mr.lkey());
      a.send(last);
      assertThat(a.next(3, WcStatus.SUCCESS).opcode()).isEqualTo(WcOpcode.RDMA_WRITE);
      WorkCompletion got = b.next(9, WcStatus.SUCCESS);
      assertThat(got.opcode()).isEqualTo(WcOpcode.RECV_RDMA_WITH_IMM);
      assertThat(got.immediate()).isEqualTo(5);
    }
    left.unmap(here);
    right.unmap(there);
  }

  @Test
  void shouldReachAFastRegionOnlyWhileItIsRegistered() throws Exception {
    Node.Buffer here = left.buffer(8_192);
    DmaMemory memory = right.pool.allocate(16_384);
    ScatterList list = new ScatterList(2).add(memory, 100, 8_092).add(memory, 12_288, 3_000);
    int mapped = right.dma.mapSg(list, 2, DmaDirection.BIDIRECTIONAL);
    long iova = 0x7000_0000_1234L;
    byte[] data = random(8_000, 3);
    here.put(0, data);
    try (Link a = new Link(left, QpType.RC);
        Link b = new Link(right, QpType.RC);
        FastRegMr mr = b.pd.allocMr(4)) {
      Link.connect(a, b);
      mr.register(list, mapped, iova, AccessFlags.LOCAL_WRITE | AccessFlags.REMOTE_WRITE);
      int firstKey = mr.rkey();
      SendWr write = a.wr(1, WrOpcode.RDMA_WRITE).remote(iova + 5_000, firstKey);
      write.sges().add(here.address(), 6_000, a.mr.lkey());
      a.send(write);
      a.next(1, WcStatus.SUCCESS);
      byte[] there = memory.segment().toArray(ValueLayout.JAVA_BYTE);
      assertThat(Arrays.copyOfRange(there, 5_100, 8_192)).isEqualTo(Arrays.copyOf(data, 3_092));
      assertThat(Arrays.copyOfRange(there, 12_288, 15_196))
          .isEqualTo(Arrays.copyOfRange(data, 3_092, 6_000));
      mr.register(list, mapped, iova, AccessFlags.LOCAL_WRITE | AccessFlags.REMOTE_WRITE);
      assertThat(mr.rkey()).isNotEqualTo(firstKey);
      write = a.wr(2, WrOpcode.RDMA_WRITE).remote(iova, firstKey);
      write.sges().add(here.address(), 10, a.mr.lkey());
      a.send(write);
      a.next(2, WcStatus.REM_ACCESS_ERR);
      assertThat(a.qp.query().state()).isEqualTo(QpState.ERR);
      mr.invalidate();
      right.events.clear();
      left.events.clear();
    }
    right.dma.unmapSg(list, 2, DmaDirection.BIDIRECTIONAL);
    memory.close();
    left.unmap(here);
  }

  @Test
  void shouldSendDatagrams() throws Exception {
    Node.Buffer from = left.buffer(4_096);
    Node.Buffer to = right.buffer(4_096);
    from.put(0, random(500, 4));
    try (Link a = new Link(left, QpType.UD);
        Link b = new Link(right, QpType.UD)) {
      a.readyForDatagrams(77);
      b.readyForDatagrams(77);
      b.receive(1, to.address(), 1_000);
      SendWr wr = a.wr(2, WrOpcode.SEND).datagram(right.port.address(), b.qp.qpn(), 77);
      wr.sges().add(from.address(), 500, a.mr.lkey());
      a.send(wr);
      a.next(2, WcStatus.SUCCESS);
      WorkCompletion got = b.next(1, WcStatus.SUCCESS);
      assertThat(got.byteLength()).isEqualTo(540);
      assertThat(got.srcQpn()).isEqualTo(a.qp.qpn());
      assertThat(to.get(40, 500)).isEqualTo(from.get(0, 500));
    }
    left.unmap(from);
    right.unmap(to);
  }

  @Test
  void shouldSayWhenAQueueIsFullAndTakeMoreLater() throws Exception {
    Node.Buffer from = left.buffer(4_096);
    Node.Buffer to = right.buffer(4_096);
    try (Link a = new Link(left, QpType.RC);
        Link b = new Link(right, QpType.RC)) {
      Link.connect(a, b);
      for (int i = 0; i < Link.SIZE; i++) {
        assertThat(a.qp.postSend(message(a, from, i, i % 3 == 0))).isEqualTo(PostResult.OK);
      }
      assertThat(a.qp.postSend(message(a, from, 99, true))).isEqualTo(PostResult.QUEUE_FULL);
      for (int i = 0; i < Link.SIZE; i++) {
        assertThat(b.receive(i, to.address(), 64)).isEqualTo(PostResult.OK);
      }
      assertThat(b.receive(99, to.address(), 64)).isEqualTo(PostResult.QUEUE_FULL);
      for (int i = 0; i < Link.SIZE; i++) {
        b.next(i, WcStatus.SUCCESS);
      }
      for (int i = 0; i < Link.SIZE; i += 3) {
        a.next(i, WcStatus.SUCCESS);
      }
    }
    left.unmap(from);
    right.unmap(to);
  }

  @Test
  void shouldGoOnForeverWithUnsignalledSends() throws Exception {
    Node.Buffer from = left.buffer(4_096);
    Node.Buffer to = right.buffer(4_096);
    try (Link a = new Link(left, QpType.RC);
        Link b = new Link(right, QpType.RC)) {
      Link.connect(a, b);
      for (int i = 0; i < 10 * Link.SIZE; i++) {
        b.receive(i, to.address(), 64);
        SendWr wr = message(a, from, i, false);
        long endNs = System.nanoTime() + 30_000_000_000L;
        while (a.qp.postSend(wr) == PostResult.QUEUE_FULL) {
          assertThat(System.nanoTime() - endNs).isNegative();
          Thread.sleep(1);
        }
        b.next(i, WcStatus.SUCCESS);
      }
      assertThat(a.cq.poll(WorkCompletion.array(1))).isZero();
    }
    left.unmap(from);
    right.unmap(to);
  }

  @Test
  void shouldMakeTheLargestQueues() throws Exception {
    Node.Buffer to = right.buffer(4_096);
    try (Link a = new Link(left, QpType.RC);
        Link b = new Link(right, QpType.RC)) {
      DeviceAttributes limits = left.hca.query();
      int wrs = limits.maxQpWr();
      int sges = limits.maxSge();
      try (CompletionQueue cq = left.hca.createCq(left, limits.maxCqe(), null);
          QueuePair qp =
              a.pd.createQp(new QpInitAttributes(QpType.RC, cq, cq, wrs, wrs, sges, sges))) {
        assertThat(cq.capacity()).isEqualTo(limits.maxCqe());
        Link large = a.with(cq, qp);
        Link.connect(large, b);
        Node.Buffer from = left.buffer(4_096);
        from.put(0, random(100, 5));
        // Over the edges of the pieces that the queue's memory is made of.
        for (int i = 0; i < 600; i++) {
          b.receive(i, to.address(), 100);
          SendWr wr = large.wr(i, WrOpcode.SEND);
          for (int part = 0; part < 25; part++) {
            wr.sges().add(from.address() + part * 4, 4, a.mr.lkey());
          }
          large.send(wr);
          large.next(i, WcStatus.SUCCESS);
          b.next(i, WcStatus.SUCCESS);
        }
        assertThat(to.get(0, 100)).isEqualTo(from.get(0, 100));
        left.unmap(from);
      }
    }
    right.unmap(to);
  }

  @Test
  void shouldBeginAnotherLifeAfterReset() throws Exception {
    Node.Buffer from = left.buffer(4_096);
    Node.Buffer to = right.buffer(4_096);
    try (Link a = new Link(left, QpType.RC);
        Link b = new Link(right, QpType.RC)) {
      Link.connect(a, b);
      b.receive(1, to.address(), 64);
      b.receive(2, to.address(), 64);
      b.qp.modify(new QpAttributes().state(QpState.ERR));
      // Not polled: what is left of this life must not be seen in the next.
      a.qp.modify(new QpAttributes().state(QpState.RESET));
      b.qp.modify(new QpAttributes().state(QpState.RESET));
      assertThat(b.qp.query().state()).isEqualTo(QpState.RESET);
      Link.connect(a, b);
      b.receive(3, to.address(), 64);
      a.send(message(a, from, 4, true));
      b.next(3, WcStatus.SUCCESS);
      a.next(4, WcStatus.SUCCESS);
    }
    left.unmap(from);
    right.unmap(to);
  }

  private static SendWr message(Link link, Node.Buffer from, long id, boolean signaled) {
    SendWr wr = link.wr(id, WrOpcode.SEND).signaled(signaled);
    wr.sges().add(from.address(), 32, link.mr.lkey());
    return wr;
  }

  private static byte[] random(int bytes, long seed) {
    byte[] data = new byte[bytes];
    new SplittableRandom(seed).nextBytes(data);
    return data;
  }
}
