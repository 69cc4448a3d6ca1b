// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.transport.conformance.HcaHost;
import ib.transport.conformance.KeyConformance;

/** The keys of mthca. */
class MthcaKeyConformanceTest extends KeyConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return MthcaConformanceTest.host(index, "127.23.16." + (index + 1));
  }
}
