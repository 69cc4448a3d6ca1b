// SPDX-License-Identifier: Apache-2.0
package ib.block;

/** Outcome of a block request. */
public enum BlockStatus {
  /** Done. */
  OK,
  /** The medium or target failed it; see the message. */
  IO_ERROR,
  /** Could not be taken just now (no memory, target busy): try again. */
  RETRY,
  /** The range or the memory is not valid for this device. */
  INVALID,
  /** The device does not offer this operation. */
  NOT_SUPPORTED,
  /** No path to the target within the fast-I/O-fail time. */
  TRANSPORT_FAILED
}
