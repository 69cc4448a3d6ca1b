// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.firmware;

import ib.dma.BusView;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.driver.ehca.internal.format.Cqe;
import ib.driver.ehca.internal.format.Eqe;
import ib.driver.ehca.internal.format.HcallStatus;
import ib.driver.ehca.internal.format.Register;
import ib.driver.ehca.internal.format.WcCodes;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A completion queue: writes entries through the bus, the valid word last. Agent thread, but for
 * the registers.
 */
final class HwCq implements RegisterPage {
  private static final int NOT_ARMED = 0;
  private static final int FOR_SOLICITED = 1;
  private static final int FOR_ALL = 2;

  HwQueue queue;
  final int token;
  private final HwEq eq;
  private final BusView entry;
  private final AtomicLong consumed = new AtomicLong();
  private final AtomicInteger notify = new AtomicInteger();

  /** Position of the first entry of the present queue. */
  private long base;

  /** Where entries will go on, not given all its pages yet. */
  private @Nullable HwQueue wanted;

  private long written;
  private boolean overrun;
  private boolean reported;

  HwCq(DmaBus bus, HwEq eq, int entries, int token) {
    this.entry = new BusView(bus);
    this.eq = eq;
    this.token = token;
    queue = new HwQueue(entries, Cqe.BYTES_PER_ENTRY);
  }

  /** Begins a resize. */
  HwQueue resize(int entries) {
    HwQueue made = new HwQueue(entries, Cqe.BYTES_PER_ENTRY);
    wanted = made;
    return made;
  }

  /** A page of the queue that entries will go on in. */
  int registerResized(long page) {
    return wanted == null ? HcallStatus.H_PARAMETER : wanted.register(page);
  }

  /** Entries that were not consumed. */
  long waiting() {
    return written - consumed.get();
  }

  /**
   * Ends a resize: entries go on in the new queue.
   *
   * @return position of the first one, or -1 if the queue lacks pages or is too small
   */
  long commitResize() {
    HwQueue next = wanted;
    if (next == null || !next.isReady() || waiting() > next.entries()) {
      return -1;
    }
    wanted = null;
    queue = next;
    base = written;
    return base;
  }

  /**
   * Begins a new entry, in place: all but what {@link #commit} adds.
   *
   * @return false if the queue overran now or before: there is no entry
   */
  boolean begin(int qpn, long wrId, long position, boolean receive) {
    if (overrun
        || written - consumed.get() >= queue.entries()
        || !entry.open(queue.address(written - base), Cqe.BYTES_PER_ENTRY, DmaAccess.WRITE)) {
      overrun = true;
      return false;
    }
    entry.put64(Cqe.WORK_REQUEST_ID, wrId);
    entry.put32(Cqe.OPERATION, 0);
    entry.put8(Cqe.FLAGS, receive ? Cqe.IS_RECEIVE : 0);
    entry.put32(Cqe.IMMEDIATE, 0);
    entry.put32(Cqe.LOCAL_QPN, qpn);
    entry.put32(Cqe.REMOTE_QPN, 0);
    entry.put32(Cqe.SRQ_TOKEN, 0);
    entry.put64(Cqe.POSITION, position);
    return true;
  }

  /** What {@link #begin} began. */
  BusView entry() {
    return entry;
  }

  /** Ends the begun entry and gives it to software. */
  void commit(WcStatus status, WcOpcode opcode, int lengthBytes, boolean solicited) {
    entry.put8(Cqe.OPERATION, WcCodes.code(opcode));
    entry.put8(Cqe.STATUS, WcCodes.code(status));
    entry.put32(Cqe.BYTES, lengthBytes);
    entry.release32(Cqe.VALID, queue.validWord(written - base));
    written++;
    // The entry, then the look at the register; the driver does the two the other way round.
    VarHandle.fullFence();
    int least = solicited || status != WcStatus.SUCCESS ? FOR_SOLICITED : FOR_ALL;
    int now = notify.get();
    while (now >= least && !notify.compareAndSet(now, NOT_ARMED)) {
      now = notify.get();
    }
    if (now >= least) {
      eq.post(Eqe.COMPLETION, token);
    }
  }

  /** True at the first call. */
  boolean reportOverrun() {
    boolean first = !reported;
    reported = true;
    return first;
  }

  @Override
  public void store(int offset, long value) {
    switch (offset) {
      case Register.CQ_CONSUMED -> consumed.addAndGet(value);
      case Register.CQ_NOTIFY -> {
        if (value == 1) {
          notify.set(FOR_ALL);
        } else {
          notify.compareAndSet(NOT_ARMED, FOR_SOLICITED);
        }
      }
      default -> {}
    }
  }

  @Override
  public long load(int offset) {
    return offset == Register.CQ_NOTIFY && notify.get() != NOT_ARMED ? 1 : 0;
  }
}
