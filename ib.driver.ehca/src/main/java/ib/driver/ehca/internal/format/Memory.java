// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Big-endian access to entries. */
public final class Memory {
  /** Bytes of a page of the adapter. */
  public static final int PAGE = 4096;

  /** Shift of a page. */
  public static final int PAGE_SHIFT = 12;

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final VarHandle ORDERED_INT =
      ValueLayout.JAVA_INT.withOrder(ByteOrder.BIG_ENDIAN).varHandle();

  private Memory() {}

  /** Reads 8 bits, unsigned. */
  public static int get8(MemorySegment segment, long offset) {
    return segment.get(ValueLayout.JAVA_BYTE, offset) & 0xFF;
  }

  /** Reads 32 bits. */
  public static int get32(MemorySegment segment, long offset) {
    return segment.get(INT, offset);
  }

  /** Reads 64 bits. */
  public static long get64(MemorySegment segment, long offset) {
    return segment.get(LONG, offset);
  }

  /** Reads 32 bits, aligned, before everything that is read later. */
  public static int acquire32(MemorySegment segment, long offset) {
    return (int) ORDERED_INT.getAcquire(segment, offset);
  }

  /** Writes 8 bits. */
  public static void put8(MemorySegment segment, long offset, int value) {
    segment.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
  }

  /** Writes 32 bits. */
  public static void put32(MemorySegment segment, long offset, int value) {
    segment.set(INT, offset, value);
  }

  /** Writes 64 bits. */
  public static void put64(MemorySegment segment, long offset, long value) {
    segment.set(LONG, offset, value);
  }

  /** Smallest power of two that is not less. */
  public static int powerOfTwo(int atLeast) {
    return atLeast <= 1 ? 1 : Integer.highestOneBit(atLeast - 1) << 1;
  }
}
