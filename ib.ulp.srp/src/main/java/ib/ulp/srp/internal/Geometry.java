// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

/**
 * What discovery found.
 *
 * @param blockBytes size of a block
 * @param blocks number of blocks
 * @param maxTransferBlocks most blocks of one request
 * @param unmap whether UNMAP is offered
 * @param product vendor and product of the INQUIRY data
 */
record Geometry(int blockBytes, long blocks, int maxTransferBlocks, boolean unmap, String product) {
  private static final int SECTOR_BYTES = 512;

  /** Before the first login: nothing can be read or written. */
  static final Geometry UNKNOWN = new Geometry(SECTOR_BYTES, 0, 0, false, "");

  static Geometry of(int blockBytes, long blocks, int maxSectors, boolean unmap, String product) {
    int most = Math.max(1, (int) ((long) maxSectors * SECTOR_BYTES / blockBytes));
    return new Geometry(blockBytes, blocks, most, unmap, product);
  }
}
