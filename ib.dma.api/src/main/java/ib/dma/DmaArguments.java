// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import java.util.Objects;

/** What all ops refuse in the same way and in the same words; for those who implement ops. */
public final class DmaArguments {
  private DmaArguments() {}

  /**
   * Refuses a direction that says nothing.
   *
   * @param device the device
   * @param direction as called with
   * @throws IllegalArgumentException if it is NONE
   */
  public static void checkDirection(IbDevice device, DmaDirection direction) {
    if (Objects.requireNonNull(direction, "direction") == DmaDirection.NONE) {
      throw new IllegalArgumentException(
          device + ": direction NONE; give TO_DEVICE, FROM_DEVICE or BIDIRECTIONAL");
    }
  }

  /**
   * Refuses a range that leaves its memory, or has no bytes.
   *
   * @param device the device
   * @param memory the memory
   * @param offsetBytes first byte
   * @param lengthBytes bytes
   * @throws IndexOutOfBoundsException if the range leaves the memory
   * @throws IllegalArgumentException if it has no bytes
   */
  public static void checkRange(
      IbDevice device, DmaMemory memory, long offsetBytes, long lengthBytes) {
    if (offsetBytes < 0 || lengthBytes < 0 || offsetBytes > memory.size() - lengthBytes) {
      throw new IndexOutOfBoundsException(
          "%s: bytes %d to %d of %s; give a range within it"
              .formatted(device, offsetBytes, offsetBytes + lengthBytes, memory));
    }
    if (lengthBytes == 0) {
      throw new IllegalArgumentException(
          "%s: 0 bytes at %d of %s; give 1 or more".formatted(device, offsetBytes, memory));
    }
  }

  /**
   * Refuses part of a page that leaves its page.
   *
   * @param device the device
   * @param pageIndex page within the memory
   * @param offsetInPage first byte in the page
   * @param lengthBytes bytes
   * @throws IndexOutOfBoundsException if it does
   */
  public static void checkPage(IbDevice device, long pageIndex, int offsetInPage, int lengthBytes) {
    if (pageIndex < 0
        || pageIndex > Long.MAX_VALUE / DmaMemoryPool.PAGE_SIZE - 1
        || offsetInPage < 0
        || lengthBytes < 0
        || offsetInPage > DmaMemoryPool.PAGE_SIZE - lengthBytes) {
      throw new IndexOutOfBoundsException(
          "%s: %d bytes at %d of page %d; give a part of one page of %d"
              .formatted(device, lengthBytes, offsetInPage, pageIndex, DmaMemoryPool.PAGE_SIZE));
    }
  }
}
