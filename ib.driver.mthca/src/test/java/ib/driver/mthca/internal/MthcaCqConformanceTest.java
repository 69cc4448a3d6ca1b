// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.transport.conformance.CqConformance;
import ib.transport.conformance.HcaHost;

/** The completion queues of mthca. */
class MthcaCqConformanceTest extends CqConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return MthcaConformanceTest.host(index, "127.23.15." + (index + 1));
  }
}
