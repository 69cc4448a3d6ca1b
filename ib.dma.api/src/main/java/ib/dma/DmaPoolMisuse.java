// SPDX-License-Identifier: Apache-2.0
package ib.dma;

/** What the user of a {@link DmaPool} can do wrong. */
public enum DmaPoolMisuse {
  /** A block that is free is freed again. */
  DOUBLE_FREE,
  /** A block of another pool is freed. */
  FOREIGN_BLOCK,
  /** The pool is destroyed while blocks of it are in use. */
  BLOCKS_LEFT
}
