// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

/** Arithmetic of rings. */
final class Rings {
  private Rings() {}

  static int powerOfTwo(int atLeast) {
    return atLeast <= 1 ? 1 : Integer.highestOneBit(atLeast - 1) << 1;
  }
}
