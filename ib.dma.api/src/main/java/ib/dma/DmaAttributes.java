// SPDX-License-Identifier: Apache-2.0
package ib.dma;

/**
 * DMA attributes, a bit set (names as in Linux {@code include/linux/dma-mapping.h}). An ops refuses
 * a bit that it gives no meaning with {@link IllegalArgumentException}.
 */
public final class DmaAttributes {
  /** No attribute. */
  public static final int NONE = 0;

  /** Map or unmap without moving data between CPU and device view; the caller syncs explicitly. */
  public static final int SKIP_CPU_SYNC = 1 << 5;

  /**
   * A failing mapping is not logged. Without it the ops log the first failure of each device and
   * cause, and then one line in ten seconds.
   */
  public static final int NO_WARN = 1 << 8;

  /**
   * Unmap does not order what the device wrote before what the CPU reads next. For mappings that
   * are not read at once, or that something else orders: a completion, say. Sync orders always.
   */
  public static final int WEAK_ORDERING = 1 << 1;

  /** Every attribute with a meaning here. */
  public static final int SUPPORTED = SKIP_CPU_SYNC | NO_WARN | WEAK_ORDERING;

  private DmaAttributes() {}

  /**
   * Refuses attributes without a meaning in user space.
   *
   * @param attributes bit set of the constants of this class
   * @throws IllegalArgumentException naming the unsupported bits
   */
  public static void check(int attributes) {
    int unknown = attributes & ~SUPPORTED;
    if (unknown != 0) {
      throw new IllegalArgumentException(
          "DMA attributes 0x"
              + Integer.toHexString(unknown)
              + " have no meaning here; use SKIP_CPU_SYNC, NO_WARN or WEAK_ORDERING");
    }
  }
}
