// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

/** A rule can't be tried. */
final class CaseSkip extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CaseSkip(String reason) {
    super(reason);
  }
}
