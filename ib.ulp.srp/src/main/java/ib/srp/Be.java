// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Unaligned big-endian fields, and the opaque tag in the machine's order. */
final class Be {
  private static final ValueLayout.OfShort U16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfLong TAG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.nativeOrder());

  private Be() {}

  static int u8(MemorySegment seg, long off) {
    return seg.get(ValueLayout.JAVA_BYTE, off) & 0xFF;
  }

  static void u8(MemorySegment seg, long off, int value) {
    seg.set(ValueLayout.JAVA_BYTE, off, (byte) value);
  }

  static int u16(MemorySegment seg, long off) {
    return seg.get(U16, off) & 0xFFFF;
  }

  static void u16(MemorySegment seg, long off, int value) {
    seg.set(U16, off, (short) value);
  }

  static int u32(MemorySegment seg, long off) {
    return seg.get(U32, off);
  }

  static long u32L(MemorySegment seg, long off) {
    return seg.get(U32, off) & 0xFFFF_FFFFL;
  }

  static void u32(MemorySegment seg, long off, int value) {
    seg.set(U32, off, value);
  }

  static long u64(MemorySegment seg, long off) {
    return seg.get(U64, off);
  }

  static void u64(MemorySegment seg, long off, long value) {
    seg.set(U64, off, value);
  }

  static long tag(MemorySegment seg, long off) {
    return seg.get(TAG, off);
  }

  static void tag(MemorySegment seg, long off, long value) {
    seg.set(TAG, off, value);
  }

  static byte[] bytes(MemorySegment seg, long off, int length) {
    byte[] bytes = new byte[length];
    MemorySegment.copy(seg, ValueLayout.JAVA_BYTE, off, bytes, 0, length);
    return bytes;
  }

  static void portId(MemorySegment seg, long off, byte[] value) {
    if (value.length != SrpIu.PORT_ID_BYTES) {
      throw new IllegalArgumentException(
          "SRP port id of " + value.length + " bytes: it has " + SrpIu.PORT_ID_BYTES);
    }
    MemorySegment.copy(value, 0, seg, ValueLayout.JAVA_BYTE, off, value.length);
  }
}
