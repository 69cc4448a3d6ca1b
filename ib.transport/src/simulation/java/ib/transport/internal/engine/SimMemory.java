// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.dma.BusWindow;
import ib.transport.MemoryStatus;
import ib.transport.RemoteRange;
import ib.verbs.AccessFlags;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/** Memory of a simulated device: one segment, regions with keys, resolved in short runs. */
class SimMemory {
  static final int LOCAL_WRITE = AccessFlags.LOCAL_WRITE;
  static final int REMOTE_WRITE = AccessFlags.REMOTE_WRITE;
  static final int REMOTE_READ = AccessFlags.REMOTE_READ;

  /** All rights. */
  static final int ALL = AccessFlags.ALL;

  private record Region(
      long address, long offset, long length, int rights, boolean canBeInvalidated) {}

  static final int RUN_BYTES = 1000;

  final MemorySegment segment;
  private final Map<Integer, Region> regions = new HashMap<>();
  private int nextKey = 0x1000;

  /** Local key of the region that the fields below describe: all memory, all rights. */
  int allKey;

  /** Address of the first byte in the meaning of the all-memory region; its top bit is set. */
  static final long BASE = 0x8000_0000_1234_0000L;

  SimMemory(int bytes) {
    this(Arena.ofAuto().allocate(bytes, 64));
  }

  SimMemory(MemorySegment segment) {
    this.segment = segment;
    allKey = open(0, segment.byteSize(), ALL);
  }

  int register(long offset, long length, int rights) {
    return open(offset, length, rights);
  }

  private int open(long offset, long length, int rights) {
    int key = nextKey;
    nextKey += 0x111;
    put(key, BASE + offset, offset, length, rights, false);
    return key;
  }

  /** A region whose key can be made invalid by requests. */
  int registerFast(long offset, long length, int rights) {
    int key = register(offset, length, rights);
    put(key, BASE + offset, offset, length, rights, true);
    return key;
  }

  void put(int key, long address, long offset, long length, int rights, boolean canBeInvalidated) {
    regions.put(key, new Region(address, offset, length, rights, canBeInvalidated));
  }

  boolean isAlive(int key) {
    return regions.containsKey(key);
  }

  boolean invalidate(int key) {
    Region region = regions.get(key);
    boolean can = region != null && region.canBeInvalidated;
    if (can) {
      regions.remove(key);
    }
    return can;
  }

  /** Opens a part of a region that admits it by another key. */
  boolean bind(int regionKey, int key, long address, long length, int rights) {
    Region region = regions.get(regionKey);
    if (region == null
        || (region.rights & AccessFlags.MW_BIND) == 0
        || address < region.address
        || address - region.address > region.length - length) {
      return false;
    }
    put(key, address, region.offset + (address - region.address), length, rights, true);
    return true;
  }

  MemoryStatus range(int key, int right, RemoteRange into) {
    Region region = regions.get(key);
    if (region == null) {
      return MemoryStatus.INVALID_KEY;
    }
    if ((region.rights & right) != right) {
      return MemoryStatus.NO_RIGHT;
    }
    into.set(region.address, region.length);
    return MemoryStatus.OK;
  }

  void deregister(int key) {
    regions.remove(key);
  }

  MemoryStatus resolve(int key, long address, long length, int right, BusWindow window) {
    Region region = regions.get(key);
    if (region == null) {
      return MemoryStatus.INVALID_KEY;
    }
    long at = address - region.address;
    if (at < 0 || length < 0 || at > region.length - length) {
      return MemoryStatus.OUT_OF_BOUNDS;
    }
    if ((region.rights & right) != right) {
      return MemoryStatus.NO_RIGHT;
    }
    long offset = region.offset + at;
    long run = Math.min(length, RUN_BYTES - offset % RUN_BYTES);
    window.set(segment, offset, run);
    return MemoryStatus.OK;
  }
}
