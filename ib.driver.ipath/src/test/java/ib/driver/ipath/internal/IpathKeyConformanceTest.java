// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.transport.conformance.HcaHost;
import ib.transport.conformance.KeyConformance;

/** The keys of ipath. */
class IpathKeyConformanceTest extends KeyConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return IpathConformanceTest.host(index, "127.21.16." + (index + 1));
  }
}
