// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

/** Why a map returned the error value. */
enum MapFailure {
  /** The memory's bus address is beyond the device's mask, and the mode does not copy. */
  BEYOND_MASK,
  /** No run of bus addresses of that length is free. */
  NO_ADDRESS,
  /** Too many pieces are mapped at the same time. */
  NO_PIECE,
  /** The memory is closed. */
  CLOSED,
  /** Heap, confined to a thread, its arena closed, or read-only for a direction that writes. */
  UNMAPPABLE,
  /** The pool has no room for a bounce buffer or coherent memory. */
  NO_MEMORY,
  /** The owner is detached. */
  DETACHED
}
