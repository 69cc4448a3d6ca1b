// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import ib.dma.DmaMemoryPool;
import ib.dma.IbDma;
import ib.dma.ScatterList;
import ib.verbs.RdmaException;

/** The page rule of fast registration ({@code ib_map_mr_sg}), the same for every device. */
public final class FastRegCheck {
  private static final long PAGE_MASK = DmaMemoryPool.PAGE_SIZE - 1;

  private FastRegCheck() {}

  /**
   * Checks a mapped list: entries but the first begin on a page of 4096 bytes, entries but the last
   * end on one, and all pages fit.
   *
   * @param label the region, for messages
   * @param dma how to read the list
   * @param list a mapped list
   * @param mappedEntries what {@code mapSg} returned
   * @param maxPages most pages
   * @return bytes of the whole region
   * @throws RdmaException naming entry, address and remedy
   */
  public static long check(
      String label, IbDma dma, ScatterList list, int mappedEntries, int maxPages)
      throws RdmaException {
    if (mappedEntries < 1 || mappedEntries > list.mappedEntries()) {
      throw new RdmaException(
          label
              + ": "
              + mappedEntries
              + " entries of a list with "
              + list.mappedEntries()
              + " mapped; give what mapSg returned");
    }
    long bytes = 0;
    long pages = 0;
    for (int i = 0; i < mappedEntries; i++) {
      long begin = dma.dmaAddress(list, i);
      long end = begin + dma.dmaLen(list, i);
      if ((i > 0 && (begin & PAGE_MASK) != 0)
          || (i < mappedEntries - 1 && (end & PAGE_MASK) != 0)) {
        throw new RdmaException(
            label
                + ": entry "
                + i
                + " is 0x"
                + Long.toHexString(begin)
                + " to 0x"
                + Long.toHexString(end)
                + "; only the first may begin and the last end within a page");
      }
      bytes += end - begin;
      pages += ((end + PAGE_MASK) >>> 12) - (begin >>> 12);
    }
    if (pages > maxPages) {
      throw new RdmaException(
          label
              + ": the list covers "
              + pages
              + " pages; allocate a region for more than "
              + maxPages);
    }
    return bytes;
  }
}
