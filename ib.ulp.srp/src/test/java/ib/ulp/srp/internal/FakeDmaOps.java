// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.dma.DmaBus;
import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import ib.dma.ScatterList;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Ops whose addresses are like no virtual address. The device works on a shadow of each mapping, so
 * that a missing sync shows as stale data, and misuse is noted.
 */
final class FakeDmaOps implements IbDmaOps {
  private static final long ERROR = -1;

  private static final class Mapping {
    final MemorySegment cpu;
    final MemorySegment shadow;
    final DmaDirection direction;

    Mapping(MemorySegment cpu, DmaDirection direction) {
      this.cpu = cpu;
      this.direction = direction;
      shadow = MemorySegment.ofArray(new byte[(int) cpu.byteSize()]);
      if (direction.deviceMayRead()) {
        shadow.copyFrom(cpu);
      }
    }
  }

  final List<String> misuse = new CopyOnWriteArrayList<>();
  private final TreeMap<Long, Mapping> mappings = new TreeMap<>();
  private long next;
  private int failingMaps;
  private int throwingMaps;
  private int throwingUnmaps;

  FakeDmaOps(long base) {
    next = base;
  }

  synchronized int live() {
    return mappings.size();
  }

  /** The next maps of lists fail. */
  synchronized void failMaps(int count) {
    failingMaps = count;
  }

  /** The next maps of lists throw. */
  synchronized void throwAtMaps(int count) {
    throwingMaps = count;
  }

  /** The next unmaps of lists throw, after half of their work. */
  synchronized void throwAtUnmaps(int count) {
    throwingUnmaps = count;
  }

  private long map(DmaMemory memory, long offset, long length, DmaDirection direction) {
    long address = next;
    next += (length + 0x1FFF) & ~0xFFFL;
    memory.tryPin();
    mappings.put(address, new Mapping(memory.segment().asSlice(offset, length), direction));
    return address;
  }

  private void unmap(long address, long length, DmaDirection direction, DmaMemory memory) {
    Mapping mapping = mappings.remove(address);
    if (mapping == null || mapping.cpu.byteSize() != length || mapping.direction != direction) {
      misuse.add("unmap of 0x" + Long.toHexString(address) + " " + length + " " + direction);
    } else if (direction.deviceMayWrite()) {
      mapping.cpu.copyFrom(mapping.shadow);
    }
    if (memory != null) {
      memory.unpin();
    }
  }

  /** What the device sees at an address, or null for a protection error. */
  synchronized MemorySegment device(long address, long length, boolean write) {
    Map.Entry<Long, Mapping> entry = mappings.floorEntry(address);
    if (entry == null) {
      return null;
    }
    Mapping mapping = entry.getValue();
    long offset = address - entry.getKey();
    boolean allowed =
        write ? mapping.direction.deviceMayWrite() : mapping.direction.deviceMayRead();
    return !allowed || offset + length > mapping.cpu.byteSize()
        ? null
        : mapping.shadow.asSlice(offset, length);
  }

  @Override
  public void attach(IbDevice device) {}

  @Override
  public synchronized DmaUsage usage(IbDevice device) {
    return new DmaUsage(mappings.size(), 0, 0, 0);
  }

  @Override
  public DmaUsage detach(IbDevice device) {
    return usage(device);
  }

  @Override
  public DmaBus bus(IbDevice device) {
    throw new IllegalStateException("no bus here");
  }

  @Override
  public boolean mappingError(IbDevice device, long dmaAddress) {
    return dmaAddress == ERROR;
  }

  @Override
  public synchronized long mapSingle(
      IbDevice device,
      DmaMemory memory,
      long offset,
      long length,
      DmaDirection direction,
      int attributes) {
    return map(memory, offset, length, direction);
  }

  @Override
  public synchronized void unmapSingle(
      IbDevice device, long address, long length, DmaDirection direction, int attributes) {
    unmap(address, length, direction, null);
  }

  @Override
  public synchronized int mapSg(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, int attributes) {
    if (failingMaps > 0) {
      failingMaps--;
      return 0;
    }
    if (throwingMaps > 0) {
      throwingMaps--;
      throw new IllegalStateException("a map that throws");
    }
    for (int i = 0; i < entries; i++) {
      if (list.length(i) > device.maxSegmentSizeBytes()) {
        misuse.add("entry of " + list.length(i) + " bytes");
      }
      list.setMapped(
          i, map(list.memory(i), list.offset(i), list.length(i), direction), list.length(i));
    }
    list.setMappedEntries(entries);
    return entries;
  }

  @Override
  public synchronized void unmapSg(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, int attributes) {
    if (entries != list.entries()) {
      misuse.add("unmapSg of " + entries + " instead of " + list.entries());
    }
    for (int i = 0; i < entries; i++) {
      unmap(list.rawDmaAddress(i), list.length(i), direction, list.memory(i));
    }
    if (throwingUnmaps > 0) {
      throwingUnmaps--;
      throw new IllegalStateException("an unmap that throws");
    }
    list.setMappedEntries(0);
  }

  @Override
  public synchronized void syncSingleRangeForCpu(
      IbDevice device, long address, long offset, long length, DmaDirection direction) {
    Mapping mapping = mappings.get(address);
    if (mapping == null || mapping.direction != direction) {
      misuse.add("sync for CPU of 0x" + Long.toHexString(address));
    } else if (direction.deviceMayWrite()) {
      mapping.cpu.asSlice(offset, length).copyFrom(mapping.shadow.asSlice(offset, length));
    }
  }

  @Override
  public synchronized void syncSingleRangeForDevice(
      IbDevice device, long address, long offset, long length, DmaDirection direction) {
    Mapping mapping = mappings.get(address);
    if (mapping == null || mapping.direction != direction) {
      misuse.add("sync for device of 0x" + Long.toHexString(address));
    } else if (direction.deviceMayRead()) {
      mapping.shadow.asSlice(offset, length).copyFrom(mapping.cpu.asSlice(offset, length));
    }
  }

  @Override
  public void syncSgForCpu(IbDevice device, ScatterList list, int entries, DmaDirection direction) {
    misuse.add("syncSgForCpu is not expected");
  }

  @Override
  public void syncSgForDevice(
      IbDevice device, ScatterList list, int entries, DmaDirection direction) {
    misuse.add("syncSgForDevice is not expected");
  }
}
