// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.core.internal.dma.DefaultDmaOps;
import ib.core.internal.dma.HostMemoryPool;
import ib.driver.ehca.internal.firmware.AdapterOptions;
import ib.transport.conformance.HcaConformance;
import ib.transport.conformance.HcaHost;

/** The verbs of ehca, with a hypervisor that is often busy. */
class EhcaConformanceTest extends HcaConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return host(index, "127.22.2." + (index + 1));
  }

  static HcaHost host(int index, String address) throws Exception {
    HostMemoryPool pool = new HostMemoryPool(64L << 20);
    return HcaHost.start(
        address,
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

  @Override
  protected boolean checksDirection() {
    return true;
  }
}
