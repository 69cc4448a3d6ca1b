// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.demo;

import ib.block.BlockDevice;
import ib.block.BlockOperation;
import ib.block.BlockStatus;
import ib.dma.DmaMemoryPool;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Writes the file to the disk and reads it back, again and again, with a fixed number of commands
 * in flight, until told to end; then once more for the checksums. Each pass writes the file with
 * another stamp in every block, so that a write that was lost, or an old one that landed late, is
 * found by the pass that reads it.
 */
final class Workload implements AutoCloseable {
  private static final int CHUNK_BYTES = 256 << 10;
  private static final int STAMP_EVERY_BYTES = 4096;
  private static final long WAIT_MS = 60_000;

  private final BlockDevice disk;
  private final GapMonitor gaps;
  private final FileChannel channel;
  private final MemorySegment file;
  private final long fileBytes;
  private final Slot[] slots;
  private final Semaphore wake = new Semaphore(0);
  private final AtomicLong completions = new AtomicLong();
  private final AtomicLong completedTwice = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private final AtomicLong retried = new AtomicLong();
  private final AtomicLong mismatches = new AtomicLong();
  private volatile boolean ending;
  private long bytesMoved;
  private int passes;
  private String readBackSha256 = "";

  Workload(BlockDevice disk, DmaMemoryPool pool, Path path, int depth, GapMonitor gaps)
      throws IOException {
    this.disk = disk;
    this.gaps = gaps;
    channel = FileChannel.open(path, StandardOpenOption.READ);
    fileBytes = channel.size();
    // Unmapped by the collector: other threads may still compare with it when the demonstration
    // ends early.
    file = channel.map(FileChannel.MapMode.READ_ONLY, 0, fileBytes, Arena.ofAuto());
    slots = new Slot[depth];
    for (int i = 0; i < depth; i++) {
      slots[i] = new Slot(this, pool.allocate(CHUNK_BYTES));
    }
  }

  /** Runs passes until {@link #end}, then the last two. */
  void run() throws DemoException {
    while (!ending) {
      pass(true, ++passes);
      pass(false, passes);
    }
    pass(true, 0);
    MessageDigest digest = sha256();
    readPass(0, digest);
    readBackSha256 = HexFormat.of().formatHex(digest.digest());
  }

  void end() {
    ending = true;
  }

  private void pass(boolean write, int stamp) throws DemoException {
    if (!write) {
      readPass(stamp, null);
      return;
    }
    long chunks = chunks();
    for (long chunk = 0; chunk < chunks; chunk++) {
      Slot slot = awaitFree(chunk);
      place(slot, chunk);
      MemorySegment.copy(file, slot.position, slot.memory.segment(), 0, valid(slot));
      slot.memory.segment().asSlice(valid(slot), slot.lengthBytes - valid(slot)).fill((byte) 0);
      stamp(slot, stamp);
      submit(slot, BlockOperation.WRITE);
    }
    awaitAll();
  }

  private void readPass(int stamp, @org.jspecify.annotations.Nullable MessageDigest digest)
      throws DemoException {
    long chunks = chunks();
    for (long chunk = 0; chunk < chunks + slots.length; chunk++) {
      Slot slot = awaitFree(chunk);
      if (chunk >= slots.length && chunk - slots.length < chunks) {
        verify(slot, stamp, digest);
      }
      if (chunk < chunks) {
        place(slot, chunk);
        submit(slot, BlockOperation.READ);
      }
    }
  }

  private long chunks() {
    return (fileBytes + CHUNK_BYTES - 1) / CHUNK_BYTES;
  }

  private void place(Slot slot, long chunk) {
    slot.position = chunk * CHUNK_BYTES;
    long left = fileBytes - slot.position;
    int block = disk.blockSize();
    slot.lengthBytes = (int) Math.min(CHUNK_BYTES, (left + block - 1) / block * block);
  }

  /** Bytes of the slot that are in the file; what follows fills the last block. */
  private long valid(Slot slot) {
    return Math.min(slot.lengthBytes, fileBytes - slot.position);
  }

  /** Its own inverse; stamp 0 changes nothing. */
  private static void stamp(Slot slot, int stamp) {
    MemorySegment bytes = slot.memory.segment();
    for (int at = 0; at + Long.BYTES <= slot.lengthBytes; at += STAMP_EVERY_BYTES) {
      long word = bytes.get(ValueLayout.JAVA_LONG, at);
      bytes.set(ValueLayout.JAVA_LONG, at, word ^ stamp);
    }
  }

  private void verify(
      Slot slot, int stamp, @org.jspecify.annotations.Nullable MessageDigest digest) {
    stamp(slot, stamp);
    long valid = valid(slot);
    if (digest != null) {
      digest.update(slot.memory.segment().asSlice(0, valid).asByteBuffer());
    }
    if (MemorySegment.mismatch(
            slot.memory.segment(), 0, valid, file, slot.position, slot.position + valid)
        >= 0) {
      mismatches.incrementAndGet();
    }
  }

  private void submit(Slot slot, BlockOperation operation) throws DemoException {
    int block = disk.blockSize();
    slot.request.reset(operation, slot.position / block, slot.lengthBytes / block, slot);
    slot.request.data().add(slot.memory, 0, slot.lengthBytes);
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(WAIT_MS);
    slot.submitted();
    while (!disk.submit(slot.request)) {
      pause(deadline, "the disk takes no more requests");
    }
    bytesMoved += slot.lengthBytes;
  }

  private Slot awaitFree(long chunk) throws DemoException {
    Slot slot = slots[(int) (chunk % slots.length)];
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(WAIT_MS);
    while (true) {
      while (slot.isOutstanding()) {
        pause(deadline, "a request did not complete");
      }
      if (slot.status() == BlockStatus.OK || slot.lengthBytes == 0) {
        return slot;
      }
      if (slot.status() != BlockStatus.RETRY) {
        failed.incrementAndGet();
        throw new DemoException(
            "a "
                + slot.request.operation()
                + " at block "
                + slot.request.lba()
                + " failed: "
                + slot.status()
                + ", "
                + slot.request.message());
      }
      retried.incrementAndGet();
      slot.submitted();
      if (!disk.submit(slot.request)) {
        slot.notSubmitted();
        pause(deadline, "the disk takes no more requests");
      }
    }
  }

  private void awaitAll() throws DemoException {
    for (int i = 0; i < slots.length; i++) {
      awaitFree(i);
    }
  }

  private void pause(long deadlineNs, String what) throws DemoException {
    try {
      wake.tryAcquire(1, TimeUnit.MILLISECONDS);
      wake.drainPermits();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DemoException("interrupted", e);
    }
    if (System.nanoTime() - deadlineNs > 0) {
      throw new DemoException(what + " within " + WAIT_MS / 1000 + " s; disk is " + disk.state());
    }
  }

  void completed(boolean twice) {
    completions.incrementAndGet();
    gaps.completed();
    if (twice) {
      completedTwice.incrementAndGet();
    }
    wake.release();
  }

  /** Requests that never completed; to be asked at the end. */
  int lost() {
    int count = 0;
    for (Slot slot : slots) {
      if (slot.isOutstanding()) {
        count++;
      }
    }
    return count;
  }

  long completions() {
    return completions.get();
  }

  long completedTwice() {
    return completedTwice.get();
  }

  long failed() {
    return failed.get();
  }

  long retried() {
    return retried.get();
  }

  long mismatches() {
    return mismatches.get();
  }

  long bytesMoved() {
    return bytesMoved;
  }

  int passes() {
    return passes;
  }

  String readBackSha256() {
    return readBackSha256;
  }

  String fileSha256() {
    MessageDigest digest = sha256();
    for (long at = 0; at < fileBytes; at += 1 << 20) {
      digest.update(file.asSlice(at, Math.min(1 << 20, fileBytes - at)).asByteBuffer());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  @Override
  public void close() throws IOException {
    for (Slot slot : slots) {
      slot.memory.close();
    }
    channel.close();
  }
}
