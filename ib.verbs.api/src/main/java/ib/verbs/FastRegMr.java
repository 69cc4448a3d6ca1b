// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import ib.dma.ScatterList;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A region for fast registration ({@code ib_alloc_mr(IB_MR_TYPE_MEM_REG)}): registered again and
 * again over lists of DMA addresses, with a new key each time. By call ({@link #register}, {@link
 * #invalidate}), or by work requests: {@link #map}, then {@link WrOpcode#REG_MR}, later {@link
 * WrOpcode#LOCAL_INV} or the peer's SEND with invalidate.
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
   * Prepares a registration by work request ({@code ib_map_mr_sg}): takes the mapped entries of a
   * list over, and draws new keys. {@link #lkey()} and {@link #rkey()} are the new ones at once,
   * and open memory when a request {@link WrOpcode#REG_MR} for this region is done.
   *
   * @param list a mapped list, as for {@link #register}
   * @param mappedEntries what {@code mapSg} returned
   * @param iova address by which the peer and we name its first byte
   * @throws RdmaException if the list does not fit the page rule or the size of the region, or if
   *     the region is registered: it must be invalidated first
   * @throws NotSupportedException if the device has no {@link DeviceCapFlags#MEM_MGT_EXTENSIONS}
   */
  default void map(ScatterList list, int mappedEntries, long iova) throws RdmaException {
    throw new NotSupportedException(
        label() + ": this device registers by call only; use register, or see its query");
  }

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
