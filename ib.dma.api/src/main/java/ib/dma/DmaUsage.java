// SPDX-License-Identifier: Apache-2.0
package ib.dma;

/**
 * What one owner has mapped in one attachment.
 *
 * @param mappings live streaming mappings (single and page)
 * @param sgEntries live entries of scatter-gather mappings
 * @param coherent live coherent allocations
 * @param bytes bytes of all of them
 */
public record DmaUsage(long mappings, long sgEntries, long coherent, long bytes) {
  /** Nothing at all. */
  public static final DmaUsage NONE = new DmaUsage(0, 0, 0, 0);

  /**
   * Sum of everything countable.
   *
   * @return mappings + entries + coherent allocations
   */
  public long total() {
    return mappings + sgEntries + coherent;
  }
}
