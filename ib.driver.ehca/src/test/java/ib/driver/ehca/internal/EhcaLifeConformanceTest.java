// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.transport.conformance.HcaHost;
import ib.transport.conformance.LifeConformance;

/** Queues and the end of them, of ehca. */
class EhcaLifeConformanceTest extends LifeConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return EhcaConformanceTest.host(index, "127.22.18." + (index + 1));
  }
}
