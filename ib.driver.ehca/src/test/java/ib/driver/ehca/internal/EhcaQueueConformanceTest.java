// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.core.internal.dma.DefaultDmaOps;
import ib.core.internal.dma.HostMemoryPool;
import ib.driver.ehca.internal.firmware.AdapterOptions;
import ib.transport.conformance.HcaHost;
import ib.transport.conformance.QueueConformance;

/** The queues of ehca, with a hypervisor that is often busy. */
class EhcaQueueConformanceTest extends QueueConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    HostMemoryPool pool = new HostMemoryPool(64L << 20);
    return HcaHost.start(
        "127.22.12." + (index + 1),
        pool,
        new DefaultDmaOps(pool),
        port ->
            new EhcaDevice(
                "ehca" + index,
                port,
                EhcaDevice.DMA_MASK,
                new AdapterOptions(4, 42 + index, 7),
                "ib.driver.ehca"));
  }
}
