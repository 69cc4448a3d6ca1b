// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.transport.conformance.HcaHost;
import ib.transport.conformance.WindowConformance;

/** The memory windows of ehca. */
class EhcaWindowConformanceTest extends WindowConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return EhcaConformanceTest.host(index, "127.22.17." + (index + 1));
  }
}
