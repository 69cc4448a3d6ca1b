// SPDX-License-Identifier: Apache-2.0
package ib.transport.conformance;

import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
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
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One end of a connection: a queue pair with its completion queue, an all-memory region, and one
 * mapped buffer.
 */
public final class Endpoint implements AutoCloseable {
  static final int DEPTH = 32;
  static final int CQ_ENTRIES = 128;
  static final int MOST_INLINE = 300;
  static final int RIGHTS = AccessFlags.ALL & ~AccessFlags.FLUSH_PERSISTENT;
  private static final long WAIT_NS = 30_000_000_000L;

  public final HcaHost host;
  public final ProtectionDomain pd;
  public final CompletionQueue cq;
  public final QueuePair qp;
  public final MemoryRegion all;
  public final DmaMemory memory;
  public final long address;
  final int inlineBytes;
  private final WorkCompletion[] one = WorkCompletion.array(1);

  /** Makes an endpoint with a buffer of the given size. */
  public Endpoint(HcaHost host, int bytes, int cqEntries, @Nullable CompletionHandler handler)
      throws RdmaException {
    this.host = host;
    pd = host.hca.allocPd(host.context);
    cq = host.hca.createCq(host.context, cqEntries, handler);
    inlineBytes = Math.min(MOST_INLINE, host.hca.query().capabilities().maxInlineData());
    qp =
        pd.createQp(
            new QpInitAttributes(QpType.RC, cq, cq, DEPTH, DEPTH, 4, 4)
                .withMaxInlineData(inlineBytes));
    all = pd.getDmaMr(RIGHTS);
    memory = host.memory(bytes);
    address = host.dma.mapSingle(memory, 0, bytes, DmaDirection.BIDIRECTIONAL);
    if (host.dma.mappingError(address)) {
      throw new AssertionError("the buffer can't be mapped");
    }
  }

  /** Connects two endpoints. */
  public static void connect(Endpoint a, Endpoint b) throws RdmaException {
    toRts(a.qp, b.qp.qpn(), b.host.port.address());
    toRts(b.qp, a.qp.qpn(), a.host.port.address());
  }

  /** Connects an endpoint with a queue pair of another host. */
  static void connectTo(Endpoint a, QueuePair other, InetAddress otherAddress)
      throws RdmaException {
    toRts(a.qp, other.qpn(), otherAddress);
    toRts(other, a.qp.qpn(), a.host.port.address());
  }

  private static void toRts(QueuePair qp, int peerQpn, InetAddress peerAddress)
      throws RdmaException {
    qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(RIGHTS));
    qp.modify(
        new QpAttributes()
            .state(QpState.RTR)
            .remoteAddress(peerAddress)
            .destQpn(peerQpn)
            .pathMtuBytes(4096)
            .rqPsn(7)
            .maxDestRdAtomic(4)
            .minRnrTimer(12));
    qp.modify(
        new QpAttributes()
            .state(QpState.RTS)
            .sqPsn(7)
            .timeoutCode(14)
            .retryCount(7)
            .rnrRetry(7)
            .maxRdAtomic(4));
  }

  /** Writes a pattern into the buffer. */
  public void fill(int bytes, int seed) {
    for (int i = 0; i < bytes; i++) {
      memory.segment().set(ValueLayout.JAVA_BYTE, i, (byte) (i * 31 + (i >>> 8) + seed));
    }
  }

  /** Offset of the first byte that is not as {@link #fill} wrote it, or -1. */
  public long mismatch(int bytes, int seed) {
    for (int i = 0; i < bytes; i++) {
      if (memory.segment().get(ValueLayout.JAVA_BYTE, i) != (byte) (i * 31 + (i >>> 8) + seed)) {
        return i;
      }
    }
    return -1;
  }

  /** A request on the beginning of the buffer. */
  public SendWr request(long id, WrOpcode opcode, int bytes) {
    SendWr wr = new SendWr().reset(id, opcode);
    wr.sges().add(address, bytes, all.lkey());
    return wr;
  }

  /** Posts a receive for the beginning of the buffer. */
  public PostResult receive(long id, int bytes) {
    RecvWr wr = new RecvWr().reset(id);
    wr.sges().add(address, bytes, all.lkey());
    return qp.postRecv(wr);
  }

  /** Waits for the next completion. */
  public WorkCompletion next() {
    long end = System.nanoTime() + WAIT_NS;
    while (cq.poll(one) == 0) {
      if (System.nanoTime() > end) {
        throw new AssertionError("no completion in 5 s on " + qp.label() + " in " + qp.state());
      }
      LockSupport.parkNanos(20_000);
    }
    return one[0];
  }

  /** Waits until something holds. */
  public static void await(String what, java.util.function.BooleanSupplier condition) {
    long end = System.nanoTime() + WAIT_NS;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("not in 5 s: " + what);
      }
      LockSupport.parkNanos(20_000);
    }
  }

  @Override
  public void close() {
    qp.close();
    all.close();
    cq.close();
    pd.close();
    host.dma.unmapSingle(address, memory.size(), DmaDirection.BIDIRECTIONAL);
    memory.close();
  }
}
