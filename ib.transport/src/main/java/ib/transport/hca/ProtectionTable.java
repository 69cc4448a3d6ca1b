// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.transport.MemoryStatus;
import ib.transport.QpBackend;
import ib.transport.RemoteRange;
import ib.transport.SendWqe;
import ib.verbs.AccessFlags;
import ib.verbs.MwType;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The keys of a device whose tables are objects: checks every access (key, state, protection
 * domain, rights, bounds), and does what requests do to keys (specification 10.6). Agent thread
 * only, but for {@link #nextLkey} and {@link #nextRkey}.
 */
public final class ProtectionTable {
  private static final int WINDOW_RIGHTS =
      AccessFlags.REMOTE_READ
          | AccessFlags.REMOTE_WRITE
          | AccessFlags.REMOTE_ATOMIC
          | AccessFlags.FLUSH_GLOBAL
          | AccessFlags.FLUSH_PERSISTENT;

  private final KeyTable<Object> lkeys;
  private final KeyTable<Object> rkeys;

  private ProtectionTable(KeyTable<Object> lkeys, KeyTable<Object> rkeys) {
    this.lkeys = lkeys;
    this.rkeys = rkeys;
  }

  /**
   * A table whose regions have one key for local and remote use.
   *
   * @param capacity most regions and windows
   * @param random of the keys
   * @return an empty table
   */
  public static ProtectionTable ofOneKey(int capacity, RandomGenerator random) {
    KeyTable<Object> keys = new KeyTable<>(capacity, random);
    return new ProtectionTable(keys, keys);
  }

  /**
   * A table whose regions have two keys.
   *
   * @param capacity most regions and windows
   * @param random of the keys
   * @return an empty table
   */
  public static ProtectionTable ofTwoKeys(int capacity, RandomGenerator random) {
    return new ProtectionTable(new KeyTable<>(capacity, random), new KeyTable<>(capacity, random));
  }

  private boolean hasTwoKeys() {
    return !lkeys.equals(rkeys);
  }

  // Regions and windows come and go.

  /**
   * Gives a region keys.
   *
   * @param region without keys
   * @return false if the table is full
   */
  public boolean add(Region region) {
    int lkey = lkeys.add(region);
    int rkey = hasTwoKeys() ? rkeys.add(region) : lkey;
    if (lkey == 0 || rkey == 0) {
      lkeys.remove(lkey);
      rkeys.remove(rkey);
      return false;
    }
    region.setKeys(lkey, rkey);
    return true;
  }

  /**
   * Takes a region's keys.
   *
   * @param region with keys
   * @return false if windows are bound to it: nothing changed
   */
  public boolean remove(Region region) {
    if (region.boundWindows() > 0) {
      return false;
    }
    lkeys.remove(region.lkey());
    rkeys.remove(region.rkey());
    return true;
  }

  /**
   * Gives a window a key.
   *
   * @param window without a key
   * @return false if the table is full
   */
  public boolean add(WindowEntry window) {
    window.key = rkeys.add(window);
    return window.key != 0;
  }

  /**
   * Takes a window's key; it may be bound.
   *
   * @param window with a key
   */
  public void remove(WindowEntry window) {
    window.unbind();
    rkeys.remove(window.key);
  }

  /** Forgets everything. */
  public void clear() {
    lkeys.clear();
    rkeys.clear();
  }

  /**
   * The local key that a registration by work request will give. Any thread.
   *
   * @param lkey last one
   * @return dead until the request is done
   */
  public int nextLkey(int lkey) {
    return lkeys.next(lkey);
  }

  /**
   * The remote key that a registration or bind by work request will give. Any thread.
   *
   * @param rkey last one
   * @return dead until the request is done
   */
  public int nextRkey(int rkey) {
    return rkeys.next(rkey);
  }

  /**
   * Registers by call: new keys, valid at once. The region has its place.
   *
   * @param region for fast registration
   * @param access rights
   * @return false if windows are bound to it: nothing changed
   */
  public boolean register(Region region, int access) {
    return renew(region, true, access);
  }

  /**
   * Makes a region invalid by call.
   *
   * @param region for fast registration
   * @return false if windows are bound to it: nothing changed
   */
  public boolean invalidate(Region region) {
    return renew(region, false, 0);
  }

  private boolean renew(Region region, boolean valid, int access) {
    if (region.boundWindows() > 0) {
      return false;
    }
    int lkey = lkeys.renew(region.lkey());
    region.setKeys(lkey, hasTwoKeys() ? rkeys.renew(region.rkey()) : lkey);
    region.setValid(valid, access);
    return true;
  }

  // The data path.

  /**
   * {@link QpBackend#resolveLocal}.
   *
   * @param pd of the queue pair
   */
  public MemoryStatus resolveLocal(
      Object pd, int lkey, long address, long lengthBytes, boolean write, BusWindow window) {
    if (!(lkeys.find(lkey) instanceof Region region) || !region.isOf(pd) || !region.isValid()) {
      return MemoryStatus.INVALID_KEY;
    }
    if (!region.admits(write ? AccessFlags.LOCAL_WRITE : 0)) {
      return MemoryStatus.NO_RIGHT;
    }
    return locate(region, address, lengthBytes, write ? AccessFlags.REMOTE_WRITE : 0, window);
  }

  private static MemoryStatus locate(
      Region region, long address, long lengthBytes, int need, BusWindow window) {
    if (!region.contains(address, lengthBytes)) {
      return MemoryStatus.OUT_OF_BOUNDS;
    }
    if ((need & AccessFlags.REMOTE_ATOMIC) != 0) {
      // It reads, too.
      MemoryStatus status = region.locate(address, lengthBytes, DmaAccess.READ, window);
      if (status != MemoryStatus.OK) {
        return status;
      }
    }
    DmaAccess way = QpBackend.writes(need) ? DmaAccess.WRITE : DmaAccess.READ;
    return region.locate(address, lengthBytes, way, window);
  }

  /**
   * {@link QpBackend#resolveRemote}.
   *
   * @param pd of the queue pair
   * @param qp the queue pair in its present life, compared with {@code equals}
   */
  public MemoryStatus resolveRemote(
      Object pd, Object qp, int rkey, long address, long bytes, int need, BusWindow to) {
    Object found = rkeys.find(rkey);
    if (found instanceof Region region && region.isOf(pd) && region.isValid()) {
      return region.admits(need) ? locate(region, address, bytes, need, to) : MemoryStatus.NO_RIGHT;
    }
    if (found instanceof WindowEntry window && opens(window, pd, qp)) {
      return throughWindow(window, address, bytes, need, to);
    }
    return MemoryStatus.INVALID_KEY;
  }

  private static boolean opens(WindowEntry window, Object pd, Object qp) {
    return window.isBound()
        && window.pd.equals(pd)
        && (window.type == MwType.TYPE_1 || qp.equals(window.qp));
  }

  private static MemoryStatus throughWindow(
      WindowEntry window, long address, long bytes, int need, BusWindow to) {
    Region region = window.region;
    if (region == null || !region.isValid()) {
      return MemoryStatus.INVALID_KEY;
    }
    if ((window.access & need) != need) {
      return MemoryStatus.NO_RIGHT;
    }
    return window.contains(address, bytes)
        ? locate(region, address, bytes, need, to)
        : MemoryStatus.OUT_OF_BOUNDS;
  }

  /** {@link QpBackend#remoteRange}, for a queue pair of a protection domain. */
  public MemoryStatus remoteRange(Object pd, Object qp, int rkey, int need, RemoteRange into) {
    Object found = rkeys.find(rkey);
    if (found instanceof Region region && region.isOf(pd) && region.isValid()) {
      region.range(into);
      return region.admits(need) ? MemoryStatus.OK : MemoryStatus.NO_RIGHT;
    }
    if (found instanceof WindowEntry window && opens(window, pd, qp)) {
      into.set(window.address, window.lengthBytes);
      return (window.access & need) == need ? MemoryStatus.OK : MemoryStatus.NO_RIGHT;
    }
    return MemoryStatus.INVALID_KEY;
  }

  // Requests that change keys.

  /** {@link QpBackend#executeLocal}, for a queue pair of a protection domain. */
  public boolean execute(Object pd, Object qp, SendWqe entry) {
    return switch (entry.opcode()) {
      case LOCAL_INV -> invalidate(pd, qp, entry.key());
      case REG_MR -> register(pd, entry);
      case BIND_MW -> bind(pd, qp, entry);
      default -> false;
    };
  }

  /**
   * Makes a key invalid: LOCAL_INV, and {@link QpBackend#invalidateRemote}.
   *
   * @param pd of the queue pair
   * @param qp the queue pair
   * @param rkey of a region for fast registration or of a window of type 2
   * @return false if it is none that can be made invalid by this queue pair
   */
  public boolean invalidate(Object pd, Object qp, int rkey) {
    Object found = rkeys.find(rkey);
    if (found instanceof Region region && region.isOf(pd) && region.canBeInvalidated()) {
      region.setValid(false, 0);
      return true;
    }
    if (found instanceof WindowEntry window
        && window.type == MwType.TYPE_2
        && opens(window, pd, qp)) {
      window.unbind();
      return true;
    }
    return false;
  }

  private boolean register(Object pd, SendWqe entry) {
    if (!(lkeys.findIndex(entry.key()) instanceof Region region)
        || !region.equals(rkeys.findIndex(entry.newKey()))
        || !region.isOf(pd)
        || !region.isFast()
        || region.isValid()
        || !region.place(entry.localAddress(), entry.localLength())) {
      return false;
    }
    lkeys.replace(entry.key());
    rkeys.replace(entry.newKey());
    region.setKeys(entry.key(), entry.newKey());
    region.setValid(true, entry.access());
    return true;
  }

  private boolean bind(Object pd, Object qp, SendWqe entry) {
    if (!(rkeys.find(entry.key()) instanceof WindowEntry window)
        || !window.pd.equals(pd)
        || !window.equals(rkeys.findIndex(entry.newKey()))
        || (window.type == MwType.TYPE_2 && (window.isBound() || entry.localLength() == 0))) {
      return false;
    }
    Region region = entry.localLength() == 0 ? null : bindable(pd, entry);
    if (region == null && entry.localLength() != 0) {
      return false;
    }
    window.unbind();
    rkeys.replace(entry.newKey());
    window.key = entry.newKey();
    if (region != null) {
      window.bind(region, qp, entry.localAddress(), entry.localLength(), entry.access());
    }
    return true;
  }

  /** The region that a window may be bound to as the entry says, or null. */
  private @Nullable Region bindable(Object pd, SendWqe entry) {
    boolean fits =
        lkeys.find(entry.regionKey()) instanceof Region region
            && region.isOf(pd)
            && region.isValid()
            && region.admits(bindRights(entry.access()))
            && (entry.access() & ~WINDOW_RIGHTS) == 0
            && region.contains(entry.localAddress(), entry.localLength());
    return fits ? (Region) lkeys.find(entry.regionKey()) : null;
  }

  /** Rights that a region needs, so that a window with some rights may be bound to it. */
  static int bindRights(int access) {
    boolean writes = QpBackend.writes(access);
    return AccessFlags.MW_BIND | (writes ? AccessFlags.LOCAL_WRITE : 0);
  }
}
