// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.transport.conformance.HcaHost;
import ib.transport.conformance.SrqConformance;

/** The shared receive queues of ehca. */
class EhcaSrqConformanceTest extends SrqConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return EhcaConformanceTest.host(index, "127.22.14." + (index + 1));
  }
}
