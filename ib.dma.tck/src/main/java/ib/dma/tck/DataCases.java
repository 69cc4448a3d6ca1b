// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import static ib.dma.tck.Scratch.PAGE;
import static ib.dma.tck.Scratch.check;
import static ib.dma.tck.Scratch.checkBytes;
import static ib.dma.tck.Scratch.cpuReads;
import static ib.dma.tck.Scratch.cpuWrites;
import static ib.dma.tck.Scratch.pattern;

import ib.dma.DmaAttributes;
import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.ScatterList;

/** Where the bytes go, and where not. Foreign memory is bounced by every ops, so sync counts. */
final class DataCases {
  private static final DmaDirection TO = DmaDirection.TO_DEVICE;
  private static final DmaDirection FROM = DmaDirection.FROM_DEVICE;
  private static final DmaDirection BOTH = DmaDirection.BIDIRECTIONAL;

  private DataCases() {}

  static void moves(Scratch s) {
    moves(s, s.pooled(3 * PAGE));
    moves(s, s.foreign(3 * PAGE));
  }

  private static void moves(Scratch s, DmaMemory memory) {
    int length = 5000;
    cpuWrites(memory, 100, pattern(length, 1));
    long read = s.map(memory, 100, length, TO);
    checkBytes(s.deviceReads(read, length), pattern(length, 1), "device reads TO_DEVICE");
    s.dma.unmapSingle(read, length, TO);
    long written = s.map(memory, 300, length, FROM);
    s.deviceWrites(written, pattern(length, 2));
    s.dma.unmapSingle(written, length, FROM);
    checkBytes(cpuReads(memory, 300, length), pattern(length, 2), "CPU reads FROM_DEVICE");
    long page = s.dma.mapPage(memory, 1, 16, 64, BOTH);
    check(!s.dma.mappingError(page), "mapping part of a page failed");
    byte[] there = cpuReads(memory, PAGE + 16, 64);
    checkBytes(s.deviceReads(page, 64), there, "device reads part of a page");
    s.deviceWrites(page, pattern(64, 3));
    s.dma.unmapPage(page, 64, BOTH);
    checkBytes(cpuReads(memory, PAGE + 16, 64), pattern(64, 3), "CPU reads part of a page");
  }

  static void partialSync(Scratch s) {
    DmaMemory memory = s.foreign(2 * PAGE);
    long address = s.map(memory, 0, 2 * PAGE, BOTH);
    s.deviceWrites(address, pattern(2 * PAGE, 4));
    s.dma.syncSingleRangeForCpu(address, 1000, 500, BOTH);
    byte[] fromDevice = java.util.Arrays.copyOfRange(pattern(2 * PAGE, 4), 1000, 1500);
    checkBytes(cpuReads(memory, 1000, 500), fromDevice, "CPU reads the part it synced");
    cpuWrites(memory, 1000, pattern(500, 5));
    s.dma.syncSingleRangeForDevice(address, 1000, 500, BOTH);
    checkBytes(
        s.deviceReads(address + 1000, 500), pattern(500, 5), "device reads the part synced for it");
    s.dma.syncSingleForCpu(address, 100, BOTH);
    byte[] first = java.util.Arrays.copyOf(pattern(2 * PAGE, 4), 100);
    checkBytes(cpuReads(memory, 0, 100), first, "CPU reads the beginning it synced");
    s.dma.unmapSingle(address, 2 * PAGE, BOTH);
  }

  static void listSync(Scratch s) {
    DmaMemory memory = s.foreign(4 * PAGE);
    ScatterList list =
        new ScatterList(3).add(memory, 0, PAGE).add(memory, PAGE, PAGE).add(memory, 2 * PAGE, 99);
    int mapped = s.dma.mapSg(list, 3, BOTH);
    check(mapped > 0, "mapping a list failed");
    int bytes = 2 * PAGE + 99;
    ListWalk.write(s, list, mapped, pattern(bytes, 6));
    s.dma.syncSgForCpu(list, 3, BOTH);
    checkBytes(cpuReads(memory, 0, bytes), pattern(bytes, 6), "CPU reads a synced list");
    cpuWrites(memory, 0, pattern(bytes, 7));
    s.dma.syncSgForDevice(list, 3, BOTH);
    checkBytes(
        ListWalk.read(s, list, mapped), pattern(bytes, 7), "device reads a list synced for it");
    s.dma.unmapSg(list, 3, BOTH);
  }

  static void skipSync(Scratch s) {
    DmaMemory memory = s.foreign(PAGE);
    cpuWrites(memory, 0, pattern(PAGE, 8));
    int skip = DmaAttributes.SKIP_CPU_SYNC;
    long address = s.dma.mapSingle(memory, 0, PAGE, BOTH, skip);
    check(!s.dma.mappingError(address), "mapping with SKIP_CPU_SYNC failed");
    s.dma.syncSingleForDevice(address, PAGE, BOTH);
    checkBytes(s.deviceReads(address, PAGE), pattern(PAGE, 8), "device reads after explicit sync");
    s.deviceWrites(address, pattern(PAGE, 9));
    s.dma.unmapSingle(address, PAGE, BOTH, skip);
    checkBytes(
        cpuReads(memory, 0, PAGE), pattern(PAGE, 8), "CPU's view after unmap with SKIP_CPU_SYNC");
  }

  static void neighbours(Scratch s) {
    neighbours(s, s.pooled(PAGE));
    neighbours(s, s.foreign(PAGE));
  }

  private static void neighbours(Scratch s, DmaMemory memory) {
    cpuWrites(memory, 0, pattern(PAGE, 10));
    long address = s.map(memory, 100, 200, FROM);
    // A line of the same page is nobody's but the CPU's.
    cpuWrites(memory, 50, pattern(50, 11));
    cpuWrites(memory, 300, pattern(50, 12));
    s.deviceWrites(address + 20, pattern(10, 13));
    s.dma.unmapSingle(address, 200, FROM);
    checkBytes(cpuReads(memory, 50, 50), pattern(50, 11), "what lies before a mapping");
    checkBytes(cpuReads(memory, 300, 50), pattern(50, 12), "what lies after a mapping");
    byte[] whole = pattern(PAGE, 10);
    System.arraycopy(pattern(10, 13), 0, whole, 120, 10);
    byte[] mapped = java.util.Arrays.copyOfRange(whole, 100, 300);
    checkBytes(cpuReads(memory, 100, 200), mapped, "a mapping of which the device wrote a part");
  }
}
