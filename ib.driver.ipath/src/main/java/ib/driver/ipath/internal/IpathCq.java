// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.transport.hca.Doorbell;
import ib.transport.hca.HcaResource;
import ib.transport.hca.Quota;
import ib.verbs.CompletionHandler;
import ib.verbs.CompletionQueue;
import ib.verbs.RdmaException;
import ib.verbs.WcFlags;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.spi.ResourceBook;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A completion queue in ordinary memory: a ring that the agent fills and one thread at a time
 * empties.
 *
 * <p>No wake-up is lost: the agent publishes the entry and then looks whether the queue is armed;
 * the poller arms and then looks for entries; all four accesses are volatile, so at least one of
 * the two sees the other.
 */
final class IpathCq extends HcaResource implements CompletionQueue {
  private final IpathHca hca;
  private final @Nullable CompletionHandler handler;
  private final int mask;
  private final IpathQp[] qp;
  private final long[] wrId;
  private final WcStatus[] status;
  private final WcOpcode[] opcode;
  private final int[] bytes;
  private final int[] immediate;
  private final int[] srcQpn;
  private final byte[] flags;
  private final AtomicBoolean armed = new AtomicBoolean();
  private volatile long head;
  private volatile long tail;
  private @Nullable Doorbell interrupt;

  /** Agent thread. */
  private boolean overrun;

  private IpathCq(
      IpathHca hca, ResourceBook book, int capacity, @Nullable CompletionHandler handler) {
    super(hca.commands, book, "cq " + hca.nextNumber());
    this.hca = hca;
    this.handler = handler;
    mask = capacity - 1;
    qp = new IpathQp[capacity];
    wrId = new long[capacity];
    status = new WcStatus[capacity];
    opcode = new WcOpcode[capacity];
    bytes = new int[capacity];
    immediate = new int[capacity];
    srcQpn = new int[capacity];
    flags = new byte[capacity];
  }

  static IpathCq create(
      IpathHca hca, ResourceBook book, int entries, @Nullable CompletionHandler handler)
      throws RdmaException {
    Quota.checkLimit(
        "entries of a completion queue of " + hca.commands.device(), entries, IpathHca.MAX_CQE);
    hca.cqQuota.take();
    IpathCq cq = new IpathCq(hca, book, Rings.powerOfTwo(entries), handler);
    try {
      cq.interrupt =
          hca.commands.call("creating " + cq.label(), () -> hca.doorbells.add(cq::notifyHandler));
    } catch (RdmaException | RuntimeException e) {
      hca.cqQuota.give();
      throw e;
    }
    cq.opened();
    return cq;
  }

  boolean isOf(IpathHca device) {
    return hca.equals(device);
  }

  @Override
  public int capacity() {
    return mask + 1;
  }

  @Override
  public int poll(WorkCompletion[] completions) {
    if (isClosed()) {
      return 0;
    }
    long at = head;
    long end = tail;
    int n = 0;
    while (at != end && n < completions.length) {
      int i = (int) at++ & mask;
      // What a queue pair left behind when it was closed is nobody's any more.
      if (!qp[i].isClosed()) {
        fill(completions[n++], i);
      }
    }
    head = at;
    return n;
  }

  private void fill(WorkCompletion wc, int i) {
    wc.set(wrId[i], status[i], opcode[i], qp[i].qpn(), bytes[i]).setSrcQpn(srcQpn[i]);
    if (flags[i] == WcFlags.WITH_IMM) {
      wc.setImmediate(immediate[i]);
    } else if (flags[i] == WcFlags.WITH_INV) {
      wc.setInvalidatedRkey(immediate[i]);
    }
  }

  @Override
  public void reqNotify() {
    armed.set(true);
  }

  /** Adds an entry. Agent thread. */
  void add(
      IpathQp of,
      long id,
      WcStatus st,
      WcOpcode op,
      int lengthBytes,
      int wcFlags,
      int imm,
      int source) {
    long at = tail;
    if (overrun || at - head > mask) {
      // Entries are never overwritten: the poller may be reading them.
      failOnce();
      return;
    }
    int i = (int) at & mask;
    qp[i] = of;
    wrId[i] = id;
    status[i] = st;
    opcode[i] = op;
    bytes[i] = lengthBytes;
    flags[i] = (byte) wcFlags;
    immediate[i] = imm;
    srcQpn[i] = source;
    tail = at + 1;
    if (armed.get() && armed.compareAndSet(true, false) && interrupt != null) {
      interrupt.ring();
    }
  }

  private void failOnce() {
    if (!overrun) {
      overrun = true;
      hca.overrun(this);
    }
  }

  /** The interrupt: on the agent, after the engine's turn, so that the handler may post. */
  private void notifyHandler() {
    if (handler != null && !isClosed() && !commands().isWithdrawn()) {
      handler.onCompletion(this);
    }
  }

  @Override
  protected void destroy() throws RdmaException {
    // Waits for the agent: no handler runs when this returns.
    commands()
        .call(
            "destroying " + label(),
            () -> {
              if (interrupt != null) {
                hca.doorbells.remove(interrupt);
              }
              return true;
            });
  }

  @Override
  protected void release() {
    hca.cqQuota.give();
  }
}
