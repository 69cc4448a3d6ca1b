// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

/**
 * What became of a case.
 *
 * @param test the case
 * @param outcome how it ended
 * @param detail why it failed or was skipped; empty if it passed
 */
public record TckResult(TckCase test, Outcome outcome, String detail) {
  /** How a case ends. */
  public enum Outcome {
    /** The rule holds. */
    PASSED,
    /** The rule is broken. */
    FAILED,
    /** The rule does not apply to these ops, or can't be tried with this device. */
    SKIPPED
  }
}
