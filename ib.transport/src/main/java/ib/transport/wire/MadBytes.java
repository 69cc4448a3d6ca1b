// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A block of bytes in a management datagram: a GID, private data, additional reject information.
 */
public final class MadBytes {
  private final String name;
  private final int offset;
  private final int length;

  MadBytes(String name, int offset, int length) {
    this.name = name;
    this.offset = offset;
    this.length = length;
  }

  /** The field's name in the specification's words. */
  public String name() {
    return name;
  }

  /** Offset in bytes from the MAD's beginning. */
  public int offset() {
    return offset;
  }

  /** Length in bytes. */
  public int length() {
    return length;
  }

  /** A copy of the block; {@code off} is where the MAD begins. */
  public byte[] get(MemorySegment seg, long off) {
    byte[] bytes = new byte[length];
    MemorySegment.copy(seg, ValueLayout.JAVA_BYTE, off + offset, bytes, 0, length);
    return bytes;
  }

  /**
   * Stores a value, padded with zeros at its end.
   *
   * @throws IllegalArgumentException if it is longer than the block
   */
  public void set(MemorySegment seg, long off, byte[] value) {
    if (value.length > length) {
      throw new IllegalArgumentException(
          name + " of " + value.length + " bytes: the field holds " + length);
    }
    MemorySegment.copy(value, 0, seg, ValueLayout.JAVA_BYTE, off + offset, value.length);
    seg.asSlice(off + offset + value.length, length - value.length).fill((byte) 0);
  }

  /** The block itself, as a view; {@code off} is where the MAD begins. */
  public MemorySegment slice(MemorySegment seg, long off) {
    return seg.asSlice(off + offset, length);
  }

  @Override
  public String toString() {
    return name + " (" + length + " bytes at byte " + offset + ")";
  }
}
