// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

/** Why a map returned the error value. */
enum MapFailure {
  /** Nothing failed yet. */
  NONE("nothing"),
  /** The memory's bus address is beyond the device's mask, and the mode does not copy. */
  BEYOND_MASK("the memory is beyond the DMA mask of the device"),
  /** No run of bus addresses of that length is free. */
  NO_ADDRESS("no bus addresses are free"),
  /** Too many pieces are mapped at the same time. */
  NO_PIECE("too many mappings at a time"),
  /** The memory is closed. */
  CLOSED("the memory is closed"),
  /** Heap, confined to a thread, its arena closed, or read-only for a direction that writes. */
  UNMAPPABLE("the memory can not be mapped"),
  /** The pool has no room for a bounce buffer or coherent memory. */
  NO_MEMORY("the pool has no room for a copy"),
  /** The owner is detached. */
  DETACHED("its user is detached");

  private final String words;

  MapFailure(String words) {
    this.words = words;
  }

  /** For people to read. */
  String words() {
    return words;
  }
}
