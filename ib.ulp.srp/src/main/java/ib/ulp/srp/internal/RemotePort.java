// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.block.BlockDeviceState;

/**
 * State of the remote port, with the rules of Linux's {@code scsi_transport_srp}: blocked only from
 * running, fail-fast from any but lost, lost from any, running from any but lost. No clock inside:
 * times come as arguments. One writer; the state may be read by any thread.
 *
 * <p>A port that never ran is blocked and stays so: a target may come up long after the host.
 */
final class RemotePort {
  private final long fastIoFailNs;
  private final long devLossNs;
  private volatile BlockDeviceState state = BlockDeviceState.BLOCKED;
  private boolean armed;
  private long since;

  /**
   * Creates a port.
   *
   * @param fastIoFailNs time from blocked to fail-fast; negative: never
   * @param devLossNs time from blocked to lost; negative: never
   */
  RemotePort(long fastIoFailNs, long devLossNs) {
    this.fastIoFailNs = fastIoFailNs;
    this.devLossNs = devLossNs;
  }

  BlockDeviceState state() {
    return state;
  }

  /** Whether I/O fails at once. */
  boolean isFailing() {
    return state == BlockDeviceState.FAIL_FAST || state == BlockDeviceState.LOST;
  }

  /** A path stands. False if the port is lost already: that is final. */
  boolean onLogin() {
    if (state == BlockDeviceState.LOST) {
      return false;
    }
    armed = false;
    state = BlockDeviceState.RUNNING;
    return true;
  }

  /** The last path is gone. True if that blocked the port. */
  boolean onPathLost(long nowNs) {
    if (state != BlockDeviceState.RUNNING) {
      return false;
    }
    armed = true;
    since = nowNs;
    state = BlockDeviceState.BLOCKED;
    return true;
  }

  /** Time passes. True if the state changed. */
  boolean tick(long nowNs) {
    BlockDeviceState before = state;
    if (!armed || before == BlockDeviceState.LOST) {
      return false;
    }
    long elapsedNs = nowNs - since;
    if (devLossNs >= 0 && elapsedNs >= devLossNs) {
      state = BlockDeviceState.LOST;
    } else if (fastIoFailNs >= 0 && elapsedNs >= fastIoFailNs) {
      state = BlockDeviceState.FAIL_FAST;
    }
    return state != before;
  }
}
