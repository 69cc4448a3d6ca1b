// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.firmware;

import ib.dma.BusAccessor;
import ib.driver.ehca.internal.format.Eqe;
import ib.driver.ehca.internal.format.Memory;
import ib.driver.ehca.internal.format.Register;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/** The event queue. Agent thread, but for the registers. */
final class HwEq implements RegisterPage {
  final HwQueue queue;
  private final BusAccessor bus;
  private final MemorySegment entry = Arena.ofAuto().allocate(Eqe.BYTES_PER_ENTRY, 8);
  private final AtomicLong consumed = new AtomicLong();
  private volatile boolean overrun;
  private long written;
  private Runnable interrupt = () -> {};

  HwEq(BusAccessor bus, int entries) {
    this.bus = bus;
    queue = new HwQueue(entries, Eqe.BYTES_PER_ENTRY);
  }

  void connect(Runnable line) {
    interrupt = line;
  }

  void post(int kind, int subject) {
    if (overrun || !queue.isReady()) {
      return;
    }
    if (written - consumed.get() >= queue.entries()) {
      overrun = true;
    } else {
      Memory.put32(entry, Eqe.KIND, kind);
      Memory.put32(entry, Eqe.SUBJECT, subject);
      long address = queue.address(written);
      // An event that can't be written is as bad as one too many.
      overrun =
          !bus.write(address, entry, 0, Eqe.VALID)
              || !bus.writeIntRelease(address + Eqe.VALID, queue.validWord(written));
      written++;
    }
    interrupt.run();
  }

  @Override
  public void store(int offset, long value) {
    if (offset == Register.EQ_CONSUMED) {
      consumed.addAndGet(value);
    }
  }

  @Override
  public long load(int offset) {
    return offset == Register.EQ_OVERRUN && overrun ? 1 : 0;
  }
}
