// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.core.internal.dma.DefaultDmaOps;
import ib.core.internal.dma.HostMemoryPool;
import ib.driver.mthca.internal.hw.HcaLimits;
import ib.transport.conformance.HcaConformance;
import ib.transport.conformance.HcaHost;

/** The verbs of mthca; one of the two devices has narrow bus addresses. */
class MthcaConformanceTest extends HcaConformance {
  @Override
  protected HcaHost host(int index) throws Exception {
    return host(index, "127.23.2." + (index + 1));
  }

  static HcaHost host(int index, String address) throws Exception {
    HostMemoryPool pool = new HostMemoryPool(64L << 20);
    return HcaHost.start(
        address,
        pool,
        new DefaultDmaOps(pool),
        port ->
            new MthcaDevice(
                "mthca" + index,
                port,
                index == 0 ? -1L : 0xFFFF_FFFFL,
                new HcaLimits(64, 64, 1024, 1 << 18),
                "ib.driver.mthca"));
  }

  @Override
  protected boolean checksDirection() {
    return true;
  }
}
