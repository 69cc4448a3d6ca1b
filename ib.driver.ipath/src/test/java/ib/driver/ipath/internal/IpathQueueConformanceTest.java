// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.core.internal.dma.HostMemoryPool;
import ib.transport.conformance.HcaHost;
import ib.transport.conformance.QueueConformance;

/** The queues of ipath. */
class IpathQueueConformanceTest extends QueueConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    HostMemoryPool pool = new HostMemoryPool(64L << 20);
    return HcaHost.start(
        "127.22.11." + (index + 1),
        pool,
        new IpathDmaOps(pool),
        port -> new IpathDevice("ipath" + index, port, "ib.driver.ipath"));
  }
}
