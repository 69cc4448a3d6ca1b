// SPDX-License-Identifier: Apache-2.0
package ib.dma;

/**
 * What the ops of a device hold against a device or a caller that does wrong. All ops hold the rest
 * of the contract; of these each says by {@link IbDmaOps#guarantees} which it gives, since an ops
 * without a table of mappings (an identity mapping) can't give all. Debug gives what is missing.
 */
public enum DmaGuarantee {
  /** After unmap returns, no access of the device begun later succeeds. */
  REVOKED("access fails after unmap returned"),
  /** The device reaches what is mapped in its own attachment, and not a byte more. */
  BOUNDS("the device reaches nothing but what is mapped"),
  /** An access against the direction of the mapping is a fault. */
  DIRECTION("access against the direction of a mapping fails"),
  /** Unmap or sync of what is not mapped in that way is refused. */
  MISUSE("unmap and sync of what is not mapped that way are refused");

  private final String words;

  DmaGuarantee(String words) {
    this.words = words;
  }

  /**
   * The guarantee for people to read.
   *
   * @return half a sentence
   */
  public String words() {
    return words;
  }
}
