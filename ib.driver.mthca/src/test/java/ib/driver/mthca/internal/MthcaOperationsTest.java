// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.transport.conformance.HcaHost;
import ib.transport.conformance.OperationsConformance;

/** Atomics, FLUSH, inline data and fences of mthca, as far as it has them. */
class MthcaOperationsTest extends OperationsConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return MthcaConformanceTest.host(index, "127.23.13." + (index + 1));
  }
}
