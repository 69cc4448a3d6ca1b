// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.transport.conformance.HcaHost;
import ib.transport.conformance.QueueConformance;

/** The queue pairs of mthca. */
class MthcaQueueConformanceTest extends QueueConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return MthcaConformanceTest.host(index, "127.23.12." + (index + 1));
  }
}
