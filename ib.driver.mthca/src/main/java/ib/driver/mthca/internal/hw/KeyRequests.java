// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.hw;

import ib.dma.BusView;
import ib.dma.DmaAccess;
import ib.driver.mthca.internal.prm.Mpt;
import ib.transport.QpBackend;
import ib.transport.SendWqe;
import ib.verbs.AccessFlags;

/**
 * What requests do to entries of the protection table: fast registration, invalidation, binding of
 * windows. Changes are bytes in context memory, like everything there. Agent thread only.
 */
final class KeyRequests {
  private static final int WINDOW_RIGHTS =
      AccessFlags.REMOTE_READ
          | AccessFlags.REMOTE_WRITE
          | AccessFlags.REMOTE_ATOMIC
          | AccessFlags.FLUSH_GLOBAL
          | AccessFlags.FLUSH_PERSISTENT;

  private final Tpt tpt;
  private final BusView entry;
  private final BusView region;

  KeyRequests(Tpt tpt, BusView entry, BusView region) {
    this.tpt = tpt;
    this.entry = entry;
    this.region = region;
  }

  /** Does a local operation of a queue pair; false if it is refused. */
  boolean execute(SendWqe wqe, int pd, int qpn, int life) {
    return switch (wqe.opcode()) {
      case LOCAL_INV -> invalidate(wqe.key(), pd, qpn, life);
      case REG_MR -> register(wqe, pd);
      case BIND_MW -> bind(wqe, pd, qpn, life);
      default -> false;
    };
  }

  /** Makes a key invalid; false if it is none that this queue pair can make invalid. */
  boolean invalidate(int key, int pd, int qpn, int life) {
    if (!tpt.open(entry, key, DmaAccess.WRITE)) {
      return false;
    }
    int flags = entry.acquire32(Mpt.FLAGS);
    if (!Mpt.isValid(flags) || entry.get32(Mpt.KEY) != key || entry.get32(Mpt.PD) != pd) {
      return false;
    }
    boolean can =
        (flags & Mpt.REGION) != 0
            ? (flags & Mpt.FAST_REG) != 0 && entry.get32(Mpt.WINDOW_COUNT) == 0
            : (flags & Mpt.WINDOW_TYPE_2) != 0
                && entry.get32(Mpt.WINDOW_QPN) == qpn
                && entry.get32(Mpt.WINDOW_LIFE) == life;
    if (can) {
      if ((flags & Mpt.REGION) == 0) {
        countWindow(entry.get32(Mpt.LKEY), -1);
      }
      entry.release32(Mpt.FLAGS, flags | Mpt.FREE);
    }
    return can;
  }

  private boolean register(SendWqe wqe, int pd) {
    if (!tpt.open(entry, wqe.key(), DmaAccess.WRITE)) {
      return false;
    }
    int wanted = Mpt.FREE | Mpt.REGION | Mpt.FAST_REG;
    int flags = entry.acquire32(Mpt.FLAGS);
    if ((flags & (wanted | Mpt.SW_OWNS)) != wanted
        || entry.get32(Mpt.PD) != pd
        || wqe.localLength() <= 0
        || entry.get64(Mpt.LENGTH) != wqe.localLength()) {
      return false;
    }
    entry.put32(Mpt.KEY, wqe.newKey());
    entry.put32(Mpt.LKEY, wqe.key());
    entry.put64(Mpt.START, wqe.localAddress());
    entry.release32(Mpt.FLAGS, Mpt.REGION | Mpt.FAST_REG | Mpt.rights(wqe.access()));
    return true;
  }

  private boolean bind(SendWqe wqe, int pd, int qpn, int life) {
    if (!tpt.open(entry, wqe.newKey(), DmaAccess.WRITE)) {
      return false;
    }
    int flags = entry.acquire32(Mpt.FLAGS);
    boolean second = (flags & Mpt.WINDOW_TYPE_2) != 0;
    boolean free = (flags & Mpt.FREE) != 0;
    if ((flags & (Mpt.WINDOW | Mpt.SW_OWNS)) != Mpt.WINDOW
        || entry.get32(Mpt.PD) != pd
        || (second && (!free || wqe.localLength() == 0))) {
      return false;
    }
    boolean unbinds = wqe.localLength() == 0;
    if (!unbinds && !admits(wqe, pd)) {
      return false;
    }
    if (!free) {
      countWindow(entry.get32(Mpt.LKEY), -1);
    }
    int kind = flags & (Mpt.WINDOW | Mpt.WINDOW_TYPE_2);
    entry.put32(Mpt.KEY, wqe.newKey());
    if (unbinds) {
      entry.release32(Mpt.FLAGS, kind | Mpt.FREE);
      return true;
    }
    entry.put32(Mpt.LKEY, wqe.regionKey());
    entry.put64(Mpt.START, wqe.localAddress());
    entry.put64(Mpt.LENGTH, wqe.localLength());
    entry.put32(Mpt.WINDOW_QPN, qpn);
    entry.put32(Mpt.WINDOW_LIFE, life);
    countWindow(wqe.regionKey(), 1);
    entry.release32(Mpt.FLAGS, kind | Mpt.remote(wqe.access()));
    return true;
  }

  /**
   * Whether a window may be bound as the entry says: key, domain, rights and range of the region.
   */
  private boolean admits(SendWqe wqe, int pd) {
    int access = wqe.access();
    if ((access & ~WINDOW_RIGHTS) != 0
        || !tpt.open(region, wqe.regionKey(), DmaAccess.READ)
        || region.get32(Mpt.LKEY) != wqe.regionKey()
        || region.get32(Mpt.PD) != pd) {
      return false;
    }
    int flags = region.acquire32(Mpt.FLAGS);
    int need = Mpt.REGION | Mpt.BIND | (QpBackend.writes(access) ? Mpt.LOCAL_WRITE : 0);
    return Mpt.isValid(flags)
        && (flags & need) == need
        && ((flags & Mpt.PHYSICAL) != 0
            || Tpt.isInside(
                wqe.localAddress(),
                wqe.localLength(),
                region.get64(Mpt.START),
                region.get64(Mpt.LENGTH)));
  }

  /** A window that software takes back is bound no more. */
  void unbind() {
    int flags = entry.acquire32(Mpt.FLAGS);
    if (Mpt.isValid(flags) && (flags & Mpt.WINDOW) != 0) {
      countWindow(entry.get32(Mpt.LKEY), -1);
    }
  }

  private void countWindow(int lkey, int n) {
    if (tpt.open(region, lkey, DmaAccess.WRITE)) {
      region.put32(Mpt.WINDOW_COUNT, region.get32(Mpt.WINDOW_COUNT) + n);
    }
  }
}
