// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

/**
 * How one device maps.
 *
 * @param mode the mode
 * @param busBase bus address of the pool's first byte, for direct and auto; {@link #CHOSEN} leaves
 *     the choice to core
 * @param bounceBytes size of the area of bounce slots, a power of two; less where the mask is
 *     narrow
 */
public record DmaSettings(DmaMode mode, long busBase, long bounceBytes) {
  /** Core chooses a base unlike any virtual address. */
  public static final long CHOSEN = 0;

  /** Largest area of bounce slots, in MiB. */
  static final int MAX_BOUNCE_MIB = 1024;

  static final int BOUNCE_MIB = 16;

  /** What holds without a configuration. */
  public static final DmaSettings DEFAULT = of(DmaMode.IOMMU_STRICT);

  /**
   * Checks the base and the size.
   *
   * @throws IllegalArgumentException naming the key and what it may be
   */
  public DmaSettings {
    if (busBase < 0 || busBase % HostMemoryPool.MAX_ALIGNMENT != 0) {
      throw new IllegalArgumentException(
          "bus.base=0x%x; give a multiple of 0x%x, or 0 to have one chosen"
              .formatted(busBase, HostMemoryPool.MAX_ALIGNMENT));
    }
    if (Long.bitCount(bounceBytes) != 1
        || bounceBytes < 1 << 20
        || bounceBytes > (long) MAX_BOUNCE_MIB << 20) {
      throw new IllegalArgumentException(
          "bounce.mib=%s; give a power of two from 1 to %d"
              .formatted(bounceBytes / (double) (1 << 20), MAX_BOUNCE_MIB));
    }
  }

  /**
   * A mode with the usual base and area.
   *
   * @param mode the mode
   * @return settings
   */
  public static DmaSettings of(DmaMode mode) {
    return new DmaSettings(mode, CHOSEN, (long) BOUNCE_MIB << 20);
  }

  /**
   * Reads what a configuration says.
   *
   * @param mode label of the mode
   * @param busBase decimal, or hexadecimal after 0x
   * @param bounceMib MiB
   * @return settings
   * @throws IllegalArgumentException naming what is wrong, and the remedy
   */
  static DmaSettings parse(String mode, String busBase, int bounceMib) {
    long base;
    try {
      base = Long.decode(busBase.strip());
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "bus.base=" + busBase + "; give a number such as 0x4000000000", e);
    }
    return new DmaSettings(DmaMode.of(mode), base, (long) bounceMib << 20);
  }
}
