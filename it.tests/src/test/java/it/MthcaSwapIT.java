// SPDX-License-Identifier: Apache-2.0
package it;

/** The driver of the InfiniHost is replaced. */
public class MthcaSwapIT extends SwapUnderIo {
  @Override
  protected String driver() {
    return "ib.driver.mthca";
  }

  @Override
  protected String otherDriver() {
    return "ib.driver.ipath";
  }

  @Override
  protected String network() {
    return "127.30.2";
  }
}
