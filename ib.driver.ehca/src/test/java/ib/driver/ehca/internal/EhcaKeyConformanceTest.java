// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.transport.conformance.HcaHost;
import ib.transport.conformance.KeyConformance;

/** The keys of ehca. */
class EhcaKeyConformanceTest extends KeyConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return EhcaConformanceTest.host(index, "127.22.16." + (index + 1));
  }
}
