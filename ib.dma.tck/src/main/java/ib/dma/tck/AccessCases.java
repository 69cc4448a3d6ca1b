// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import static ib.dma.tck.Scratch.PAGE;
import static ib.dma.tck.Scratch.check;
import static ib.dma.tck.Scratch.checkThrows;

import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDma;
import ib.dma.ScatterList;

/** What the device must not reach, and what callers must not undo: the guarantees. */
final class AccessCases {
  private static final DmaDirection TO = DmaDirection.TO_DEVICE;
  private static final DmaDirection FROM = DmaDirection.FROM_DEVICE;
  private static final DmaDirection BOTH = DmaDirection.BIDIRECTIONAL;

  private AccessCases() {}

  static void revoked(Scratch s) {
    DmaMemory memory = s.pooled(3 * PAGE);
    long single = s.map(memory, 100, 5000, BOTH);
    s.dma.unmapSingle(single, 5000, BOTH);
    s.checkUnreachable(single, 1, "after unmapSingle");
    long page = s.dma.mapPage(memory, 1, 0, 64, BOTH);
    check(!s.dma.mappingError(page), "mapping part of a page failed");
    s.dma.unmapPage(page, 64, BOTH);
    s.checkUnreachable(page, 1, "after unmapPage");
    ScatterList list = new ScatterList(2).add(memory, 0, PAGE).add(memory, PAGE, 10);
    int mapped = s.dma.mapSg(list, 2, BOTH);
    check(mapped > 0, "mapping a list failed");
    long first = s.dma.dmaAddress(list, 0);
    s.dma.unmapSg(list, 2, BOTH);
    s.checkUnreachable(first, 1, "after unmapSg");
    s.checkUnreachable(first + PAGE, 1, "after unmapSg");
  }

  static void coherentRevoked(Scratch s) {
    DmaCoherent coherent = s.dma.allocCoherent(PAGE);
    check(coherent != null, "no room for a page of coherent memory");
    if (coherent != null) {
      s.dma.freeCoherent(coherent);
      s.checkUnreachable(coherent.dmaAddress(), 1, "after freeCoherent");
    }
  }

  static void bounds(Scratch s) {
    DmaMemory memory = s.pooled(3 * PAGE);
    long address = s.map(memory, 100, 200, BOTH);
    s.checkUnreachable(address - 1, 1, "before a mapping");
    s.checkUnreachable(address + 200, 1, "after a mapping");
    s.checkUnreachable(address, 201, "over the end of a mapping");
    s.checkUnreachable(address, Long.MAX_VALUE, "over the end of everything");
    BusWindow window = new BusWindow();
    check(
        s.bus.resolve(address + 50, 150, DmaAccess.READ, window) == DmaFault.NONE,
        "the last 150 of 200 bytes can't be read");
    check(
        window.length() >= 1 && window.length() <= 150,
        "a window of %d bytes for 150",
        window.length());
    s.dma.unmapSingle(address, 200, BOTH);
  }

  static void isolated(Scratch s) {
    DmaMemory memory = s.pooled(PAGE);
    IbDevice other = s.anotherRoot();
    try {
      long address = s.map(memory, 0, PAGE, BOTH);
      DmaFault fault = s.ops.bus(other).resolve(address, PAGE, DmaAccess.READ, new BusWindow());
      check(fault != DmaFault.NONE, "another attachment reaches 0x%x", address);
      s.dma.unmapSingle(address, PAGE, BOTH);
    } finally {
      s.ops.detach(other);
    }
  }

  static void direction(Scratch s) {
    DmaMemory memory = s.pooled(PAGE);
    long read = s.map(memory, 0, 64, TO);
    checkFault(s, read, DmaAccess.READ, DmaFault.NONE);
    checkFault(s, read, DmaAccess.WRITE, DmaFault.WRONG_DIRECTION);
    s.dma.unmapSingle(read, 64, TO);
    long written = s.map(memory, 0, 64, FROM);
    checkFault(s, written, DmaAccess.WRITE, DmaFault.NONE);
    checkFault(s, written, DmaAccess.READ, DmaFault.WRONG_DIRECTION);
    s.dma.unmapSingle(written, 64, FROM);
  }

  private static void checkFault(Scratch s, long address, DmaAccess access, DmaFault expected) {
    DmaFault fault = s.resolve(address, 64, access);
    check(fault == expected, "%s gives %s instead of %s", access, fault, expected);
  }

  static void misuse(Scratch s) {
    DmaMemory memory = s.pooled(3 * PAGE);
    long address = s.map(memory, 0, 5000, BOTH);
    DmaUsage mapped = s.ops.usage(s.user);
    refused("unmap with another length", () -> s.dma.unmapSingle(address, 4999, BOTH));
    refused("unmap with another direction", () -> s.dma.unmapSingle(address, 5000, TO));
    refused("unmap of another family", () -> s.dma.unmapPage(address, 5000, BOTH));
    refused("unmap inside a mapping", () -> s.dma.unmapSingle(address + PAGE, 5000, BOTH));
    refused("sync past the end", () -> s.dma.syncSingleForCpu(address, 5001, BOTH));
    refused(
        "range sync past the end", () -> s.dma.syncSingleRangeForDevice(address, 4999, 2, BOTH));
    IbDma stranger = new IbDma(s.newUser("ib.dma.tck.stranger"), s.ops);
    refused("unmap by another user", () -> stranger.unmapSingle(address, 5000, BOTH));
    s.checkUsage(mapped, "after refusals");
    s.dma.unmapSingle(address, 5000, BOTH);
    refused("unmap for the second time", () -> s.dma.unmapSingle(address, 5000, BOTH));
    refused("sync of what is unmapped", () -> s.dma.syncSingleForCpu(address, 5000, BOTH));
    ScatterList list = new ScatterList(2).add(memory, 0, PAGE).add(memory, PAGE, 10);
    check(s.dma.mapSg(list, 2, BOTH) > 0, "mapping a list failed");
    refused("unmapSg with another number", () -> s.dma.unmapSg(list, 1, BOTH));
    s.dma.unmapSg(list, 2, BOTH);
    refused("unmapSg for the second time", () -> s.dma.unmapSg(list, 2, BOTH));
    s.checkUsage(DmaUsage.NONE, "after misuse");
    check(s.isUnpinned(memory), "misuse left %d pins", memory.pinCount());
  }

  private static void refused(String what, Runnable call) {
    checkThrows(IllegalArgumentException.class, what, call);
  }
}
