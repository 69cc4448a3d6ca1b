// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import static ib.dma.tck.Scratch.PAGE;
import static ib.dma.tck.Scratch.check;
import static ib.dma.tck.Scratch.checkThrows;

import ib.dma.DmaAccess;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDma;
import ib.dma.ScatterList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** Attachment, books, detachment, and what happens when there is no room. */
final class LifeCases {
  private static final DmaDirection BOTH = DmaDirection.BIDIRECTIONAL;
  private static final int MOST_MAPPINGS = 200_000;

  private LifeCases() {}

  static void attach(Scratch s) {
    Class<IllegalStateException> state = IllegalStateException.class;
    checkThrows(state, "a second attach of a user", () -> s.ops.attach(s.user));
    checkThrows(state, "a second attach of a device", () -> s.ops.attach(s.root()));
    IbDevice alone =
        new IbDevice(s.root().name(), 1, s.root().dmaMask(), 1 << 20, -1, Scratch.OWNER);
    checkThrows(state, "a user of an unattached device", () -> s.ops.attach(alone.forOwner("x")));
    checkThrows(state, "the bus of an unattached device", () -> s.ops.bus(alone));
    check(s.ops.detach(alone).equals(DmaUsage.NONE), "an unattached device left something");
  }

  static void books(Scratch s) {
    DmaMemory memory = s.pooled(4 * PAGE);
    s.map(memory, 0, 100, BOTH);
    check(!s.dma.mappingError(s.dma.mapPage(memory, 1, 0, 50, BOTH)), "mapping a page failed");
    ScatterList list = new ScatterList(2).add(memory, 0, PAGE).add(memory, PAGE, 10);
    check(s.dma.mapSg(list, 2, BOTH) > 0, "mapping a list failed");
    IbDevice second = s.newUser("ib.dma.tck.second");
    IbDma other = new IbDma(second, s.ops);
    long address = other.mapSingle(memory, 0, 7, BOTH);
    check(!other.mappingError(address), "the second user can't map");
    s.checkUsage(new DmaUsage(2, 2, 0, 150 + PAGE + 10), "of two mappings and a list");
    check(
        s.ops.usage(second).equals(new DmaUsage(1, 0, 0, 7)),
        "the second user has %s",
        s.ops.usage(second));
    DmaUsage left = s.ops.detach(s.user);
    check(left.total() == 4, "detach counted %s instead of 4", left);
    check(memory.pinCount() > 0, "detach of one user reclaimed the other's");
    other.unmapSingle(address, 7, BOTH);
    check(s.isUnpinned(memory), "detach left %d pins", memory.pinCount());
    check(s.ops.detach(second).equals(DmaUsage.NONE), "the second user left something");
  }

  static void coherentBooks(Scratch s) {
    DmaCoherent coherent = s.dma.allocCoherent(100);
    check(coherent != null, "no room for 100 bytes of coherent memory");
    if (coherent != null) {
      s.checkUsage(new DmaUsage(0, 0, 1, 100), "of 100 coherent bytes");
      s.dma.freeCoherent(coherent);
      s.checkUsage(DmaUsage.NONE, "after freeCoherent");
    }
  }

  static void detached(Scratch s) {
    DmaMemory memory = s.pooled(PAGE);
    long live = s.map(memory, 0, PAGE, BOTH);
    s.ops.detach(s.user);
    check(s.dma.mappingError(s.dma.mapSingle(memory, 0, PAGE, BOTH)), "a detached user can map");
    ScatterList list = new ScatterList(1).add(memory, 0, PAGE);
    check(s.dma.mapSg(list, 1, BOTH) == 0, "a detached user can map a list");
    s.dma.unmapSingle(live, PAGE, BOTH); // ignored: reclaimed already
    check(s.isUnpinned(memory), "%d pins after detach", memory.pinCount());
    s.ops.detach(s.root());
    DmaFault fault = s.resolve(live, 1, DmaAccess.READ);
    check(fault == DmaFault.DETACHED, "the bus of a detached device says %s", fault);
  }

  /** Maps until there is no room: that must be told at once, not waited for. */
  static void neverBlocks(Scratch s) throws InterruptedException {
    long length = Math.min(s.dma.maxMappingSize(), 16L << 20);
    DmaMemory memory = s.pooled(length);
    AtomicLong live = new AtomicLong();
    AtomicReference<String> end = new AtomicReference<>();
    Thread mapper =
        Thread.ofPlatform()
            .daemon()
            .name("tck-mapper")
            .start(
                () -> {
                  while (live.get() < MOST_MAPPINGS && !Thread.currentThread().isInterrupted()) {
                    if (s.dma.mappingError(s.dma.mapSingle(memory, 0, length, BOTH))) {
                      end.set("told");
                      return;
                    }
                    live.incrementAndGet();
                  }
                  end.set("plenty");
                });
    while (end.get() == null && progresses(mapper, live, s.options.blockedNs())) {
      Thread.onSpinWait();
    }
    String how = end.get();
    mapper.interrupt();
    mapper.join(TimeUnit.SECONDS.toMillis(1));
    check(how != null, "mapping blocks after %d mappings of %d bytes", live.get(), length);
    if ("plenty".equals(how)) {
      throw new CaseSkip("these ops had room for " + MOST_MAPPINGS + " mappings");
    }
  }

  private static boolean progresses(Thread mapper, AtomicLong live, long blockedNs)
      throws InterruptedException {
    long before = live.get();
    mapper.join(java.time.Duration.ofNanos(blockedNs));
    return live.get() != before;
  }
}
