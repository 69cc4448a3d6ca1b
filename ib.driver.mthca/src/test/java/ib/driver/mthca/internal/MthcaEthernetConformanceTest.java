// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.transport.conformance.HcaConformance;
import ib.transport.conformance.HcaHost;

/** The same verbs, between two ports that exchange Ethernet frames. */
class MthcaEthernetConformanceTest extends HcaConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return host(index, 7001);
  }

  static HcaHost host(int index, int udpPort) throws Exception {
    int us = index + 1;
    int other = 2 - index;
    String link = "127.23.3." + us + ":" + udpPort + "->127.23.3." + other + ":" + udpPort;
    return MthcaConformanceTest.host(index, "10.23.2." + us + "@dgram:" + link);
  }

  @Override
  protected boolean checksDirection() {
    return true;
  }
}
