// SPDX-License-Identifier: Apache-2.0
package ib.block;

/**
 * State of a remote disk, with the names of Linux's SRP remote ports ({@code
 * drivers/scsi/scsi_transport_srp.c}).
 */
public enum BlockDeviceState {
  /** I/O runs. */
  RUNNING,
  /** No path just now: I/O is held. */
  BLOCKED,
  /** No path for the fast-I/O-fail time: I/O fails at once, reconnecting goes on. */
  FAIL_FAST,
  /** Given up. */
  LOST
}
