// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.dma.DmaFault;
import ib.dma.DmaStatistics;
import ib.dma.DmaUsage;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Figures of one address space.
 *
 * @param device device name
 * @param number of the address space in this host
 * @param mode how it maps
 * @param pagesUsed pages of bus addresses in use
 * @param live what is mapped
 * @param peak most pieces that were mapped at a time, to within a sixteenth
 * @param maps pieces ever mapped; an entry of a scatter list is one
 * @param syncs syncs, of a list one
 * @param bouncedBytes bytes copied between callers' memory and what the device reaches
 * @param iovaHits address runs found among those that a thread keeps for itself
 * @param iovaMisses address runs that had to be fetched from the bitmap that all threads share
 * @param faults of devices by cause, those that happened
 * @param failures failed maps by cause, those that happened
 */
public record DomainStatistics(
    String device,
    long number,
    DmaMode mode,
    int pagesUsed,
    DmaUsage live,
    long peak,
    long maps,
    long syncs,
    long bouncedBytes,
    long iovaHits,
    long iovaMisses,
    Map<DmaFault, Long> faults,
    Map<MapFailure, Long> failures) {

  /**
   * Pieces unmapped.
   *
   * @return count
   */
  public long unmaps() {
    return maps - live.total();
  }

  /**
   * The same as everybody may read it.
   *
   * @return figures
   */
  DmaStatistics published() {
    Map<String, Long> failedMaps = new TreeMap<>();
    failures.forEach(
        (cause, count) ->
            failedMaps.put(cause.name().toLowerCase(Locale.ROOT).replace('_', '-'), count));
    return new DmaStatistics(
        mode.label(),
        live,
        peak,
        maps,
        unmaps(),
        syncs,
        bouncedBytes,
        iovaHits,
        iovaMisses,
        faults,
        failedMaps);
  }

  /**
   * Faults of one cause.
   *
   * @param cause the cause
   * @return count
   */
  public long faults(DmaFault cause) {
    return faults.getOrDefault(cause, 0L);
  }
}
