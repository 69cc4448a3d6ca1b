// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.dma.DmaGuarantee;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/** How the shared default ops make memory visible to a device. */
public enum DmaMode {
  /** An address space of its own; an access begun after unmap returns faults. */
  IOMMU_STRICT,
  /**
   * The same, but unmapped memory is taken from the device in batches: up to {@link
   * FlushQueue#ENTRIES} mappings stay in the device's reach for up to {@link
   * FlushQueue#LONGEST_MS}. Their memory stays pinned and their addresses are given to nobody else
   * until then, so what is reached is always what was mapped.
   */
  IOMMU_LAZY,
  /**
   * The bus address is a base and the offset of the memory in the host's pool: any live memory of
   * the pool can be reached, mapped or not, nothing outside it.
   */
  DIRECT,
  /** Everything is copied through slots below the device's DMA mask. */
  SWIOTLB,
  /** Direct where the mask reaches, else copied. */
  AUTO;

  /**
   * The name in configurations.
   *
   * @return e.g. {@code iommu-strict}
   */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * What the mode holds against a wrong device or caller.
   *
   * @return all of it but where Linux gives it up for speed too
   */
  Set<DmaGuarantee> guarantees() {
    return switch (this) {
      case IOMMU_STRICT, SWIOTLB -> EnumSet.allOf(DmaGuarantee.class);
      case IOMMU_LAZY -> EnumSet.complementOf(EnumSet.of(DmaGuarantee.REVOKED));
      case DIRECT, AUTO -> EnumSet.of(DmaGuarantee.MISUSE);
    };
  }

  /**
   * The names of all modes.
   *
   * @return in the order of the modes
   */
  static String[] labels() {
    return Arrays.stream(values()).map(DmaMode::label).toArray(String[]::new);
  }

  /**
   * Finds a mode.
   *
   * @param label as {@link #label()} gives it
   * @return the mode
   * @throws IllegalArgumentException naming the modes
   */
  public static DmaMode of(String label) {
    for (DmaMode mode : values()) {
      if (mode.label().equals(label.strip())) {
        return mode;
      }
    }
    throw new IllegalArgumentException(
        "DMA mode '%s'; use one of %s".formatted(label, String.join(", ", labels())));
  }
}
