// SPDX-License-Identifier: Apache-2.0
package it;

import it.fixture.Addresses;

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
    return Addresses.network(2);
  }
}
