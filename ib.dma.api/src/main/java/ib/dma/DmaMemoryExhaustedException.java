// SPDX-License-Identifier: Apache-2.0
package ib.dma;

/**
 * The pool has no room for an allocation. The message names size, limit and the configuration key
 * that raises it.
 */
public class DmaMemoryExhaustedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message what was asked, what is left, and the remedy
   */
  public DmaMemoryExhaustedException(String message) {
    super(message);
  }
}
