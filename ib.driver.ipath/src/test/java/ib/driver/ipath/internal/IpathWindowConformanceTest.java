// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.transport.conformance.HcaHost;
import ib.transport.conformance.WindowConformance;

/** The memory windows of ipath. */
class IpathWindowConformanceTest extends WindowConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return IpathConformanceTest.host(index, "127.21.17." + (index + 1));
  }
}
