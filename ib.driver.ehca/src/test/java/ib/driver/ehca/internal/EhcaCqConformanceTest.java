// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.transport.conformance.CqConformance;
import ib.transport.conformance.HcaHost;

/** The completion queues of ehca. */
class EhcaCqConformanceTest extends CqConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return EhcaConformanceTest.host(index, "127.22.15." + (index + 1));
  }
}
