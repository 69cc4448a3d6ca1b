// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.transport.conformance.HcaHost;
import ib.transport.conformance.LifeConformance;

/** Queues and the end of them, of ipath. */
class IpathLifeConformanceTest extends LifeConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return IpathConformanceTest.host(index, "127.21.18." + (index + 1));
  }
}
