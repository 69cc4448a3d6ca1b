// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.lang.foreign.MemorySegment;

/**
 * A numeric field of a management datagram: up to 64 bits at any bit position, big-endian.
 *
 * <p>For the control path: a field is read and written byte by byte. Setting one leaves its
 * neighbours as they are. The {@code off} of all methods is where the MAD begins.
 */
public final class MadField {
  private final String name;
  private final int firstBit;
  private final int bits;

  MadField(String name, int firstBit, int bits) {
    if (bits < 1 || bits > Long.SIZE) {
      throw new IllegalArgumentException("field " + name + " of " + bits + " bits: 1..64 can be");
    }
    this.name = name;
    this.firstBit = firstBit;
    this.bits = bits;
  }

  /** The field's name in the specification's words. */
  public String name() {
    return name;
  }

  /** Its width in bits, 1..64. */
  public int bits() {
    return bits;
  }

  /** The value, zero-extended (64-bit fields use the sign bit). */
  public long get(MemorySegment seg, long off) {
    long value = 0;
    for (int bit = firstBit; bit < firstBit + bits; ) {
      int inByte = bit & 7;
      int count = Math.min(8 - inByte, firstBit + bits - bit);
      int part = Wire.bits(seg, off + (bit >>> 3), 8 - inByte - count, count);
      value = (value << count) | part;
      bit += count;
    }
    return value;
  }

  /** The low 32 bits of the value: all of it for fields up to 32 bits. */
  public int getInt(MemorySegment seg, long off) {
    return (int) get(seg, off);
  }

  /** Stores the low {@link #bits} bits of a value. */
  public void set(MemorySegment seg, long off, long value) {
    int left = bits;
    for (int bit = firstBit; left > 0; ) {
      int inByte = bit & 7;
      int count = Math.min(8 - inByte, left);
      left -= count;
      Wire.bits(seg, off + (bit >>> 3), 8 - inByte - count, count, (int) (value >>> left));
      bit += count;
    }
  }

  @Override
  public String toString() {
    return name + " (" + bits + " bits at byte " + firstBit / 8 + ")";
  }
}
