// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.transport.conformance.HcaHost;
import ib.transport.conformance.SrqConformance;

/** The shared receive queues of ipath. */
class IpathSrqConformanceTest extends SrqConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return IpathConformanceTest.host(index, "127.21.14." + (index + 1));
  }
}
