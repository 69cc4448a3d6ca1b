// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.core.internal.dma.HostMemoryPool;
import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.Command;
import ib.driver.mthca.internal.prm.Wqe;
import ib.verbs.PostResult;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.SendWr;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Broken memory, broken entries, refused commands: errors with a name, and nothing left over. */
class MthcaFailureTest {
  private static final Duration WAIT = Duration.ofSeconds(30);

  @Test
  void shouldReportAFatalErrorAndStop() throws Exception {
    try (Node node = new Node("mthca0", "127.23.3.1")) {
      Link a = new Link(node, QpType.RC);
      Link b = new Link(node, QpType.RC);
      Link.connect(a, b);
      node.poison(0, Long.MAX_VALUE);
      a.send(a.wr(1, WrOpcode.SEND));
      await(() -> node.events.stream().anyMatch(e -> e.startsWith("DEVICE_FATAL mthca0: ")));
      assertThat(a.qp.postSend(a.wr(2, WrOpcode.SEND))).isEqualTo(PostResult.WITHDRAWN);
      assertThat(a.qp.state()).isEqualTo(QpState.ERR);
      assertThatThrownBy(() -> node.hca.probe()).isInstanceOf(RdmaException.class);
      a.close();
      b.close();
      node.hca.close();
      assertThat(node.usage().total()).isZero();
      assertThat(node.events).filteredOn(e -> e.startsWith("DEVICE_FATAL")).hasSize(1);
    }
  }

  @Test
  void shouldCompleteAnEntryThatMakesNoSenseWithAnError() throws Exception {
    try (Node node = new Node("mthca0", "127.23.3.2");
        Link a = new Link(node, QpType.RC);
        Link b = new Link(node, QpType.RC)) {
      Link.connect(a, b);
      WorkQueue queue = ((MthcaQp) a.qp).sends();
      inAgent(
          node,
          () -> {
            a.send(a.wr(1, WrOpcode.SEND));
            int before = queue.offset(-1);
            Be.put32(queue.buffer.segment(before), QueueBuffer.within(before) + Wqe.NDA_OP, 0x1F);
            return true;
          });
      a.next(1, WcStatus.LOC_QP_OP_ERR);
      await(() -> a.qp.state() == QpState.ERR);
      assertThat(a.qp.postSend(a.wr(2, WrOpcode.SEND))).isEqualTo(PostResult.OK);
      a.next(2, WcStatus.WR_FLUSH_ERR);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-5, 1000, Integer.MIN_VALUE})
  void shouldNotBelieveAWrongDoorbellRecord(int counter) throws Exception {
    try (Node node = new Node("mthca0", "127.23.3.3");
        Link a = new Link(node, QpType.RC);
        Link b = new Link(node, QpType.RC)) {
      Link.connect(a, b);
      WorkQueue queue = ((MthcaQp) a.qp).sends();
      inAgent(
          node,
          () -> {
            a.send(a.wr(1, WrOpcode.SEND));
            queue.record.publish(counter);
            return true;
          });
      a.next(1, WcStatus.LOC_QP_OP_ERR);
      await(() -> a.qp.state() == QpState.ERR);
      assertThat(a.cq.poll(WorkCompletion.array(1))).isZero();
    }
  }

  @Test
  void shouldFailTheQueuePairWhoseCompletionQueueCantBeWritten() throws Exception {
    try (Node node = new Node("mthca0", "127.23.3.4");
        Link a = new Link(node, QpType.RC);
        Link b = new Link(node, QpType.RC)) {
      Link.connect(a, b);
      long at = ((MthcaCq) a.cq).busAddress();
      node.poison(at, at + 4096);
      SendWr empty = a.wr(1, WrOpcode.RDMA_WRITE).remote(0, b.mr.rkey());
      a.send(empty);
      await(() -> a.qp.state() == QpState.ERR);
      await(() -> node.events.stream().anyMatch(e -> e.startsWith("CQ_ERR " + a.cq.label())));
      node.poison(0, 0);
    }
  }

  @Test
  void shouldRefuseCommandsByNameAndReason() throws Exception {
    try (Node node = new Node("mthca0", "127.23.3.5");
        Link a = new Link(node, QpType.RC);
        Link b = new Link(node, QpType.RC)) {
      Link.connect(a, b);
      Hcr hcr = node.hca.hcr;
      refuses(hcr, 0x7F0, 0, 0, "command 0x7f0 of mthca0", "BAD_OP");
      refuses(hcr, Command.RUN_FW, 0, 0, "RUN_FW", "BAD_SYS_STATE", "PORT_UP");
      refuses(hcr, Command.CLOSE_HCA, 0, 0, "BAD_SYS_STATE", "CLOSE_IB comes first");
      refuses(hcr, Command.SW2HW_MPT, 0x666_0000, 0, "INTERNAL_ERR", "0x6660000", "NOT_MAPPED");
      refuses(hcr, Command.HW2SW_MPT, 0, 1 << 20, "BAD_INDEX", "1048576");
      refuses(hcr, Command.HW2SW_MPT, 0, -1, "BAD_INDEX");
      refuses(hcr, Command.HW2SW_CQ, 0, ((MthcaCq) a.cq).cqn(), "RESOURCE_BUSY", a.qp.label());
      refuses(hcr, Command.UNMAP_ICM, Long.MAX_VALUE, 1, "BAD_PARAM");
      try (Mailboxes.Box box = node.hca.mailboxes.take()) {
        box.segment().fill((byte) -1);
        for (int opcode :
            new int[] {
              Command.WRITE_MTT, Command.SW2HW_CQ, Command.MAP_ICM, Command.INIT_HCA,
              Command.INIT2RTR, Command.RST2INIT, Command.MAP_FA, Command.MAP_ICM_AUX
            }) {
          refuses(hcr, opcode, box.address(), 7, Command.name(opcode) + " of mthca0");
        }
      }
      node.hca.probe();
    }
  }

  private static void refuses(Hcr hcr, int opcode, long in, int modifier, String... parts) {
    assertThatThrownBy(() -> hcr.execute(opcode, in, modifier, 0))
        .isInstanceOf(RdmaException.class)
        .hasMessageContainingAll(parts);
  }

  @Test
  void shouldLeaveNothingBehindWhenItCantStart() throws Exception {
    int started = 0;
    int refused = 0;
    for (int kib = 32; kib <= 1024; kib += 32) {
      try (Node node = Node.notOpen("mthca0", "127.23.3.6", new HostMemoryPool(kib << 10))) {
        try {
          node.device.open(node).close();
          started++;
        } catch (RdmaException e) {
          assertThat(e).hasMessageContaining("memory.limit.mib");
          refused++;
        }
        assertThat(node.usage().total()).as("with %d KiB", kib).isZero();
      }
    }
    assertThat(started).isPositive();
    assertThat(refused).isPositive();
  }

  @Test
  void shouldSayWhyItCantStartWithoutAnAgent() throws Exception {
    try (Node node = Node.notOpen("mthca0", "127.23.3.9", new HostMemoryPool(1 << 24))) {
      node.agent.close();
      assertThatThrownBy(() -> node.device.open(node))
          .isInstanceOf(RdmaException.class)
          .hasMessageContaining("mthca0 does not start");
      assertThat(node.usage().total()).isZero();
    }
  }

  @Test
  void shouldGiveNoMemoryOnceItIsClosed() throws Exception {
    try (Node node = new Node("mthca0", "127.23.3.8")) {
      Link link = new Link(node, QpType.RC);
      node.hca.close();
      assertThatThrownBy(() -> node.hca.mailboxes.take()).hasMessageContaining("closed");
      assertThatThrownBy(() -> node.hca.buffers.allocate(1)).hasMessageContaining("closed");
      assertThat(node.usage().total()).isZero();
      link.close();
      assertThat(node.book).isEmpty();
    }
  }

  @Test
  void shouldGoOnAfterAHandlerThatThrows() throws Exception {
    try (Node node = new Node("mthca0", "127.23.3.7")) {
      Semaphore called = new Semaphore(0);
      Link bad =
          new Link(
              node,
              QpType.RC,
              64,
              cq -> {
                throw new IllegalStateException("a handler of this test");
              });
      Link good = new Link(node, QpType.RC, 64, cq -> called.release());
      Link.connect(bad, good);
      bad.cq.reqNotify();
      good.cq.reqNotify();
      bad.send(bad.wr(1, WrOpcode.RDMA_WRITE));
      bad.next(1, WcStatus.SUCCESS);
      good.send(good.wr(2, WrOpcode.RDMA_WRITE));
      assertThat(called.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
      good.next(2, WcStatus.SUCCESS);
      bad.close();
      good.close();
    }
  }

  private static void inAgent(Node node, Callable<Boolean> command) {
    node.agent.call("test", command, WAIT);
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long endNs = System.nanoTime() + WAIT.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - endNs).as("waited too long").isNegative();
      Thread.sleep(1);
    }
  }
}
