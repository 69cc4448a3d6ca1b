// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.transport.conformance.HcaHost;
import ib.transport.conformance.WindowConformance;

/** The memory windows of mthca. */
class MthcaWindowConformanceTest extends WindowConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return MthcaConformanceTest.host(index, "127.23.17." + (index + 1));
  }
}
