// SPDX-License-Identifier: Apache-2.0
package it;

import it.fixture.Addresses;

/** The driver behind a hypervisor is replaced. */
public class EhcaSwapIT extends SwapUnderIo {
  @Override
  protected String driver() {
    return "ib.driver.ehca";
  }

  @Override
  protected String otherDriver() {
    return "ib.driver.mthca";
  }

  @Override
  protected String network() {
    return Addresses.network(3);
  }
}
