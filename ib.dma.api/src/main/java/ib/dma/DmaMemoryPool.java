// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The host's memory for DMA; a service of {@code ib.core}. Thread-safe.
 *
 * <p>Its bytes lie in shared arenas that live as long as the pool's bundle, so no later access can
 * crash the JVM.
 */
@ProviderType
public interface DmaMemoryPool {
  /** Granularity of allocation and of the software IOMMU, in bytes. */
  int PAGE_SIZE = 4096;

  /**
   * Allocates zeroed, page-aligned memory.
   *
   * @param sizeBytes 1 up to the pool's limit
   * @return the memory; close it to give it back
   * @throws IllegalArgumentException if the size is not positive
   * @throws DmaMemoryExhaustedException if the pool's limit is reached; names the limit and the
   *     configuration key
   */
  DmaMemory allocate(long sizeBytes);

  /**
   * Finds live pool memory by virtual address; for ops whose DMA address is the virtual address.
   *
   * @param address virtual address
   * @param lengthBytes length, all of which must lie in one live allocation
   * @param window set to the range on success
   * @return false if no live allocation holds the whole range
   */
  boolean resolve(long address, long lengthBytes, BusWindow window);

  /**
   * Finds the live allocation that holds a virtual address; for ops whose DMA address is the
   * virtual address and whose unmap therefore has nothing else to go by. An allocation lives until
   * its last pin is gone, even if it is closed.
   *
   * @param address virtual address
   * @return the memory as {@link #allocate} returned it, or null
   */
  @Nullable DmaMemory find(long address);

  /**
   * Bytes allocated and not yet given back.
   *
   * @return bytes
   */
  long usedBytes();

  /**
   * The configured limit.
   *
   * @return bytes
   */
  long limitBytes();
}
