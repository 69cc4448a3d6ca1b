// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Unaligned big-endian reads and writes of unsigned fields, as all InfiniBand headers have them.
 *
 * <p>Works on native and on heap ({@code byte[]}) segments. Bounds are checked by the segment.
 */
public final class Wire {
  private static final ValueLayout.OfShort U16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfInt U32_LE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Wire() {}

  /** The byte at {@code off}, 0..255. */
  public static int u8(MemorySegment seg, long off) {
    return seg.get(ValueLayout.JAVA_BYTE, off) & 0xFF;
  }

  /** Stores the low 8 bits of {@code value}. */
  public static void u8(MemorySegment seg, long off, int value) {
    seg.set(ValueLayout.JAVA_BYTE, off, (byte) value);
  }

  /** The 16-bit field at {@code off}, 0..65535. */
  public static int u16(MemorySegment seg, long off) {
    return seg.get(U16, off) & 0xFFFF;
  }

  /** Stores the low 16 bits of {@code value}. */
  public static void u16(MemorySegment seg, long off, int value) {
    seg.set(U16, off, (short) value);
  }

  /** The 24-bit field at {@code off}, 0..0xFFFFFF. */
  public static int u24(MemorySegment seg, long off) {
    return (u16(seg, off) << 8) | u8(seg, off + 2);
  }

  /** Stores the low 24 bits of {@code value}. */
  public static void u24(MemorySegment seg, long off, int value) {
    u16(seg, off, value >>> 8);
    u8(seg, off + 2, value);
  }

  /** The 32 bits at {@code off}; unsigned fields look negative when their top bit is set. */
  public static int u32(MemorySegment seg, long off) {
    return seg.get(U32, off);
  }

  /** Stores 32 bits. */
  public static void u32(MemorySegment seg, long off, int value) {
    seg.set(U32, off, value);
  }

  /** The unsigned 32-bit field at {@code off}, 0..0xFFFFFFFF. */
  public static long u32AsLong(MemorySegment seg, long off) {
    return seg.get(U32, off) & 0xFFFF_FFFFL;
  }

  /** The 64 bits at {@code off}. */
  public static long u64(MemorySegment seg, long off) {
    return seg.get(U64, off);
  }

  /** Stores 64 bits. */
  public static void u64(MemorySegment seg, long off, long value) {
    seg.set(U64, off, value);
  }

  /** The 32 bits at {@code off}, little-endian (only the ICRC is stored so). */
  public static int u32LittleEndian(MemorySegment seg, long off) {
    return seg.get(U32_LE, off);
  }

  /** Stores 32 bits little-endian (only the ICRC is stored so). */
  public static void u32LittleEndian(MemorySegment seg, long off, int value) {
    seg.set(U32_LE, off, value);
  }

  /** The {@code bits} bits of the byte at {@code off} whose lowest one is bit {@code shift}. */
  public static int bits(MemorySegment seg, long off, int shift, int bits) {
    return (u8(seg, off) >>> shift) & ((1 << bits) - 1);
  }

  /**
   * Replaces the {@code bits} bits from bit {@code shift} on in the byte at {@code off}; the others
   * stay.
   */
  public static void bits(MemorySegment seg, long off, int shift, int bits, int value) {
    int mask = ((1 << bits) - 1) << shift;
    u8(seg, off, (u8(seg, off) & ~mask) | ((value << shift) & mask));
  }
}
