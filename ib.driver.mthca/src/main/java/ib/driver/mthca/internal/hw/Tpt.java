// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.hw;

import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.dma.DmaFault;
import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.CommandStatus;
import ib.driver.mthca.internal.prm.MapEntries;
import ib.driver.mthca.internal.prm.Mpt;
import ib.driver.mthca.internal.prm.Mtt;
import ib.transport.MemoryStatus;
import ib.transport.hca.BusFaults;
import java.lang.foreign.MemorySegment;

/**
 * Translation and protection. Both tables lie in context memory and are read there at each access:
 * what software took back opens nothing any more. Agent thread only.
 */
final class Tpt {
  private static final int KEY_TAG_BITS = 8;
  private static final int PAGE_MASK = MapEntries.PAGE - 1;

  private final DmaBus bus;
  private final Icm icm;
  private final HostMemory mpt;
  private final HostMemory mtt;
  private final BusWindow rest = new BusWindow();
  private long mptBase;
  private int mptEntries;
  private long mttBase;
  private int mttEntries;

  Tpt(DmaBus bus, Icm icm) {
    this.bus = bus;
    this.icm = icm;
    mpt = new HostMemory(bus);
    mtt = new HostMemory(bus);
  }

  void place(long mptAt, int mpts, long mttAt, int mtts) {
    mptBase = mptAt;
    mptEntries = mpts;
    mttBase = mttAt;
    mttEntries = mtts;
  }

  // Commands.

  /** Takes over an entry of the protection table. */
  void softwareToHardware(int index, MemorySegment entry) throws CommandFault {
    openMpt(index);
    for (int at = Mpt.PAGE_SIZE; at < Mpt.BYTES; at += 4) {
      mpt.put32(at, Be.get32(entry, at));
    }
    // The owner last: until then nobody looks at the rest.
    mpt.release32(Mpt.FLAGS, Be.get32(entry, Mpt.FLAGS) & ~Mpt.SW_OWNS);
  }

  /** Gives an entry back. */
  void hardwareToSoftware(int index) throws CommandFault {
    openMpt(index);
    mpt.release32(Mpt.FLAGS, mpt.get32(Mpt.FLAGS) | Mpt.SW_OWNS);
  }

  private void openMpt(int index) throws CommandFault {
    if (index < 0 || index >= mptEntries) {
      throw new CommandFault(
          CommandStatus.BAD_INDEX, "protection entry " + index + "; there are " + mptEntries);
    }
    long at = icm.translate(mptBase + (long) index * Mpt.BYTES);
    if (at == Icm.UNMAPPED || !mpt.open(at, Mpt.BYTES, DmaAccess.WRITE)) {
      throw new CommandFault(
          CommandStatus.LAM_NOT_PRE, "protection entry " + index + " has no context memory");
    }
  }

  /** Writes one translation. */
  void writeTranslation(int index, long entry) throws CommandFault {
    if (index < 0 || index >= mttEntries) {
      throw new CommandFault(
          CommandStatus.BAD_INDEX, "translation " + index + "; there are " + mttEntries);
    }
    long at = icm.translate(mttBase + (long) index * Mtt.BYTES);
    if (at == Icm.UNMAPPED || !mtt.open(at, Mtt.BYTES, DmaAccess.WRITE)) {
      throw new CommandFault(
          CommandStatus.LAM_NOT_PRE, "translation " + index + " has no context memory");
    }
    mtt.put32(0, (int) (entry >>> 32));
    mtt.put32(4, (int) entry);
  }

  /** Reads the translations of a queue. */
  long[] pagesOf(int index, int count) throws CommandFault {
    long[] pages = new long[count];
    for (int i = 0; i < count; i++) {
      long page = index < 0 || index + i >= mttEntries ? 0 : translation(index + i);
      if ((page & Mtt.PRESENT) == 0) {
        throw new CommandFault(
            CommandStatus.BAD_PARAM, "page " + i + " of the queue has no translation");
      }
      pages[i] = page & ~(long) PAGE_MASK;
    }
    return pages;
  }

  /** An entry of the translation table; not present if it can't be read. */
  private long translation(int index) {
    long at = icm.translate(mttBase + (long) index * Mtt.BYTES);
    return at != Icm.UNMAPPED && mtt.open(at, Mtt.BYTES, DmaAccess.READ) ? mtt.get64(0) : 0;
  }

  // The data path.

  /**
   * Checks key, protection domain, right and bounds, and resolves the beginning of a range, all of
   * which is checked.
   *
   * @param right flag of {@link Mpt} that must be there
   */
  MemoryStatus resolve(
      int key,
      int pd,
      int right,
      long address,
      long lengthBytes,
      DmaAccess access,
      BusWindow window) {
    int index = key >>> KEY_TAG_BITS;
    long at = index < mptEntries ? icm.translate(mptBase + (long) index * Mpt.BYTES) : -1;
    if (at == Icm.UNMAPPED || !mpt.open(at, Mpt.BYTES, DmaAccess.READ)) {
      return MemoryStatus.INVALID_KEY;
    }
    int flags = mpt.acquire32(Mpt.FLAGS);
    if ((flags & Mpt.SW_OWNS) != 0
        || (flags & Mpt.REGION) == 0
        || mpt.get32(Mpt.KEY) != key
        || mpt.get32(Mpt.PD) != pd) {
      return MemoryStatus.INVALID_KEY;
    }
    if ((flags & right) != right) {
      return MemoryStatus.NO_RIGHT;
    }
    if ((flags & Mpt.PHYSICAL) != 0) {
      return BusFaults.status(bus.resolve(address, lengthBytes, access, window));
    }
    long offset = address - mpt.get64(Mpt.START);
    long length = mpt.get64(Mpt.LENGTH);
    if (offset < 0 || offset > length || lengthBytes > length - offset) {
      return MemoryStatus.OUT_OF_BOUNDS;
    }
    return resolvePages(mpt.get32(Mpt.FIRST_BYTE_OFFSET) + offset, lengthBytes, access, window);
  }

  /** Page by page; the first goes to the caller's window. */
  private MemoryStatus resolvePages(
      long from, long lengthBytes, DmaAccess access, BusWindow window) {
    long firstEntry = mpt.get64(Mpt.MTT_SEG);
    BusWindow to = window;
    long end = from + lengthBytes;
    for (long at = from; at < end; ) {
      int inPage = (int) at & PAGE_MASK;
      long run = Math.min(MapEntries.PAGE - inPage, end - at);
      long page = page(firstEntry + (at >>> MapEntries.PAGE_SHIFT));
      if ((page & Mtt.PRESENT) == 0) {
        return MemoryStatus.BUS_FAULT;
      }
      DmaFault fault = bus.resolve((page & ~(long) PAGE_MASK) + inPage, run, access, to);
      if (fault != DmaFault.NONE) {
        return BusFaults.status(fault);
      }
      to = rest;
      at += run;
    }
    return MemoryStatus.OK;
  }

  private long page(long index) {
    return index < 0 || index >= mttEntries ? 0 : translation((int) index);
  }
}
