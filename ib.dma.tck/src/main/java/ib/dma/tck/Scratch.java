// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import ib.dma.BusAccessor;
import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaGuarantee;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDma;
import ib.dma.IbDmaInterposer;
import ib.dma.IbDmaOps;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * What a case works with: an attachment of its own with one user, memory that goes with it, and
 * words for what it expects.
 */
final class Scratch implements AutoCloseable {
  private static final long LATE_UNPIN_NS = TimeUnit.SECONDS.toNanos(5);

  static final String OWNER = "ib.dma.tck";
  static final int PAGE = DmaMemoryPool.PAGE_SIZE;

  final IbDmaOps ops;
  final TckOptions options;

  /** The user that maps. */
  final IbDevice user;

  final IbDma dma;
  final DmaBus bus;
  private final IbDevice root;
  private final DmaMemoryPool pool;
  private final Arena arena = Arena.ofShared();
  private final List<DmaMemory> memory = new ArrayList<>();

  Scratch(IbDevice like, IbDmaOps plain, DmaMemoryPool pool, TckOptions options) {
    this.pool = pool;
    this.options = options;
    root = rootLike(like);
    IbDmaInterposer between = options.interposer();
    ops = between == null ? plain : between.wrapOps(root, plain);
    ops.attach(root);
    DmaBus direct = ops.bus(root);
    bus = between == null ? direct : between.wrapBus(root, direct);
    user = newUser(OWNER + ".user");
    dma = new IbDma(user, ops);
  }

  private static IbDevice rootLike(IbDevice like) {
    return new IbDevice(
        like.name(),
        like.nodeGuid(),
        like.dmaMask(),
        like.maxSegmentSizeBytes(),
        like.segmentBoundaryMask(),
        OWNER);
  }

  /** Another attachment of a device with the same limits; to be detached by the caller. */
  IbDevice anotherRoot() {
    IbDevice other = rootLike(root);
    ops.attach(other);
    return other;
  }

  IbDevice root() {
    return root;
  }

  /** Another user of the attachment. */
  IbDevice newUser(String owner) {
    IbDevice view = root.forOwner(owner);
    ops.attach(view);
    return view;
  }

  void requireGuarantees(Set<DmaGuarantee> needed) {
    for (DmaGuarantee guarantee : needed) {
      if (!guarantees(guarantee)) {
        throw new CaseSkip(
            "the ops of " + root.name() + " do not promise that " + guarantee.words());
      }
    }
  }

  boolean guarantees(DmaGuarantee guarantee) {
    return ops.guarantees(root).contains(guarantee);
  }

  /**
   * Whether nothing holds the memory any more. Ops that don't promise {@link DmaGuarantee#REVOKED}
   * may hold what was unmapped a moment longer, and have that moment.
   */
  boolean isUnpinned(DmaMemory pages) {
    long begin = System.nanoTime();
    while (pages.pinCount() != 0
        && !guarantees(DmaGuarantee.REVOKED)
        && System.nanoTime() - begin < LATE_UNPIN_NS) {
      LockSupport.parkNanos(this, LATE_UNPIN_NS / 1000);
    }
    return pages.pinCount() == 0;
  }

  /** Memory of the pool, zeroed. */
  synchronized DmaMemory pooled(long sizeBytes) {
    DmaMemory pages = pool.allocate(sizeBytes);
    memory.add(pages);
    return pages;
  }

  /** Page-aligned native memory of nobody's thread, zeroed. */
  synchronized DmaMemory foreign(long sizeBytes) {
    return DmaMemory.ofForeign(arena.allocate(sizeBytes, PAGE));
  }

  /** Maps; fails if it can't. */
  long map(DmaMemory mem, long offset, long length, DmaDirection direction) {
    long address = dma.mapSingle(mem, offset, length, direction);
    check(
        !dma.mappingError(address),
        "mapping %d bytes at %d of %s, %s, failed",
        length,
        offset,
        mem,
        direction);
    return address;
  }

  /** What the device reads. */
  byte[] deviceReads(long address, int length) {
    byte[] bytes = new byte[length];
    BusAccessor device = new BusAccessor(bus);
    boolean read = device.read(address, MemorySegment.ofArray(bytes), 0, length);
    check(read, "device can't read %d bytes at 0x%x: %s", length, address, device.fault());
    return bytes;
  }

  /** The device writes. */
  void deviceWrites(long address, byte[] bytes) {
    BusAccessor device = new BusAccessor(bus);
    boolean written = device.write(address, MemorySegment.ofArray(bytes), 0, bytes.length);
    check(
        written, "device can't write %d bytes at 0x%x: %s", bytes.length, address, device.fault());
  }

  DmaFault resolve(long address, long length, DmaAccess access) {
    return bus.resolve(address, length, access, new BusWindow());
  }

  /** The device reaches nothing there, in either way. */
  void checkUnreachable(long address, long length, String when) {
    for (DmaAccess access : DmaAccess.values()) {
      check(
          resolve(address, length, access) != DmaFault.NONE,
          "%s of %d bytes at 0x%x succeeds %s",
          access,
          length,
          address,
          when);
    }
  }

  void checkUsage(DmaUsage expected, String when) {
    DmaUsage now = ops.usage(user);
    check(now.equals(expected), "usage %s: %s instead of %s", when, now, expected);
  }

  static void cpuWrites(DmaMemory mem, long offset, byte[] bytes) {
    MemorySegment.copy(bytes, 0, mem.segment(), ValueLayout.JAVA_BYTE, offset, bytes.length);
  }

  static byte[] cpuReads(DmaMemory mem, long offset, int length) {
    return mem.segment().asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
  }

  /** Bytes that differ from those of another salt. */
  static byte[] pattern(int length, int salt) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (i * 31 + (i >>> 8) + salt * 57 + 1);
    }
    return bytes;
  }

  @SuppressWarnings("AnnotateFormatMethod") // the annotation would be the only use of its library
  static void check(boolean holds, String message, Object... arguments) {
    if (!holds) {
      throw new CaseFailure(message.formatted(arguments));
    }
  }

  static void checkBytes(byte[] actual, byte[] expected, String what) {
    int at = java.util.Arrays.mismatch(actual, expected);
    check(at < 0, "%s: byte %d is not what was written", what, at);
  }

  /** A call that must be refused in a certain way. */
  static void checkThrows(Class<? extends Exception> type, String what, Runnable call) {
    try {
      call.run();
    } catch (RuntimeException e) {
      check(type.isInstance(e), "%s throws %s instead of %s", what, e, type.getSimpleName());
      return;
    }
    throw new CaseFailure(what + " is accepted instead of " + type.getSimpleName());
  }

  @Override
  public void close() {
    ops.detach(user);
    ops.detach(root);
    memory.forEach(DmaMemory::close);
    arena.close();
  }
}
