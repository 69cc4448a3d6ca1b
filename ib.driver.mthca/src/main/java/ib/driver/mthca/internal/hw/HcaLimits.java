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

  /** Entries of the event queue that hold one event of each queue at the same time, twice over. */
  int eventEntries() {
    return 2 * (maxQp + maxCq);
  }
}
