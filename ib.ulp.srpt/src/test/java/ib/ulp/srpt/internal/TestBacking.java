// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.ulp.srpt.internal.scsi.Backing;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Bytes whose reads, writes and flushes can fail or wait. */
final class TestBacking implements Backing {
  final byte[] bytes;
  final AtomicInteger writes = new AtomicInteger();
  final AtomicInteger flushes = new AtomicInteger();
  volatile boolean fails;
  volatile @Nullable RuntimeException throwing;
  volatile @Nullable CountDownLatch mediumGate;
  volatile @Nullable CountDownLatch flushGate;
  volatile boolean closed;

  TestBacking(int sizeBytes) {
    bytes = new byte[sizeBytes];
  }

  private void gate(@Nullable CountDownLatch gate) throws IOException {
    RuntimeException odd = throwing;
    if (odd != null) {
      throw odd;
    }
    try {
      if (gate != null) {
        gate.await();
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
    if (fails) {
      throw new IOException("bad block");
    }
  }

  @Override
  public long sizeBytes() {
    return bytes.length;
  }

  @Override
  public String description() {
    return "test";
  }

  @Override
  public void read(long position, MemorySegment into, long offset, long lengthBytes)
      throws IOException {
    gate(mediumGate);
    MemorySegment.copy(
        bytes, (int) position, into, ValueLayout.JAVA_BYTE, offset, (int) lengthBytes);
  }

  @Override
  public void write(long position, MemorySegment from, long offset, long lengthBytes)
      throws IOException {
    gate(mediumGate);
    writes.incrementAndGet();
    MemorySegment.copy(
        from, ValueLayout.JAVA_BYTE, offset, bytes, (int) position, (int) lengthBytes);
  }

  @Override
  public boolean isDurable() {
    return true;
  }

  @Override
  public void flush() throws IOException {
    gate(flushGate);
    flushes.incrementAndGet();
  }

  @Override
  public void close() {
    closed = true;
  }
}
