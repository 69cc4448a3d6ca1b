// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.transport.conformance.HcaHost;
import ib.transport.conformance.QueueConformance;

/** The queue pairs of ipath. */
class IpathQueueConformanceTest extends QueueConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return IpathConformanceTest.host(index, "127.22.11." + (index + 1));
  }
}
