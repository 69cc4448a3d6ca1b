// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Convenience for hardware models: reads and writes through a {@link DmaBus}, big-endian as the
 * HCAs of this project are. Every method returns false, moves nothing further and sets {@link
 * #fault()} when an address can't be reached. Not thread-safe.
 */
public final class BusAccessor {
  private static final ValueLayout.OfInt INT_BE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT_BE_ORDERED =
      ValueLayout.JAVA_INT.withOrder(ByteOrder.BIG_ENDIAN).varHandle();

  private final DmaBus bus;
  private final BusWindow window = new BusWindow();
  private DmaFault fault = DmaFault.NONE;
  private int value32;

  /**
   * Creates an accessor.
   *
   * @param bus the bus of the attachment
   */
  public BusAccessor(DmaBus bus) {
    this.bus = bus;
  }

  /**
   * The fault of the last call.
   *
   * @return {@link DmaFault#NONE} after success
   */
  public DmaFault fault() {
    return fault;
  }

  /**
   * Copies from host memory into a segment of the device.
   *
   * @param dmaAddress source
   * @param destination target segment
   * @param offset first byte in the target
   * @param lengthBytes bytes, 0 is a successful no-op
   * @return false on a fault
   */
  public boolean read(long dmaAddress, MemorySegment destination, long offset, long lengthBytes) {
    long done = 0;
    while (done < lengthBytes) {
      fault = bus.resolve(dmaAddress + done, lengthBytes - done, DmaAccess.READ, window);
      if (fault != DmaFault.NONE) {
        return false;
      }
      MemorySegment.copy(
          window.segment(), window.offset(), destination, offset + done, window.length());
      done += window.length();
    }
    fault = DmaFault.NONE;
    return true;
  }

  /**
   * Copies from a segment of the device into host memory.
   *
   * @param dmaAddress target
   * @param source source segment
   * @param offset first byte in the source
   * @param lengthBytes bytes, 0 is a successful no-op
   * @return false on a fault
   */
  public boolean write(long dmaAddress, MemorySegment source, long offset, long lengthBytes) {
    long done = 0;
    while (done < lengthBytes) {
      fault = bus.resolve(dmaAddress + done, lengthBytes - done, DmaAccess.WRITE, window);
      if (fault != DmaFault.NONE) {
        return false;
      }
      MemorySegment.copy(source, offset + done, window.segment(), window.offset(), window.length());
      done += window.length();
    }
    fault = DmaFault.NONE;
    return true;
  }

  /**
   * Reads a 32-bit big-endian word into {@link #value32()}; the word must not straddle two runs.
   *
   * @param dmaAddress address of the word
   * @return false on a fault
   */
  public boolean readInt(long dmaAddress) {
    if (!one(dmaAddress, 4, DmaAccess.READ)) {
      return false;
    }
    value32 = window.segment().get(INT_BE, window.offset());
    return true;
  }

  /**
   * Writes a 32-bit big-endian word after everything written before it (release), as a device
   * writes a valid bit. The address must be a multiple of 4.
   *
   * @param dmaAddress address of the word
   * @param value the word
   * @return false on a fault
   */
  public boolean writeIntRelease(long dmaAddress, int value) {
    if (!one(dmaAddress, 4, DmaAccess.WRITE)) {
      return false;
    }
    INT_BE_ORDERED.setRelease(window.segment(), window.offset(), value);
    return true;
  }

  /**
   * The word of the last {@link #readInt}.
   *
   * @return value
   */
  public int value32() {
    return value32;
  }

  private boolean one(long dmaAddress, long lengthBytes, DmaAccess access) {
    fault = bus.resolve(dmaAddress, lengthBytes, access, window);
    if (fault == DmaFault.NONE && window.length() < lengthBytes) {
      fault = DmaFault.OUT_OF_BOUNDS;
    }
    return fault == DmaFault.NONE;
  }
}
