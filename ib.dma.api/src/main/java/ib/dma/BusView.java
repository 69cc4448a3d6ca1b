// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Convenience for hardware models: one structure in host memory at a time, reached through a {@link
 * DmaBus}, and its fields by offset, big-endian as the HCAs of this project are. Where {@link
 * BusAccessor} copies, this works in place: a field that is read twice may have changed meanwhile.
 *
 * <p>A structure is to be opened again for each use, as the bus may take it out of reach at any
 * time. Until one was opened no field may be touched. Offsets are in bytes, from the structure's
 * begin; beyond the memory that holds it they throw {@link IndexOutOfBoundsException}. Not
 * thread-safe.
 */
public final class BusView {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final VarHandle ORDERED =
      ValueLayout.JAVA_INT.withOrder(ByteOrder.BIG_ENDIAN).varHandle();

  private final DmaBus bus;
  private final BusWindow window = new BusWindow();

  /**
   * Creates a view of nothing.
   *
   * @param bus the bus of the attachment
   */
  public BusView(DmaBus bus) {
    this.bus = bus;
  }

  /**
   * Opens a structure.
   *
   * @param dmaAddress its first byte
   * @param bytes its length, at least 1
   * @param access what will be done with it
   * @return false if it can't be reached in one run; then nothing may be touched
   */
  public boolean open(long dmaAddress, int bytes, DmaAccess access) {
    return bus.resolve(dmaAddress, bytes, access, window) == DmaFault.NONE
        && window.length() >= bytes;
  }

  /**
   * The memory that holds the open structure.
   *
   * @return a native segment, not sliced
   */
  public MemorySegment segment() {
    return window.segment();
  }

  /**
   * Where the open structure begins in {@link #segment()}.
   *
   * @return offset in bytes
   */
  public long offset() {
    return window.offset();
  }

  /**
   * Reads 8 bits.
   *
   * @return 0 to 255
   */
  public int get8(int offset) {
    return window.segment().get(ValueLayout.JAVA_BYTE, window.offset() + offset) & 0xFF;
  }

  /** Reads 32 bits. */
  public int get32(int offset) {
    return window.segment().get(INT, window.offset() + offset);
  }

  /** Reads 64 bits. */
  public long get64(int offset) {
    return window.segment().get(LONG, window.offset() + offset);
  }

  /** Reads 32 bits, which must be aligned in memory, before everything that is read later. */
  public int acquire32(int offset) {
    return (int) ORDERED.getAcquire(window.segment(), window.offset() + offset);
  }

  /** Writes the lowest 8 bits of a value. */
  public void put8(int offset, int value) {
    window.segment().set(ValueLayout.JAVA_BYTE, window.offset() + offset, (byte) value);
  }

  /** Writes 32 bits. */
  public void put32(int offset, int value) {
    window.segment().set(INT, window.offset() + offset, value);
  }

  /** Writes 64 bits. */
  public void put64(int offset, long value) {
    window.segment().set(LONG, window.offset() + offset, value);
  }

  /** Writes 32 bits, which must be aligned in memory, after everything that was written before. */
  public void release32(int offset, int value) {
    ORDERED.setRelease(window.segment(), window.offset() + offset, value);
  }
}
