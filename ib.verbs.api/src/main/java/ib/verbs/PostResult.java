// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/**
 * Answer to posting a work request; back-pressure and a withdrawn device are values, not
 * exceptions.
 */
public enum PostResult {
  /** The hardware has it; exactly one completion will come (none for an unsignalled success). */
  OK,
  /** The work queue has no free entry: poll completions, then post again. */
  QUEUE_FULL,
  /** The queue pair is in a state that takes no such request (e.g. RESET). */
  BAD_STATE,
  /** The device is gone; nothing will complete. */
  WITHDRAWN
}
