// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.transport.hca.Doorbell;
import ib.transport.hca.HcaResource;
import ib.transport.hca.Quota;
import ib.verbs.CompletionHandler;
import ib.verbs.CompletionQueue;
import ib.verbs.RdmaException;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.spi.ResourceBook;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A completion queue in ordinary memory: a ring that the agent fills and one thread at a time
 * empties.
 *
 * <p>No wake-up is lost: the agent publishes the entry and then looks whether the queue is armed;
 * the poller arms and then looks for entries; all four accesses are volatile, so at least one of
 * the two sees the other.
 *
 * <p>A resize gives the agent a new ring at once; the poller empties the old one first.
 */
final class IpathCq extends HcaResource implements CompletionQueue {
  private static final int NOT_ARMED = 0;
  private static final int FOR_SOLICITED = 1;
  private static final int FOR_ALL = 2;

  private final IpathHca hca;
  private final @Nullable CompletionHandler handler;
  private final AtomicInteger armed = new AtomicInteger();
  private @Nullable Doorbell interrupt;

  /** Which ring is filled. Set on the agent. */
  private volatile CqRing filled;

  /** Which ring is emptied. The poller's. */
  private volatile CqRing emptied;

  /** Agent thread. */
  private boolean overrun;

  private IpathCq(
      IpathHca hca, ResourceBook book, int capacity, @Nullable CompletionHandler handler) {
    super(hca.commands, book, "cq " + hca.nextNumber());
    this.hca = hca;
    this.handler = handler;
    filled = new CqRing(capacity);
    emptied = filled;
  }

  static IpathCq create(
      IpathHca hca, ResourceBook book, int entries, @Nullable CompletionHandler handler)
      throws RdmaException {
    checkSize(hca, entries);
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

  private static void checkSize(IpathHca hca, int entries) throws RdmaException {
    Quota.checkLimit(
        "entries of a completion queue of " + hca.commands.device(), entries, IpathHca.MAX_CQE);
  }

  @Override
  public int capacity() {
    return filled.capacity();
  }

  @Override
  public int poll(WorkCompletion[] completions) {
    if (isClosed()) {
      return 0;
    }
    CqRing from = emptied;
    // Looked up first: a ring with a successor gets no more entries.
    CqRing next = from.next();
    int n = from.poll(completions, 0);
    while (next != null && n < completions.length) {
      next.previousIsEmpty();
      emptied = next;
      from = next;
      next = from.next();
      n = from.poll(completions, n);
    }
    return n;
  }

  @Override
  public void reqNotify() {
    armed.set(FOR_ALL);
  }

  @Override
  public void reqNotify(boolean solicitedOnly) {
    if (solicitedOnly) {
      armed.compareAndSet(NOT_ARMED, FOR_SOLICITED);
    } else {
      reqNotify();
    }
  }

  @Override
  public void resize(int entries) throws RdmaException {
    requireOpen();
    checkSize(hca, entries);
    CqRing wanted = new CqRing(Rings.powerOfTwo(entries));
    commands()
        .call(
            "resizing " + label(),
            () -> {
              if (filled.hasPrevious()) {
                throw new RdmaException(
                    label()
                        + ": entries from before the last resize wait; poll them, then try again");
              }
              int waiting = filled.waiting();
              if (waiting > wanted.capacity()) {
                throw new RdmaException(
                    label()
                        + ": "
                        + waiting
                        + " entries wait; poll before "
                        + entries
                        + " suffice");
              }
              filled.continueIn(wanted);
              filled = wanted;
              return true;
            });
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
      int source,
      boolean solicited) {
    if (overrun || !filled.add(of, id, st, op, lengthBytes, wcFlags, imm, source)) {
      // Entries are never overwritten: the poller may be reading them.
      failOnce();
      return;
    }
    int now = armed.get();
    int least = solicited || st != WcStatus.SUCCESS ? FOR_SOLICITED : FOR_ALL;
    while (now >= least && !armed.compareAndSet(now, NOT_ARMED)) {
      now = armed.get();
    }
    if (now >= least && interrupt != null) {
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
