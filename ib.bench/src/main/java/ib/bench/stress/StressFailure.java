// SPDX-License-Identifier: Apache-2.0
package ib.bench.stress;

/** Something that the contract of the DMA operations promises was not so. */
final class StressFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  StressFailure(String message) {
    super(message);
  }
}
