// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.transport.RdmaPort;
import ib.verbs.RdmaException;
import ib.verbs.spi.Hca;
import ib.verbs.spi.HcaContext;
import ib.verbs.spi.HcaDevice;

/**
 * The device as core sees it. Its CPU reaches all memory: 64-bit addresses, no segment boundary.
 */
final class IpathDevice extends HcaDevice {
  /** Longest scatter-gather entry: what one work request may move at most. */
  static final int MAX_SEGMENT_BYTES = 1 << 30;

  private final RdmaPort port;

  IpathDevice(String name, RdmaPort port, String driver) {
    super(name, port.name(), port.guid(), -1L, MAX_SEGMENT_BYTES, -1L, driver);
    this.port = port;
  }

  @Override
  public Hca open(HcaContext context) throws RdmaException {
    return IpathHca.start(name(), port, context);
  }
}
