// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import ib.dma.ScatterList;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A region for fast registration ({@code ib_alloc_mr(IB_MR_TYPE_MEM_REG)}): registered again and
 * again over lists of DMA addresses, with a new key each time.
 */
@ProviderType
public interface FastRegMr extends MemoryRegion {
  /**
   * Registers the mapped entries of a list as one region that begins at {@code iova}. Entries but
   * the first begin on a page of 4096 bytes, entries but the last end on one (as {@code
   * ib_map_mr_sg} requires).
   *
   * @param list a mapped list
   * @param mappedEntries what {@code mapSg} returned
   * @param iova address by which the peer and we name its first byte
   * @param access {@link AccessFlags}
   * @throws RdmaException if the list does not fit the page rule or the size of the region, or the
   *     device refuses
   */
  void register(ScatterList list, int mappedEntries, long iova, int access) throws RdmaException;

  /**
   * Makes the keys invalid (local invalidate); the region can be registered again.
   *
   * @throws RdmaException if the device refuses
   */
  void invalidate() throws RdmaException;

  /**
   * Most pages of 4096 bytes that one registration may cover.
   *
   * @return pages
   */
  int maxPages();
}
