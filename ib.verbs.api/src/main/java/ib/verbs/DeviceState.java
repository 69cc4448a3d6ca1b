// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/** Where a candidate for a device name stands. */
public enum DeviceState {
  /** Something is missing or wrong before hardware is opened; the reasons say what. */
  WAITING,
  /** Hardware is being opened and probed. */
  OPENING,
  /** Open and probed, but another candidate is active, or the port is down. */
  STANDBY,
  /** Promoted: ULPs bind it. */
  ACTIVE,
  /** Was active until a better candidate was promoted; stays open for roll-back. */
  SUPERSEDED,
  /** Could not be opened, failed its probe, or reported that it is dead; the reasons say which. */
  FAILED,
  /** Hardware is being closed. */
  CLOSING,
  /** A call into the driver overran its deadline; its memory is reclaimed, its thread is named. */
  ZOMBIE
}
