// SPDX-License-Identifier: Apache-2.0
package ib.transport.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.verbs.AccessFlags;
import ib.verbs.CompletionHandler;
import ib.verbs.CompletionQueue;
import ib.verbs.MemoryRegion;
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
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Two hosts with queue pairs between them. */
public abstract class QueueHosts extends TwoHosts {
  static final int BUFFER = 1 << 20;
  static final long WAIT_NS = 30_000_000_000L;
  static final int QKEY = 0x1234;

  Side a;
  Side b;

  /** A domain, a buffer and a completion queue of one host, and what was made of them. */
  static final class Side implements AutoCloseable {
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
          throw new AssertionError("no completion in 30 s");
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
  void start() throws RdmaException {
    a = new Side(left, 256, null);
    b = new Side(right, 256, null);
  }

  @AfterEach
  void stop() {
    a.close();
    b.close();
  }

  static void connect(Side one, QueuePair from, Side other, QueuePair to) throws RdmaException {
    toRts(from, other, to);
    toRts(to, one, from);
  }

  static void toRts(QueuePair qp, Side peer, QueuePair to) throws RdmaException {
    toRtr(qp, peer, to);
    toRtsFromRtr(qp);
  }

  static void toRtr(QueuePair qp, Side peer, QueuePair to) throws RdmaException {
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

  static void toRtsFromRtr(QueuePair qp) throws RdmaException {
    boolean reliable = qp.type() == QpType.RC;
    QpAttributes rts = new QpAttributes().state(QpState.RTS).sqPsn(7);
    qp.modify(reliable ? rts.timeoutCode(14).retryCount(7).rnrRetry(7).maxRdAtomic(4) : rts);
  }

  static void datagrams(QueuePair qp) throws RdmaException {
    qp.modify(new QpAttributes().state(QpState.INIT).qkey(QKEY).pkeyIndex(0));
    qp.modify(new QpAttributes().state(QpState.RTR));
    qp.modify(new QpAttributes().state(QpState.RTS).sqPsn(0));
  }

  static void assertIs(WorkCompletion wc, QueuePair qp, long id, WcStatus status) {
    assertThat(wc.status()).isEqualTo(status);
    assertThat(wc.wrId()).isEqualTo(id);
    assertThat(wc.qpn()).isEqualTo(qp.qpn());
  }
}
