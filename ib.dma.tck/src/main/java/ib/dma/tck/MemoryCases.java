// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import static ib.dma.tck.Scratch.PAGE;
import static ib.dma.tck.Scratch.check;
import static ib.dma.tck.Scratch.checkBytes;
import static ib.dma.tck.Scratch.cpuReads;
import static ib.dma.tck.Scratch.cpuWrites;
import static ib.dma.tck.Scratch.pattern;

import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Which memory can be mapped. */
final class MemoryCases {
  private static final DmaDirection TO = DmaDirection.TO_DEVICE;
  private static final DmaDirection FROM = DmaDirection.FROM_DEVICE;
  private static final DmaDirection BOTH = DmaDirection.BIDIRECTIONAL;

  private MemoryCases() {}

  private static void checkRefused(
      Scratch s, String what, MemorySegment segment, DmaDirection direction) {
    DmaMemory memory = DmaMemory.ofForeign(segment);
    long address = s.dma.mapSingle(memory, 0, 64, direction);
    check(s.dma.mappingError(address), "%s is mapped %s", what, direction);
    check(memory.pinCount() == 0, "%s stays pinned", what);
    s.checkUsage(DmaUsage.NONE, "after a refusal");
  }

  static void heap(Scratch s) {
    checkRefused(s, "heap memory", MemorySegment.ofArray(new byte[64]), TO);
    checkRefused(s, "heap memory", MemorySegment.ofArray(new long[8]), BOTH);
  }

  static void confined(Scratch s) {
    try (Arena mine = Arena.ofConfined()) {
      checkRefused(s, "memory confined to a thread", mine.allocate(64), TO);
    }
    Arena gone = Arena.ofShared();
    MemorySegment segment = gone.allocate(64);
    gone.close();
    checkRefused(s, "memory of a closed arena", segment, TO);
  }

  static void readOnly(Scratch s) {
    MemorySegment constant = Arena.ofAuto().allocate(64).asReadOnly();
    checkRefused(s, "read-only memory", constant, FROM);
    checkRefused(s, "read-only memory", constant, BOTH);
    long address = s.map(DmaMemory.ofForeign(constant), 0, 64, TO);
    checkBytes(s.deviceReads(address, 64), new byte[64], "device reads read-only memory");
    s.dma.unmapSingle(address, 64, TO);
  }

  static void foreign(Scratch s) {
    check(usable(s, Arena.ofAuto().allocate(2 * PAGE)), "automatic memory");
    check(usable(s, Arena.global().allocate(64)), "global memory");
    try (Arena shared = Arena.ofShared()) {
      check(usable(s, shared.allocate(2 * PAGE)), "shared memory");
    }
  }

  private static boolean usable(Scratch s, MemorySegment segment) {
    DmaMemory memory = DmaMemory.ofForeign(segment);
    int length = Math.toIntExact(memory.size()) - 3;
    cpuWrites(memory, 3, pattern(length, 40));
    long address = s.map(memory, 3, length, BOTH);
    checkBytes(s.deviceReads(address, length), pattern(length, 40), "device reads foreign memory");
    s.deviceWrites(address, pattern(length, 41));
    s.dma.unmapSingle(address, length, BOTH);
    checkBytes(cpuReads(memory, 3, length), pattern(length, 41), "CPU reads foreign memory");
    return s.isUnpinned(memory);
  }

  static void deferredClose(Scratch s) {
    DmaMemory memory = s.pooled(PAGE);
    cpuWrites(memory, 0, pattern(PAGE, 42));
    long address = s.map(memory, 0, PAGE, BOTH);
    check(memory.pinCount() > 0, "mapped memory is not pinned");
    memory.close();
    checkBytes(s.deviceReads(address, PAGE), pattern(PAGE, 42), "device reads memory being closed");
    check(
        s.dma.mappingError(s.dma.mapSingle(memory, 0, PAGE, BOTH)), "closed memory is mapped anew");
    s.dma.unmapSingle(address, PAGE, BOTH);
    check(s.isUnpinned(memory), "unmapped memory stays pinned");
  }
}
