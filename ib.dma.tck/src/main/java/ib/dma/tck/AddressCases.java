// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import static ib.dma.tck.Scratch.PAGE;
import static ib.dma.tck.Scratch.check;
import static ib.dma.tck.Scratch.checkBytes;
import static ib.dma.tck.Scratch.cpuReads;
import static ib.dma.tck.Scratch.cpuWrites;
import static ib.dma.tck.Scratch.pattern;

import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import ib.dma.ScatterList;

/** Which addresses a device gets, and coherent memory. */
final class AddressCases {
  private static final DmaDirection BOTH = DmaDirection.BIDIRECTIONAL;
  private static final long[] COHERENT_SIZES = {1, 64, 100, 4096, 5000, 65536, 70_000, 1 << 20};

  private AddressCases() {}

  private static void checkMask(Scratch s, String what, long address, long length) {
    long mask = s.user.dmaMask();
    long last = address + length - 1;
    check(
        (address & mask) == address && (last & mask) == last && last >= address,
        "%s at 0x%x, %d bytes, is outside the mask 0x%x",
        what,
        address,
        length,
        mask);
  }

  static void inMask(Scratch s) {
    if (s.user.dmaMask() == -1) {
      throw new CaseSkip("the device's mask has 64 bits, so that every address is inside");
    }
    check(s.dma.dmaSupported(s.user.dmaMask()), "the device's own mask is not supported");
    DmaMemory memory = s.pooled(16 * PAGE);
    for (int i = 0; i < 64; i++) {
      int length = 1 + i * 1000;
      long address = s.map(memory, i, length, BOTH);
      checkMask(s, "a single mapping", address, length);
      s.dma.unmapSingle(address, length, BOTH);
    }
    long page = s.dma.mapPage(memory, 3, 5, 100, BOTH);
    check(!s.dma.mappingError(page), "mapping part of a page failed");
    checkMask(s, "a page", page, 100);
    s.dma.unmapPage(page, 100, BOTH);
    ScatterList list = new ScatterList(2).add(memory, 0, PAGE).add(memory, 5 * PAGE, 50);
    int mapped = s.dma.mapSg(list, 2, BOTH);
    for (int i = 0; i < mapped; i++) {
      checkMask(s, "an entry", s.dma.dmaAddress(list, i), s.dma.dmaLen(list, i));
    }
    s.dma.unmapSg(list, 2, BOTH);
    DmaCoherent coherent = allocate(s, 5000);
    checkMask(s, "coherent memory", coherent.dmaAddress(), 5000);
    s.dma.freeCoherent(coherent);
  }

  private static DmaCoherent allocate(Scratch s, long sizeBytes) {
    DmaCoherent coherent = s.dma.allocCoherent(sizeBytes);
    if (coherent == null) {
      throw new CaseFailure("no room for " + sizeBytes + " bytes of coherent memory");
    }
    return coherent;
  }

  static void coherentAligned(Scratch s) {
    for (long size : COHERENT_SIZES) {
      DmaCoherent coherent = allocate(s, size);
      long power = Long.highestOneBit(size) == size ? size : Long.highestOneBit(size) << 1;
      check(
          coherent.dmaAddress() % power == 0,
          "DMA address 0x%x of %d coherent bytes is not aligned to %d",
          coherent.dmaAddress(),
          size,
          power);
      long address = coherent.memory().segment().address();
      check(address % power == 0, "memory 0x%x of %d coherent bytes is not aligned", address, size);
      s.dma.freeCoherent(coherent);
    }
    s.checkUsage(DmaUsage.NONE, "after freeCoherent");
  }

  static void coherentZeroed(Scratch s) {
    for (int round = 0; round < 3; round++) {
      DmaCoherent coherent = allocate(s, 5000);
      checkBytes(cpuReads(coherent.memory(), 0, 5000), new byte[5000], "new coherent memory");
      coherent.memory().segment().fill((byte) -1);
      s.dma.freeCoherent(coherent);
    }
  }

  static void coherentShared(Scratch s) {
    DmaCoherent coherent = allocate(s, 5000);
    cpuWrites(coherent.memory(), 0, pattern(5000, 30));
    checkBytes(
        s.deviceReads(coherent.dmaAddress(), 5000), pattern(5000, 30), "device reads, no sync");
    s.deviceWrites(coherent.dmaAddress(), pattern(5000, 31));
    checkBytes(cpuReads(coherent.memory(), 0, 5000), pattern(5000, 31), "CPU reads, no sync");
    s.dma.freeCoherent(coherent);
  }
}
