// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import static ib.dma.tck.Scratch.PAGE;
import static ib.dma.tck.Scratch.check;
import static ib.dma.tck.Scratch.checkThrows;

import ib.dma.DmaAttributes;
import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import ib.dma.ScatterList;

/** What ops refuse before they do anything. */
final class ArgumentCases {
  private static final DmaDirection NONE = DmaDirection.NONE;
  private static final DmaDirection BOTH = DmaDirection.BIDIRECTIONAL;

  private ArgumentCases() {}

  private static void refused(String what, Runnable call) {
    checkThrows(IllegalArgumentException.class, what, call);
  }

  static void directionNone(Scratch s) {
    DmaMemory memory = s.pooled(PAGE);
    ScatterList list = new ScatterList(1).add(memory, 0, PAGE);
    refused("mapSingle with NONE", () -> s.dma.mapSingle(memory, 0, PAGE, NONE));
    refused("mapPage with NONE", () -> s.dma.mapPage(memory, 0, 0, PAGE, NONE));
    refused("mapSg with NONE", () -> s.dma.mapSg(list, 1, NONE));
    long address = s.map(memory, 0, PAGE, BOTH);
    refused("unmapSingle with NONE", () -> s.dma.unmapSingle(address, PAGE, NONE));
    refused("syncSingleForCpu with NONE", () -> s.dma.syncSingleForCpu(address, PAGE, NONE));
    refused("syncSingleForDevice with NONE", () -> s.dma.syncSingleForDevice(address, PAGE, NONE));
    refused("range sync with NONE", () -> s.dma.syncSingleRangeForCpu(address, 8, 8, NONE));
    s.dma.unmapSingle(address, PAGE, BOTH);
    check(s.dma.mapSg(list, 1, BOTH) == 1, "mapSg of one page failed");
    refused("syncSgForCpu with NONE", () -> s.dma.syncSgForCpu(list, 1, NONE));
    refused("syncSgForDevice with NONE", () -> s.dma.syncSgForDevice(list, 1, NONE));
    refused("unmapSg with NONE", () -> s.dma.unmapSg(list, 1, NONE));
    s.dma.unmapSg(list, 1, BOTH);
    s.checkUsage(DmaUsage.NONE, "after refusals");
  }

  static void ranges(Scratch s) {
    DmaMemory memory = s.pooled(PAGE);
    Class<IndexOutOfBoundsException> outside = IndexOutOfBoundsException.class;
    checkThrows(outside, "range past the end", () -> s.dma.mapSingle(memory, 1, PAGE, BOTH));
    checkThrows(outside, "range before the start", () -> s.dma.mapSingle(memory, -1, 8, BOTH));
    checkThrows(
        outside, "part that leaves its page", () -> s.dma.mapPage(memory, 0, 1, PAGE, BOTH));
    checkThrows(outside, "page past the end", () -> s.dma.mapPage(memory, 1, 0, 8, BOTH));
    refused("a mapping of 0 bytes", () -> s.dma.mapSingle(memory, 0, 0, BOTH));
    int unknown = 1 << 30;
    refused("an unknown attribute", () -> s.dma.mapSingle(memory, 0, 8, BOTH, unknown));
    s.checkUsage(DmaUsage.NONE, "after refusals");
    check(memory.pinCount() == 0, "a refused map left the memory pinned");
  }

  static void failureIsAValue(Scratch s) {
    DmaMemory closed = s.pooled(PAGE);
    closed.close();
    long address = s.dma.mapSingle(closed, 0, PAGE, BOTH, DmaAttributes.NO_WARN);
    check(s.dma.mappingError(address), "closed memory is mapped at 0x%x", address);
    s.checkUnreachable(address, 1, "at the error value");
    long good = s.map(s.pooled(PAGE), 0, PAGE, BOTH);
    check(!s.dma.mappingError(good), "0x%x is mapped and called an error", good);
    s.dma.unmapSingle(good, PAGE, BOTH);
    s.checkUsage(DmaUsage.NONE, "after a failed map");
  }

  static void sizeLimit(Scratch s) {
    long most = s.dma.maxMappingSize();
    check(most >= PAGE, "maximum mapping size is %d bytes", most);
    long tried = 64L << 20;
    if (most >= tried) {
      throw new CaseSkip("the maximum of " + most + " bytes is more than the kit allocates");
    }
    DmaMemory memory = s.pooled(most + 1);
    refused("more than the maximum", () -> s.dma.mapSingle(memory, 0, most + 1, BOTH));
    s.checkUsage(DmaUsage.NONE, "after a refusal");
    long address = s.map(memory, 1, most, BOTH);
    s.dma.unmapSingle(address, most, BOTH);
  }
}
