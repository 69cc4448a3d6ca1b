// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.firmware;

/**
 * The 4 KiB register page of one resource ("galpa"). Any thread. A store makes everything that the
 * thread wrote before visible to the hardware.
 */
public interface RegisterPage {
  /**
   * Stores 64 bits.
   *
   * @param offset of {@link ib.driver.ehca.internal.format.Register}; others are ignored
   * @param value what to store
   */
  void store(int offset, long value);

  /**
   * Loads 64 bits.
   *
   * @param offset as for {@link #store}
   * @return 0 for a register that can't be read
   */
  long load(int offset);
}
