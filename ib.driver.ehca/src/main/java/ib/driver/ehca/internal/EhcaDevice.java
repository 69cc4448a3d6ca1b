// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.driver.ehca.internal.firmware.AdapterOptions;
import ib.transport.RdmaPort;
import ib.verbs.RdmaException;
import ib.verbs.spi.Hca;
import ib.verbs.spi.HcaContext;
import ib.verbs.spi.HcaDevice;

/** The device as core sees it: it reaches memory through a narrow window. */
final class EhcaDevice extends HcaDevice {
  /** Default DMA mask: 31 bits. */
  static final long DMA_MASK = 0x7FFF_FFFFL;

  /** Narrowest window in which its queues have room. */
  static final long LEAST_DMA_MASK = 0xFF_FFFFL;

  /** Default of how often the hypervisor is busy. */
  static final int BUSY_EVERY = 64;

  /** A hypervisor that is busy more often would not let the driver's attempts through. */
  static final int LEAST_BUSY_EVERY = 4;

  private static final int MAX_SEGMENT_BYTES = 1 << 30;

  private final RdmaPort port;
  private final AdapterOptions options;

  EhcaDevice(String name, RdmaPort port, long dmaMask, AdapterOptions options, String driver) {
    super(name, port.name(), port.guid(), dmaMask, MAX_SEGMENT_BYTES, -1L, driver);
    this.port = port;
    this.options = options;
  }

  @Override
  public Hca open(HcaContext context) throws RdmaException {
    // Another beginning for each generation, so that keys of the last one do not fit.
    AdapterOptions fresh =
        new AdapterOptions(
            options.busyEvery(), options.busySeed(), options.keySeed() ^ context.generation());
    return EhcaHca.start(name(), port, context, fresh);
  }
}
