// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.hw;

import ib.dma.BusView;
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
import ib.transport.RemoteRange;
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
  private final BusView mpt;
  private final BusView mtt;

  /** Of the region behind a window. */
  private final BusView behind;

  private final KeyRequests requests;
  private final BusWindow rest = new BusWindow();
  private long mptBase;
  private int mptEntries;
  private long mttBase;
  private int mttEntries;

  Tpt(DmaBus bus, Icm icm) {
    this.bus = bus;
    this.icm = icm;
    mpt = new BusView(bus);
    mtt = new BusView(bus);
    behind = new BusView(bus);
    requests = new KeyRequests(this, mpt, behind);
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
    int windows = mpt.get32(Mpt.WINDOW_COUNT);
    if ((mpt.get32(Mpt.FLAGS) & Mpt.REGION) != 0 && windows != 0) {
      throw new CommandFault(
          CommandStatus.REG_BOUND, "the region has " + windows + " windows bound");
    }
    requests.unbind();
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

  /** What requests do to entries. */
  KeyRequests requests() {
    return requests;
  }

  /** Opens the entry of a key; false if there is none. */
  boolean open(BusView into, int key, DmaAccess access) {
    int index = key >>> KEY_TAG_BITS;
    long at = index < mptEntries ? icm.translate(mptBase + (long) index * Mpt.BYTES) : Icm.UNMAPPED;
    return at != Icm.UNMAPPED && into.open(at, Mpt.BYTES, access);
  }

  /** Whether a range lies inside another, without overflow. */
  static boolean isInside(long address, long bytes, long start, long length) {
    long offset = address - start;
    return offset >= 0 && offset <= length && bytes <= length - offset;
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
    MemoryStatus status = check(key, pd);
    if (status != MemoryStatus.OK) {
      return status;
    }
    int flags = mpt.acquire32(Mpt.FLAGS);
    if ((flags & Mpt.REGION) == 0) {
      return MemoryStatus.INVALID_KEY;
    }
    return (flags & right) == right
        ? resolveRegion(mpt, flags, address, lengthBytes, access, window)
        : MemoryStatus.NO_RIGHT;
  }

  /** As {@link #resolve}, where windows count too: for the peer of a queue pair. */
  MemoryStatus resolveRemote(
      int key,
      HwQp qp,
      int right,
      long address,
      long lengthBytes,
      DmaAccess access,
      BusWindow window) {
    MemoryStatus status = check(key, qp.pd());
    if (status != MemoryStatus.OK) {
      return status;
    }
    int flags = mpt.acquire32(Mpt.FLAGS);
    boolean region = (flags & Mpt.REGION) != 0;
    if (!region && !isUsableBy(qp, flags)) {
      return MemoryStatus.INVALID_KEY;
    }
    if ((flags & right) != right) {
      return MemoryStatus.NO_RIGHT;
    }
    return region
        ? resolveRegion(mpt, flags, address, lengthBytes, access, window)
        : throughWindow(qp.pd(), address, lengthBytes, access, window);
  }

  /** Key, state and protection domain; leaves the entry open. */
  private MemoryStatus check(int key, int pd) {
    boolean opens =
        open(mpt, key, DmaAccess.READ)
            && Mpt.isValid(mpt.acquire32(Mpt.FLAGS))
            && mpt.get32(Mpt.KEY) == key
            && mpt.get32(Mpt.PD) == pd;
    return opens ? MemoryStatus.OK : MemoryStatus.INVALID_KEY;
  }

  /** A window of type 2 is for the queue pair that it was bound by. */
  private boolean isUsableBy(HwQp qp, int flags) {
    return (flags & Mpt.WINDOW_TYPE_2) == 0
        || (mpt.get32(Mpt.WINDOW_QPN) == qp.qpn() && mpt.get32(Mpt.WINDOW_LIFE) == qp.life());
  }

  private MemoryStatus throughWindow(
      int pd, long address, long lengthBytes, DmaAccess access, BusWindow window) {
    if (!isInside(address, lengthBytes, mpt.get64(Mpt.START), mpt.get64(Mpt.LENGTH))) {
      return MemoryStatus.OUT_OF_BOUNDS;
    }
    int lkey = mpt.get32(Mpt.LKEY);
    if (!open(behind, lkey, DmaAccess.READ)) {
      return MemoryStatus.INVALID_KEY;
    }
    int flags = behind.acquire32(Mpt.FLAGS);
    return Mpt.isValid(flags)
            && (flags & Mpt.REGION) != 0
            && behind.get32(Mpt.LKEY) == lkey
            && behind.get32(Mpt.PD) == pd
        ? resolveRegion(behind, flags, address, lengthBytes, access, window)
        : MemoryStatus.INVALID_KEY;
  }

  private MemoryStatus resolveRegion(
      BusView entry,
      int flags,
      long address,
      long lengthBytes,
      DmaAccess access,
      BusWindow window) {
    if ((flags & Mpt.PHYSICAL) != 0) {
      return BusFaults.status(bus.resolve(address, lengthBytes, access, window));
    }
    long start = entry.get64(Mpt.START);
    if (!isInside(address, lengthBytes, start, entry.get64(Mpt.LENGTH))) {
      return MemoryStatus.OUT_OF_BOUNDS;
    }
    long from = entry.get32(Mpt.FIRST_BYTE_OFFSET) + (address - start);
    return resolvePages(entry.get64(Mpt.MTT_SEG), from, lengthBytes, access, window);
  }

  /** What a key opens to the peer of a queue pair. */
  MemoryStatus range(int key, HwQp qp, int right, RemoteRange into) {
    MemoryStatus status = check(key, qp.pd());
    if (status != MemoryStatus.OK) {
      return status;
    }
    int flags = mpt.acquire32(Mpt.FLAGS);
    if ((flags & Mpt.REGION) == 0 && !isUsableBy(qp, flags)) {
      return MemoryStatus.INVALID_KEY;
    }
    boolean all = (flags & Mpt.PHYSICAL) != 0;
    into.set(all ? 0 : mpt.get64(Mpt.START), all ? 0 : mpt.get64(Mpt.LENGTH));
    return (flags & right) == right ? MemoryStatus.OK : MemoryStatus.NO_RIGHT;
  }

  /** Page by page; the first goes to the caller's window. */
  private MemoryStatus resolvePages(
      long firstEntry, long from, long lengthBytes, DmaAccess access, BusWindow window) {
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
