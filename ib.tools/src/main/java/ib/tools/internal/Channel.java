// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.dma.DmaCoherent;
import ib.dma.IbDma;
import ib.verbs.AccessFlags;
import ib.verbs.CompletionQueue;
import ib.verbs.MemoryRegion;
import ib.verbs.PostResult;
import ib.verbs.ProtectionDomain;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaDevice;
import ib.verbs.RdmaException;
import ib.verbs.RecvWr;
import ib.verbs.SendWr;
import ib.verbs.SharedReceiveQueue;
import ib.verbs.WorkCompletion;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A protection domain with one completion queue, the queue pairs that share it, and memory for
 * messages: coherent, so that nothing needs to be synchronised. Used by the thread of its run.
 */
final class Channel {
  private final Run run;
  private final IbDma dma;
  final ProtectionDomain pd;
  final MemoryRegion mr;
  private final CompletionQueue cq;
  private final CompletionWait wait;
  private final SendWr send = new SendWr();
  private final RecvWr receive = new RecvWr();

  /**
   * Makes it.
   *
   * @param entries of the completion queue
   */
  Channel(Run run, int entries) throws RdmaException {
    this.run = run;
    RdmaDevice device = run.local().device();
    this.dma = device.dma();
    this.pd = run.add(device.allocPd());
    this.mr = run.add(pd.getDmaMr(AccessFlags.LOCAL_WRITE));
    this.cq = run.add(device.createCq(entries, queue -> run.raise()));
    this.wait = new CompletionWait(cq, System::nanoTime, run::await);
  }

  /** A queue pair in RESET. */
  QueuePair queuePair(QpType type, int sends, int receives) throws RdmaException {
    return queuePair(type, sends, receives, null);
  }

  /** The same, with receives of a shared queue, where one is given. */
  QueuePair queuePair(QpType type, int sends, int receives, @Nullable SharedReceiveQueue srq)
      throws RdmaException {
    QpInitAttributes init = attributes(type, sends, receives);
    return queuePair(srq == null ? init : init.withSrq(srq));
  }

  /** How to make one of the queue pairs of this channel, for requests of one element each. */
  QpInitAttributes attributes(QpType type, int sends, int receives) {
    return new QpInitAttributes(type, cq, cq, sends, receives, 1, 1);
  }

  /** A queue pair in RESET. */
  QueuePair queuePair(QpInitAttributes init) throws RdmaException {
    return run.add(pd.createQp(init));
  }

  /** Memory for messages. */
  DmaCoherent memory(long sizeBytes) throws ToolException {
    DmaCoherent coherent = dma.allocCoherent(sizeBytes);
    if (coherent == null) {
      throw new ToolException(
          "no room for %d bytes of coherent memory on %s; give a smaller size"
              .formatted(sizeBytes, run.local().device().name()));
    }
    run.add(() -> dma.freeCoherent(coherent));
    return coherent;
  }

  /** An emptied send request, of which there is one. */
  SendWr send() {
    return send;
  }

  void post(QueuePair qp, SendWr request) throws ToolException {
    check(qp.postSend(request), "send", qp.label());
  }

  /** Posts a receive into memory that the region of this channel names. */
  void postReceive(QueuePair qp, long id, long dmaAddress, int lengthBytes) throws ToolException {
    postReceive(qp, id, dmaAddress, lengthBytes, mr.lkey());
  }

  /** Posts a receive into memory of a region. */
  void postReceive(QueuePair qp, long id, long dmaAddress, int lengthBytes, int lkey)
      throws ToolException {
    receive.reset(id).sges().add(dmaAddress, lengthBytes, lkey);
    check(qp.postRecv(receive), "receive", qp.label());
  }

  void postReceive(SharedReceiveQueue srq, long id, long dmaAddress, int lengthBytes)
      throws ToolException {
    receive.reset(id).sges().add(dmaAddress, lengthBytes, mr.lkey());
    check(srq.postRecv(receive), "receive", srq.label());
  }

  private static void check(PostResult result, String what, String where) throws ToolException {
    if (result != PostResult.OK) {
      throw new ToolException("a " + what + " could not be posted to " + where + ": " + result);
    }
  }

  /** Takes a completion if there is one; valid until the next. */
  @Nullable WorkCompletion poll() {
    return wait.poll();
  }

  /**
   * Waits for a completion; valid until the next.
   *
   * @param over whether none will come any more
   * @return null if it is over
   * @throws ToolException after {@code timeoutNs}, or if the run ends
   */
  @Nullable WorkCompletion next(BooleanSupplier over, long timeoutNs) throws ToolException {
    // Who always finds one would never wait, and so never learn that it has to end.
    run.check();
    return wait.next(over, timeoutNs);
  }
}
