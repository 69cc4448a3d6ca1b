// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.core.internal.dma.HostMemoryPool;
import ib.transport.conformance.HcaConformance;
import ib.transport.conformance.HcaHost;

/** The verbs of ipath. */
class IpathConformanceTest extends HcaConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return host(index, "127.22.1." + (index + 1));
  }

  static HcaHost host(int index, String address) throws Exception {
    HostMemoryPool pool = new HostMemoryPool(64L << 20);
    return HcaHost.start(
        address,
        pool,
        new IpathDmaOps(pool),
        port -> new IpathDevice("ipath" + index, port, "ib.driver.ipath"));
  }

  @Override
  protected boolean checksDirection() {
    return false;
  }
}
