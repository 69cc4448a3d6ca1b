// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import java.util.Map;

/**
 * Figures of the operations of one attachment, since it began. Read without stopping anybody, so
 * that figures that belong together may differ by what happens meanwhile.
 *
 * @param mode how they map, in a word, e.g. {@code iommu-strict}; {@code own} if they don't say
 * @param live what is mapped now, by the driver and all users
 * @param peak about the most pieces mapped at a time, or {@link #UNKNOWN}; a piece is a mapping, an
 *     entry of a list, or a coherent allocation
 * @param maps pieces ever mapped, or {@link #UNKNOWN}
 * @param unmaps pieces unmapped, or {@link #UNKNOWN}
 * @param syncs syncs, of a list one, or {@link #UNKNOWN}
 * @param bouncedBytes bytes copied to and from stand-ins for memory that the device does not reach,
 *     or {@link #UNKNOWN}
 * @param addressHits addresses that a cache gave out again, or {@link #UNKNOWN}
 * @param addressMisses addresses that had to be looked for, or {@link #UNKNOWN}
 * @param faults of the device by cause, those that happened
 * @param failedMaps maps that failed by cause, those that happened
 */
public record DmaStatistics(
    String mode,
    DmaUsage live,
    long peak,
    long maps,
    long unmaps,
    long syncs,
    long bouncedBytes,
    long addressHits,
    long addressMisses,
    Map<DmaFault, Long> faults,
    Map<String, Long> failedMaps) {
  /** The value of a figure that these operations don't keep. */
  public static final long UNKNOWN = -1;

  /** Makes the maps unmodifiable. */
  public DmaStatistics {
    faults = Map.copyOf(faults);
    failedMaps = Map.copyOf(failedMaps);
  }

  /**
   * Figures of operations that keep none.
   *
   * @param live what is mapped
   * @return all else unknown
   */
  public static DmaStatistics uncounted(DmaUsage live) {
    return new DmaStatistics(
        "own", live, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, Map.of(),
        Map.of());
  }

  /**
   * Whether the operations count at all.
   *
   * @return false if only {@link #live} is known
   */
  public boolean isCounted() {
    return maps != UNKNOWN;
  }
}
