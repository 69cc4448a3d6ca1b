// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import ib.dma.DmaDirection;
import ib.dma.IbDevice;

/** What one call mapped. */
final class Watched {
  /** How it was mapped; it must be undone in the same family. */
  enum Family {
    SINGLE("single"),
    PAGE("page"),
    LIST("scatter list"),
    COHERENT("coherent"),
    IOVA("two-step range");

    private final String label;

    Family(String label) {
      this.label = label;
    }

    String label() {
      return label;
    }
  }

  final IbDevice device;
  final Family family;
  final DmaDirection direction;

  /** Bytes; of a list the number of its entries. */
  final long quantity;

  final String place;

  /** The original entries, in order; one but for lists. */
  final Piece[] pieces;

  /** True once somebody asked whether the map failed; only of single and page maps it must be. */
  volatile boolean checked;

  /** True once the device may use it: but for a two-step range at once. */
  volatile boolean synced;

  /** True while it is being undone; guarded by the books. */
  boolean leaving;

  Watched(
      IbDevice device,
      Family family,
      DmaDirection direction,
      long quantity,
      String place,
      int pieces) {
    this.device = device;
    this.family = family;
    this.direction = direction;
    this.quantity = quantity;
    this.place = place;
    this.pieces = new Piece[pieces];
    this.checked = family != Family.SINGLE && family != Family.PAGE;
    this.synced = family != Family.IOVA;
  }

  long dmaAddress() {
    return pieces[0].dmaAddress;
  }

  long bytes() {
    long sum = 0;
    for (Piece piece : pieces) {
      sum += piece.lengthBytes;
    }
    return sum;
  }
}
