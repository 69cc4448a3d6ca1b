// SPDX-License-Identifier: Apache-2.0
package it;

import it.fixture.Addresses;

/** The driver whose CPU does the work is replaced. */
public class IpathSwapIT extends SwapUnderIo {
  @Override
  protected String driver() {
    return "ib.driver.ipath";
  }

  @Override
  protected String otherDriver() {
    return "ib.driver.ehca";
  }

  @Override
  protected String network() {
    return Addresses.network(1);
  }
}
