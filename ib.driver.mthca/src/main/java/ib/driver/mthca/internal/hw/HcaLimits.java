// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.hw;

/**
 * How large a chip is.
 *
 * @param maxQp queue pairs
 * @param maxCq completion queues
 * @param maxMpt entries of the protection table
 * @param maxMtt entries of the translation table
 */
public record HcaLimits(int maxQp, int maxCq, int maxMpt, int maxMtt) {
  static final int MAX_QP_WR = 16384;
  static final int MAX_SG = 32;
  static final int MAX_CQE = 1 << 17;
  static final int MAX_PD = 4096;
  static final int MAX_RD_ATOM = 16;

  /** Shared receive queues. */
  int maxSrq() {
    return maxQp;
  }

  /** Entries of the event queue that hold every event of each queue at the same time. */
  int eventEntries() {
    return 4 * maxQp + 2 * maxCq + 2 * maxSrq();
  }
}
