// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import static ib.dma.tck.Scratch.PAGE;
import static ib.dma.tck.Scratch.check;
import static ib.dma.tck.Scratch.checkBytes;
import static ib.dma.tck.Scratch.checkThrows;
import static ib.dma.tck.Scratch.cpuReads;
import static ib.dma.tck.Scratch.cpuWrites;
import static ib.dma.tck.Scratch.pattern;

import ib.dma.DmaAccess;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaGuarantee;
import ib.dma.DmaIova;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import ib.dma.IbDma;
import java.util.Arrays;

/** Mappings in two steps. */
final class TwoStepCases {
  private static final DmaDirection TO = DmaDirection.TO_DEVICE;
  private static final DmaDirection BOTH = DmaDirection.BIDIRECTIONAL;
  private static final int MOST_GRANULE = 1 << 20;

  private TwoStepCases() {}

  /** What ranges are aligned to, in whole pages. */
  private static int granule(Scratch s) {
    long granule = Math.max(PAGE, s.dma.mergeBoundary() + 1);
    check(granule <= MOST_GRANULE, "ranges are aligned to %d bytes", granule);
    return (int) granule;
  }

  private static DmaIova reserve(Scratch s, DmaMemory first, long offset, long sizeBytes) {
    DmaIova state = new DmaIova();
    if (!s.dma.iovaTryAlloc(state, first, offset, sizeBytes)) {
      check(!state.isInUse(), "a state is in use, though iovaTryAlloc is false");
      throw new CaseSkip("these ops reserve no addresses; users map each range by itself");
    }
    check(state.isInUse(), "iovaTryAlloc is true and the state not in use");
    check(state.sizeBytes() == sizeBytes, "%s of %d bytes", state, sizeBytes);
    return state;
  }

  private static void link(Scratch s, DmaIova state, long at, DmaMemory memory, long from, long n) {
    check(s.dma.iovaLink(state, at, memory, from, n, BOTH), "linking %d bytes at %d failed", n, at);
  }

  private static void sync(Scratch s, DmaIova state, long at, long bytes) {
    check(s.dma.iovaSync(state, at, bytes), "iovaSync of %d bytes at %d failed", bytes, at);
  }

  static void linked(Scratch s) {
    int g = granule(s);
    DmaMemory head = s.pooled(2L * g);
    DmaMemory middle = s.foreign(g);
    DmaMemory tail = s.pooled(g);
    int total = g - 100 + g + 77;
    byte[] bytes = pattern(total, 50);
    cpuWrites(head, g + 100, Arrays.copyOf(bytes, g - 100));
    cpuWrites(middle, 0, Arrays.copyOfRange(bytes, g - 100, 2 * g - 100));
    cpuWrites(tail, 0, Arrays.copyOfRange(bytes, 2 * g - 100, total));
    DmaIova state = reserve(s, head, g + 100, total);
    link(s, state, 0, head, g + 100, g - 100);
    link(s, state, g - 100, middle, 0, g);
    link(s, state, 2L * g - 100, tail, 0, 77);
    sync(s, state, 0, total);
    long address = state.address();
    s.checkUsage(new DmaUsage(1, 0, 0, total), "of a mapping in two steps");
    DmaFault fault = s.resolve(address, total, DmaAccess.READ);
    check(fault == DmaFault.NONE, "one access to all ranges: %s", fault);
    checkBytes(s.deviceReads(address, total), bytes, "device reads three ranges");
    if (s.guarantees(DmaGuarantee.BOUNDS)) {
      s.checkUnreachable(address - 1, 1, "before the first range");
      s.checkUnreachable(address, total + 1L, "over the end of the last range");
    }
    s.deviceWrites(address, pattern(total, 51));
    s.dma.syncSingleForCpu(address + g - 100, g, BOTH);
    byte[] written = Arrays.copyOfRange(pattern(total, 51), g - 100, 2 * g - 100);
    checkBytes(cpuReads(middle, 0, g), written, "CPU reads a range it synced");
    s.dma.iovaDestroy(state, total, BOTH);
    check(!state.isInUse(), "a destroyed state is in use");
    byte[] first = Arrays.copyOf(pattern(total, 51), g - 100);
    checkBytes(cpuReads(head, g + 100, g - 100), first, "CPU reads the first range");
    s.checkUsage(DmaUsage.NONE, "after iovaDestroy");
    check(s.isUnpinned(head) && s.isUnpinned(middle) && s.isUnpinned(tail), "ranges stay pinned");
    if (s.guarantees(DmaGuarantee.REVOKED)) {
      s.checkUnreachable(address, 1, "after iovaDestroy");
    }
  }

  static void grows(Scratch s) {
    int g = granule(s);
    DmaMemory one = s.pooled(3L * g);
    DmaMemory other = s.pooled(g);
    cpuWrites(one, 0, pattern(3 * g, 52));
    cpuWrites(other, 0, pattern(g, 53));
    DmaIova state = reserve(s, one, 0, 4L * g);
    link(s, state, 0, one, 0, g);
    sync(s, state, 0, g);
    checkBytes(
        s.deviceReads(state.address(), g),
        Arrays.copyOf(pattern(3 * g, 52), g),
        "device reads a range");
    link(s, state, g, one, g, g);
    link(s, state, 2L * g, one, 2L * g, g);
    sync(s, state, g, 2L * g);
    checkBytes(
        s.deviceReads(state.address(), 3 * g), pattern(3 * g, 52), "device reads what has grown");
    s.dma.iovaUnlink(state, g, 2L * g, BOTH);
    s.checkUsage(new DmaUsage(1, 0, 0, g), "after iovaUnlink");
    if (s.guarantees(DmaGuarantee.REVOKED)) {
      s.checkUnreachable(state.address() + g, 1, "after iovaUnlink");
    }
    link(s, state, g, other, 0, g);
    sync(s, state, g, g);
    checkBytes(
        s.deviceReads(state.address() + g, g), pattern(g, 53), "device reads other memory there");
    s.dma.iovaUnlink(state, 0, g, BOTH);
    link(s, state, 0, one, 2L * g, g);
    sync(s, state, 0, 2L * g);
    byte[] third = Arrays.copyOfRange(pattern(3 * g, 52), 2 * g, 3 * g);
    checkBytes(s.deviceReads(state.address(), g), third, "device reads a range put in front");
    s.dma.iovaUnlink(state, 0, 2L * g, BOTH);
    s.dma.iovaFree(state);
    s.checkUsage(DmaUsage.NONE, "after iovaFree");
    check(s.isUnpinned(one) && s.isUnpinned(other), "ranges stay pinned");
  }

  private static void refused(String what, Runnable call) {
    checkThrows(IllegalArgumentException.class, what, call);
  }

  static void refusals(Scratch s) {
    int g = granule(s);
    DmaMemory memory = s.pooled(4L * g);
    DmaIova state = reserve(s, memory, 0, 3L * g);
    refused("a state in use", () -> s.dma.iovaTryAlloc(state, memory, 0, g));
    refused("0 bytes", () -> s.dma.iovaTryAlloc(new DmaIova(), memory, 0, 0));
    refused("a link with NONE", () -> link(s, state, 0, memory, g, DmaDirection.NONE));
    refused("a link of 0 bytes", () -> link(s, state, 0, memory, 0, BOTH));
    refused("a first link behind the start", () -> link(s, state, g, memory, g, BOTH));
    refused("a link beyond the end", () -> link(s, state, 0, memory, 4L * g, BOTH));
    refused("a sync of nothing", () -> s.dma.iovaSync(state, 0, 1));
    link(s, state, 0, memory, 0, g);
    refused("a link out of order", () -> link(s, state, 2L * g, memory, g, BOTH));
    refused("a link over a link", () -> link(s, state, 0, memory, g, BOTH));
    if (s.dma.mergeBoundary() > 0) {
      refused("unaligned memory", () -> s.dma.iovaLink(state, g, memory, 8, 64, BOTH));
    }
    link(s, state, g, memory, g, 10);
    if (s.dma.mergeBoundary() > 0) {
      refused("a link behind a short one", () -> link(s, state, g + 10L, memory, 10, BOTH));
    }
    DmaUsage linked = new DmaUsage(1, 0, 0, g + 10L);
    refused("a sync past the last link", () -> s.dma.iovaSync(state, 0, g + 11L));
    refused("unlinking a part", () -> s.dma.iovaUnlink(state, 0, g - 1L, BOTH));
    refused("unlinking another direction", () -> s.dma.iovaUnlink(state, 0, g, TO));
    refused("unlinking with NONE", () -> s.dma.iovaUnlink(state, 0, g, DmaDirection.NONE));
    refused("a free of what is linked", () -> s.dma.iovaFree(state));
    refused("a destroy of less", () -> s.dma.iovaDestroy(state, g, BOTH));
    refused("an unmap", () -> s.dma.unmapSingle(state.address(), g, BOTH));
    IbDma stranger = new IbDma(s.newUser("ib.dma.tck.stranger"), s.ops);
    refused("a destroy by another user", () -> stranger.iovaDestroy(state, g + 10L, BOTH));
    s.checkUsage(linked, "after refusals");
    s.dma.iovaDestroy(state, g + 10L, BOTH);
    refused("a second free", () -> s.dma.iovaFree(state));
    s.checkUsage(DmaUsage.NONE, "after iovaDestroy");
    check(s.isUnpinned(memory), "refusals left %d pins", memory.pinCount());
  }

  private static void link(
      Scratch s, DmaIova state, long at, DmaMemory memory, long bytes, DmaDirection direction) {
    s.dma.iovaLink(state, at, memory, 0, bytes, direction);
  }

  static void reclaimed(Scratch s) {
    int g = granule(s);
    DmaMemory memory = s.pooled(2L * g);
    DmaIova state = reserve(s, memory, 0, 2L * g);
    link(s, state, 0, memory, 0, g);
    sync(s, state, 0, g);
    link(s, state, g, memory, g, g);
    DmaUsage left = s.ops.detach(s.user);
    check(left.equals(new DmaUsage(1, 0, 0, 2L * g)), "detach counted %s", left);
    check(s.isUnpinned(memory), "%d pins after detach", memory.pinCount());
    if (s.guarantees(DmaGuarantee.REVOKED)) {
      s.checkUnreachable(state.address(), 1, "after detach");
    }
    check(!s.dma.iovaLink(state, 0, memory, 0, g, BOTH), "a detached user can link");
    s.dma.iovaDestroy(state, 2L * g, BOTH); // ignored: reclaimed already
    check(!state.isInUse(), "a state is in use after iovaDestroy");
    check(!s.dma.iovaTryAlloc(state, memory, 0, g), "a detached user can reserve");
  }
}
