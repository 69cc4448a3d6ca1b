// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.transport.conformance.HcaHost;
import ib.transport.conformance.OperationsConformance;

/** Atomics, FLUSH, inline data and fences of ehca, as far as it has them. */
class EhcaOperationsTest extends OperationsConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return EhcaConformanceTest.host(index, "127.22.13." + (index + 1));
  }
}
