// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.transport.conformance.CqConformance;
import ib.transport.conformance.HcaHost;

/** The completion queues of ipath. */
class IpathCqConformanceTest extends CqConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return IpathConformanceTest.host(index, "127.21.15." + (index + 1));
  }
}
