// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Big-endian words in memory that driver and hardware share. */
public final class Be {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final VarHandle ORDERED =
      ValueLayout.JAVA_INT.withOrder(ByteOrder.BIG_ENDIAN).varHandle();

  private Be() {}

  /** Reads 32 bits. */
  public static int get32(MemorySegment segment, long offset) {
    return segment.get(INT, offset);
  }

  /** Reads 64 bits. */
  public static long get64(MemorySegment segment, long offset) {
    return segment.get(LONG, offset);
  }

  /** Writes 32 bits. */
  public static void put32(MemorySegment segment, long offset, int value) {
    segment.set(INT, offset, value);
  }

  /** Writes 64 bits. */
  public static void put64(MemorySegment segment, long offset, long value) {
    segment.set(LONG, offset, value);
  }

  /** Reads 32 aligned bits before everything that is read later. */
  public static int acquire32(MemorySegment segment, long offset) {
    return (int) ORDERED.getAcquire(segment, offset);
  }

  /** Writes 32 aligned bits after everything that was written before. */
  public static void release32(MemorySegment segment, long offset, int value) {
    ORDERED.setRelease(segment, offset, value);
  }

  /** Smallest power of two that is not less. */
  public static int powerOfTwo(int atLeast) {
    return atLeast <= 1 ? 1 : Integer.highestOneBit(atLeast - 1) << 1;
  }

  /** Logarithm of a power of two. */
  public static int log2(int powerOfTwo) {
    return Integer.numberOfTrailingZeros(powerOfTwo);
  }
}
