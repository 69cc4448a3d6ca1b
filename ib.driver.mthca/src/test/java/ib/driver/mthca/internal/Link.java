// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.verbs.AccessFlags;
import ib.verbs.CompletionHandler;
import ib.verbs.CompletionQueue;
import ib.verbs.MemoryRegion;
import ib.verbs.PostResult;
import ib.verbs.ProtectionDomain;
import ib.verbs.QpAttributes;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.RecvWr;
import ib.verbs.SendWr;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** One end of a connection: a domain, all memory, a completion queue and a queue pair. */
final class Link implements AutoCloseable {
  static final int SIZE = 16;
  private static final long WAIT_NS = 30_000_000_000L;

  final Node node;
  final ProtectionDomain pd;
  final CompletionQueue cq;
  final QueuePair qp;
  final MemoryRegion mr;
  private final WorkCompletion[] polled = WorkCompletion.array(8);
  private final Deque<WorkCompletion> waiting = new ArrayDeque<>();

  Link(Node node, QpType type) throws RdmaException {
    this(node, type, 4 * SIZE, null);
  }

  Link(Node node, QpType type, int cqEntries, @Nullable CompletionHandler handler)
      throws RdmaException {
    this.node = node;
    pd = node.hca.allocPd(node);
    cq = node.hca.createCq(node, cqEntries, handler);
    mr = pd.getDmaMr(AccessFlags.ALL);
    qp = pd.createQp(new QpInitAttributes(type, cq, cq, SIZE, SIZE, 4, 4));
  }

  private Link(Link same, CompletionQueue cq, QueuePair qp) {
    node = same.node;
    pd = same.pd;
    mr = same.mr;
    this.cq = cq;
    this.qp = qp;
  }

  /** The same domain with other queues, which their maker closes. */
  Link with(CompletionQueue otherCq, QueuePair otherQp) {
    return new Link(this, otherCq, otherQp);
  }

  static void connect(Link a, Link b) throws RdmaException {
    a.init();
    b.init();
    a.ready(b);
    b.ready(a);
  }

  private void init() throws RdmaException {
    qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(AccessFlags.ALL));
  }

  private void ready(Link peer) throws RdmaException {
    qp.modify(
        new QpAttributes()
            .state(QpState.RTR)
            .remoteAddress(peer.node.port.address())
            .pathMtuBytes(1024)
            .destQpn(peer.qp.qpn())
            .rqPsn(peer.qp.qpn())
            .maxDestRdAtomic(4)
            .minRnrTimer(1));
    qp.modify(
        new QpAttributes()
            .state(QpState.RTS)
            .sqPsn(qp.qpn())
            .maxRdAtomic(4)
            .timeoutCode(17)
            .retryCount(7)
            .rnrRetry(7));
  }

  void readyForDatagrams(int qkey) throws RdmaException {
    qp.modify(new QpAttributes().state(QpState.INIT).qkey(qkey));
    qp.modify(new QpAttributes().state(QpState.RTR));
    qp.modify(new QpAttributes().state(QpState.RTS).sqPsn(1));
  }

  SendWr wr(long id, WrOpcode opcode) {
    return new SendWr().reset(id, opcode);
  }

  PostResult receive(long id, long address, int bytes) {
    RecvWr wr = new RecvWr().reset(id);
    wr.sges().add(address, bytes, mr.lkey());
    return qp.postRecv(wr);
  }

  void send(SendWr wr) {
    assertThat(qp.postSend(wr)).isEqualTo(PostResult.OK);
  }

  /** Waits for the next completion. */
  WorkCompletion next() throws InterruptedException {
    long endNs = System.nanoTime() + WAIT_NS;
    while (waiting.isEmpty()) {
      int n = cq.poll(polled);
      for (int i = 0; i < n; i++) {
        waiting.add(polled[i]);
        polled[i] = new WorkCompletion();
      }
      assertThat(System.nanoTime() - endNs).as("waited too long: %s", node.events).isNegative();
      if (n == 0) {
        Thread.sleep(0, 100_000);
      }
    }
    return waiting.remove();
  }

  WorkCompletion next(long id, WcStatus status) throws InterruptedException {
    WorkCompletion wc = next();
    assertThat(wc.status()).as("status of %d, events %s", wc.wrId(), node.events).isEqualTo(status);
    assertThat(wc.wrId()).isEqualTo(id);
    assertThat(wc.qpn()).isEqualTo(qp.qpn());
    return wc;
  }

  @Override
  public void close() {
    qp.close();
    mr.close();
    cq.close();
    pd.close();
  }
}
