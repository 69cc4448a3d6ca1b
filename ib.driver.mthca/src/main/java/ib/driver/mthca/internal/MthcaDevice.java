// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.driver.mthca.internal.hw.HcaLimits;
import ib.transport.RdmaPort;
import ib.verbs.RdmaException;
import ib.verbs.spi.Hca;
import ib.verbs.spi.HcaContext;
import ib.verbs.spi.HcaDevice;

/** The device as core sees it. */
final class MthcaDevice extends HcaDevice {
  /** Longest scatter-gather entry: what one work request may move at most. */
  private static final int MAX_SEGMENT_BYTES = 1 << 30;

  private final RdmaPort port;
  private final HcaLimits limits;

  MthcaDevice(String name, RdmaPort port, long dmaMask, HcaLimits limits, String driver) {
    super(name, port.name(), port.guid(), dmaMask, MAX_SEGMENT_BYTES, -1L, driver);
    this.port = port;
    this.limits = limits;
  }

  @Override
  public Hca open(HcaContext context) throws RdmaException {
    return MthcaHca.start(name(), port, context, new PciSlot(port, context.bus(), limits));
  }
}
