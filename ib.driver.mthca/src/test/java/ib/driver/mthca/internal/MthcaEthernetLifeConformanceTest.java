// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.transport.conformance.HcaHost;
import ib.transport.conformance.LifeConformance;

/** Queues and the end of them, between two ports that exchange Ethernet frames. */
class MthcaEthernetLifeConformanceTest extends LifeConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return MthcaEthernetConformanceTest.host(index, 7002);
  }
}
