// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.transport.conformance.HcaHost;
import ib.transport.conformance.SrqConformance;

/** The shared receive queues of mthca. */
class MthcaSrqConformanceTest extends SrqConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return MthcaConformanceTest.host(index, "127.23.14." + (index + 1));
  }
}
