// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.dma.BusWindow;
import ib.transport.MemoryStatus;
import ib.transport.RemoteRange;
import ib.transport.SendWqe;
import ib.transport.hca.ProtectionTable;
import ib.transport.hca.WindowEntry;
import java.util.ArrayList;
import java.util.List;

/**
 * What one end of a connection has of a device's memory: keys of the table that drivers have too,
 * in a protection domain of that device.
 */
final class WorldMemory extends SimMemory {
  final Object pd;

  /** Windows of type 2 are bound to it. */
  final Object life = new Object();

  /** Opens the part to the peer. */
  final int rkey;

  private final WorldDevice device;
  private final ProtectionTable keys;
  private final List<WorldRegion> regions = new ArrayList<>();
  private final List<WindowEntry> windows = new ArrayList<>();
  private final BusWindow run = new BusWindow();

  /** Registers a part, whose keys are {@link #allKey} and {@link #rkey}. */
  WorldMemory(WorldDevice device, Object pd, int start, int bytes) {
    super(device.segment);
    this.device = device;
    this.pd = pd;
    keys = device.keys;
    WorldRegion all = add(new WorldRegion(pd, false, ALL, segment, BASE + start, start, bytes));
    allKey = all.lkey();
    rkey = all.rkey();
  }

  @Override
  int register(long offset, long length, int rights) {
    return add(new WorldRegion(pd, false, rights, segment, BASE + offset, offset, length)).rkey();
  }

  /** A region for fast registration, registered by call. */
  @Override
  int registerFast(long offset, long length, int rights) {
    WorldRegion region = add(new WorldRegion(pd, true, 0, segment, BASE + offset, offset, length));
    keys.register(region, rights);
    return region.rkey();
  }

  WorldRegion add(WorldRegion region) {
    if (!keys.add(region)) {
      throw new AssertionError("the table of keys is full");
    }
    regions.add(region);
    device.opened++;
    return region;
  }

  WindowEntry add(WindowEntry window) {
    if (!keys.add(window)) {
      throw new AssertionError("the table of keys is full");
    }
    windows.add(window);
    device.opened++;
    return window;
  }

  @Override
  void deregister(int key) {
    regions.stream().filter(region -> region.rkey() == key).findFirst().ifPresent(this::remove);
  }

  private void remove(WorldRegion region) {
    if (!keys.remove(region)) {
      throw new AssertionError("a region has windows bound at its end");
    }
    regions.remove(region);
    device.opened--;
  }

  /** Gives everything back. */
  void close() {
    for (WindowEntry window : windows) {
      keys.remove(window);
      device.opened--;
    }
    windows.clear();
    List.copyOf(regions).forEach(this::remove);
  }

  @Override
  boolean isAlive(int key) {
    MemoryStatus status = keys.resolveRemote(pd, life, key, 0, 1, 0, run);
    return status != MemoryStatus.INVALID_KEY;
  }

  @Override
  boolean invalidate(int key) {
    return keys.invalidate(pd, life, key);
  }

  boolean execute(SendWqe entry) {
    return keys.execute(pd, life, entry);
  }

  @Override
  MemoryStatus range(int key, int right, RemoteRange into) {
    return keys.remoteRange(pd, life, key, right, into);
  }

  MemoryStatus local(int key, long address, long length, boolean write, BusWindow window) {
    return keys.resolveLocal(pd, key, address, length, write, window);
  }

  @Override
  MemoryStatus resolve(int key, long address, long length, int right, BusWindow window) {
    return keys.resolveRemote(pd, life, key, address, length, right, window);
  }
}
