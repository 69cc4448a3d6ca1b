// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.transport.conformance.HcaHost;
import ib.transport.conformance.LifeConformance;

/** Queues and the end of them, of mthca. */
class MthcaLifeConformanceTest extends LifeConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return MthcaConformanceTest.host(index, "127.23.18." + (index + 1));
  }
}
