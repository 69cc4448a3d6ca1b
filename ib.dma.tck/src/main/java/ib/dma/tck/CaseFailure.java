// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

/** A rule is broken. */
final class CaseFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CaseFailure(String message) {
    super(message);
  }
}
