// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.hw;

import ib.driver.mthca.internal.prm.CommandStatus;
import ib.driver.mthca.internal.prm.MapEntries;
import java.util.Arrays;

/**
 * The context memory (ICM): an address space of the chip, whose pages lie in host memory that the
 * driver maps. Agent thread only.
 */
final class Icm {
  /** An address without memory. */
  static final long UNMAPPED = -1;

  private static final int MAX_PAGES = 1 << 18;

  private long[] pages = new long[0];

  void resize(long bytes) throws CommandFault {
    long count = (bytes + MapEntries.PAGE - 1) >>> MapEntries.PAGE_SHIFT;
    if (count < 1 || count > MAX_PAGES) {
      throw new CommandFault(
          CommandStatus.EXCEED_LIM,
          "context memory of " + bytes + " bytes; at most " + MAX_PAGES + " pages");
    }
    pages = new long[(int) count];
    Arrays.fill(pages, UNMAPPED);
  }

  void map(long address, long busAddress, int count) throws CommandFault {
    int first = index(address, count);
    for (int i = 0; i < count; i++) {
      if (pages[first + i] != UNMAPPED) {
        throw new CommandFault(
            CommandStatus.BAD_PARAM,
            "context memory is mapped already at 0x" + Long.toHexString(address));
      }
      pages[first + i] = busAddress + (long) i * MapEntries.PAGE;
    }
  }

  void unmap(long address, int count) throws CommandFault {
    int first = index(address, count);
    for (int i = 0; i < count; i++) {
      pages[first + i] = UNMAPPED;
    }
  }

  void clear() {
    pages = new long[0];
  }

  private int index(long address, int count) throws CommandFault {
    long first = address >>> MapEntries.PAGE_SHIFT;
    if (address < 0 || count < 1 || first + count > pages.length) {
      throw new CommandFault(
          CommandStatus.BAD_PARAM,
          count + " pages at 0x" + Long.toHexString(address) + " are outside the context memory");
    }
    return (int) first;
  }

  /** Bus address behind an address, or {@link #UNMAPPED}. */
  long translate(long address) {
    long page = address >>> MapEntries.PAGE_SHIFT;
    if (address < 0 || page >= pages.length || pages[(int) page] == UNMAPPED) {
      return UNMAPPED;
    }
    return pages[(int) page] + (address & (MapEntries.PAGE - 1));
  }
}
