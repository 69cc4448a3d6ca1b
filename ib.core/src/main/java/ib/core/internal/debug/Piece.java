// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import ib.dma.DmaMemory;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** One contiguous range of CPU memory and of DMA addresses: a mapping, or an entry of a list. */
final class Piece {
  final Watched mapping;
  final long dmaAddress;
  final long lengthBytes;
  final DmaMemory memory;
  final long offset;

  /** What the device works on instead of the memory, or null. */
  @Nullable DmaMemory shadow;

  long shadowOffset;

  /** Who may touch which byte, of memory that only the device reads; or null. */
  @Nullable HandOver handOver;

  /** Tells pieces at the same address apart; the later has the greater. Set by the books. */
  long serial;

  Piece(Watched mapping, long dmaAddress, long lengthBytes, DmaMemory memory, long offset) {
    this.mapping = mapping;
    this.dmaAddress = dmaAddress;
    this.lengthBytes = lengthBytes;
    this.memory = memory;
    this.offset = offset;
  }

  long cpuAddress() {
    return memory.segment().address() + offset;
  }

  boolean holds(long address) {
    return address - dmaAddress >= 0 && address - dmaAddress < lengthBytes;
  }

  /** Shows the CPU what the device wrote to its copy. */
  void toCpu(long from, long bytes) {
    DmaMemory copy = shadow;
    if (copy != null) {
      move(copy.segment(), shadowOffset + from, memory.segment(), offset + from, bytes);
    }
  }

  /** Shows the device what the CPU wrote. */
  void toDevice(long from, long bytes) {
    DmaMemory copy = shadow;
    if (copy != null) {
      move(memory.segment(), offset + from, copy.segment(), shadowOffset + from, bytes);
    }
  }

  private static void move(MemorySegment from, long at, MemorySegment to, long where, long bytes) {
    try {
      MemorySegment.copy(from, at, to, where, bytes);
    } catch (IllegalStateException e) {
      // The caller closed the arena of its own memory; the ops tell it.
      return;
    }
  }
}
