// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import static ib.dma.tck.Scratch.PAGE;
import static ib.dma.tck.Scratch.check;
import static ib.dma.tck.Scratch.checkBytes;
import static ib.dma.tck.Scratch.checkThrows;
import static ib.dma.tck.Scratch.cpuWrites;
import static ib.dma.tck.Scratch.pattern;

import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import ib.dma.ScatterList;

/** Scatter-gather lists. */
final class ListCases {
  private static final DmaDirection BOTH = DmaDirection.BIDIRECTIONAL;
  private static final long MOST_BYTES = 16 << 20;

  private ListCases() {}

  /** Whole pages one after the other, which ops may merge. */
  private static ScatterList pages(DmaMemory memory, int count) {
    ScatterList list = new ScatterList(count);
    for (int i = 0; i < count; i++) {
      list.add(memory, (long) i * PAGE, PAGE);
    }
    return list;
  }

  static void walk(Scratch s) {
    DmaMemory memory = s.pooled(8 * PAGE);
    cpuWrites(memory, 0, pattern(8 * PAGE, 20));
    ScatterList list = pages(memory, 3).add(memory, 3 * PAGE, 77).add(memory, 5 * PAGE + 9, 500);
    int mapped = s.dma.mapSg(list, 5, BOTH);
    check(mapped >= 1 && mapped <= 5, "mapSg of 5 entries returned %d", mapped);
    check(list.mappedEntries() == mapped, "the list says %d entries", list.mappedEntries());
    long sum = 0;
    for (int i = 0; i < mapped; i++) {
      sum += s.dma.dmaLen(list, i);
    }
    check(sum == list.totalBytes(), "mapped %d of %d bytes", sum, list.totalBytes());
    byte[] expected = java.util.Arrays.copyOf(pattern(8 * PAGE, 20), 3 * PAGE + 577);
    System.arraycopy(pattern(8 * PAGE, 20), 5 * PAGE + 9, expected, 3 * PAGE + 77, 500);
    checkBytes(ListWalk.read(s, list, mapped), expected, "device reads the list");
    s.dma.unmapSg(list, 5, BOTH);
  }

  static void failureUnwinds(Scratch s) {
    DmaMemory good = s.pooled(2 * PAGE);
    DmaMemory closed = s.pooled(PAGE);
    ScatterList list = pages(good, 2).add(closed, 0, PAGE).add(good, 0, PAGE);
    closed.close();
    check(s.dma.mapSg(list, 4, BOTH) == 0, "a list with closed memory is mapped");
    check(list.mappedEntries() == 0, "a failed list says it is mapped");
    check(good.pinCount() == 0, "a failed list left %d pins", good.pinCount());
    s.checkUsage(DmaUsage.NONE, "after a failed list");
  }

  static void unmapOriginal(Scratch s) {
    DmaMemory memory = s.pooled(4 * PAGE);
    ScatterList list = pages(memory, 4);
    for (int round = 0; round < 3; round++) {
      check(s.dma.mapSg(list, 4, BOTH) > 0, "mapping a list for the %d. time failed", round + 1);
      s.dma.unmapSg(list, 4, BOTH);
      check(list.mappedEntries() == 0, "an unmapped list says it is mapped");
      check(s.isUnpinned(memory), "unmapSg left %d pins", memory.pinCount());
      s.checkUsage(DmaUsage.NONE, "after unmapSg");
    }
    check(s.dma.mapSg(list, 2, BOTH) > 0, "mapping the first two entries failed");
    s.dma.unmapSg(list, 2, BOTH);
    s.checkUsage(DmaUsage.NONE, "after unmapSg of the first two");
  }

  static void mappedTwice(Scratch s) {
    ScatterList list = pages(s.pooled(2 * PAGE), 2);
    check(s.dma.mapSg(list, 2, BOTH) > 0, "mapping a list failed");
    DmaUsage once = s.ops.usage(s.user);
    checkThrows(IllegalArgumentException.class, "a mapped list", () -> s.dma.mapSg(list, 2, BOTH));
    s.checkUsage(once, "after a refusal");
    s.dma.unmapSg(list, 2, BOTH);
    s.checkUsage(DmaUsage.NONE, "after unmapSg");
  }

  static void segmentSize(Scratch s) {
    long most = s.user.maxSegmentSizeBytes();
    if (s.dma.mergeBoundary() == 0) {
      throw new CaseSkip("these ops never merge, so no entry grows");
    }
    int pages = Math.toIntExact(Math.min(most, MOST_BYTES) / PAGE) + 2;
    if (most >= MOST_BYTES) {
      throw new CaseSkip("entries of " + most + " bytes are more than the kit allocates");
    }
    ScatterList list = pages(s.pooled((long) pages * PAGE), pages);
    int mapped = s.dma.mapSg(list, pages, BOTH);
    check(mapped > 0, "mapping %d pages failed", pages);
    for (int i = 0; i < mapped; i++) {
      long length = s.dma.dmaLen(list, i);
      check(length <= most, "entry %d has %d bytes, more than %d", i, length, most);
    }
    s.dma.unmapSg(list, pages, BOTH);
  }

  static void segmentBoundary(Scratch s) {
    long mask = s.user.segmentBoundaryMask();
    if (mask == -1 || mask >= MOST_BYTES) {
      throw new CaseSkip("the device has no segment boundary below " + MOST_BYTES + " bytes");
    }
    int pages = Math.toIntExact((mask + 1) / PAGE) * 2 + 1;
    DmaMemory memory = s.pooled((long) pages * PAGE);
    ScatterList list = pages(memory, pages);
    int mapped = s.dma.mapSg(list, pages, BOTH);
    check(mapped > 0, "mapping %d pages failed", pages);
    for (int i = 0; i < mapped; i++) {
      long first = s.dma.dmaAddress(list, i);
      long last = first + s.dma.dmaLen(list, i) - 1;
      check(
          (first & ~mask) == (last & ~mask),
          "entry %d from 0x%x to 0x%x crosses the boundary mask 0x%x",
          i,
          first,
          last,
          mask);
    }
    s.dma.unmapSg(list, pages, BOTH);
  }
}
