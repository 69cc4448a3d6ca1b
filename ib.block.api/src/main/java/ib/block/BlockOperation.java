// SPDX-License-Identifier: Apache-2.0
package ib.block;

/** Operation of a block request. */
public enum BlockOperation {
  /** Read blocks into memory. */
  READ,
  /** Write blocks from memory. */
  WRITE,
  /** Make everything that completed durable. */
  FLUSH,
  /** The blocks' contents are no longer needed. */
  DISCARD
}
