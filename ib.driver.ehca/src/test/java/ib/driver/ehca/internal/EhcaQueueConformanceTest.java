// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.transport.conformance.HcaHost;
import ib.transport.conformance.QueueConformance;

/** The queue pairs of ehca, with a hypervisor that is often busy. */
class EhcaQueueConformanceTest extends QueueConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return EhcaConformanceTest.host(index, "127.22.12." + (index + 1));
  }
}
