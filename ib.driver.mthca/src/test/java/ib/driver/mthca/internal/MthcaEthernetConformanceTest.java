// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.transport.conformance.HcaConformance;
import ib.transport.conformance.HcaHost;

/** The same verbs, between two ports that exchange Ethernet frames. */
class MthcaEthernetConformanceTest extends HcaConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    int us = index + 1;
    int other = 2 - index;
    return MthcaConformanceTest.host(
        index, "10.23.2." + us + "@dgram:127.23.3." + us + ":7001->127.23.3." + other + ":7001");
  }

  @Override
  protected boolean checksDirection() {
    return true;
  }
}
