// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.transport.conformance.HcaHost;
import ib.transport.conformance.OperationsConformance;

/** Atomics, FLUSH, inline data and fences of ipath, as far as it has them. */
class IpathOperationsTest extends OperationsConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return IpathConformanceTest.host(index, "127.21.13." + (index + 1));
  }
}
