// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import ib.dma.IbDmaOps;
import ib.verbs.spi.HcaDevice;

/**
 * A device and the ops that the same bundle registered for it.
 *
 * @param sequence grows with each offer: the later one has the greater
 * @param driver who offers
 * @param device the device
 * @param ops its ops
 * @param sharedOps true if these are core's default ops
 */
record Offer(long sequence, Driver driver, HcaDevice device, IbDmaOps ops, boolean sharedOps) {
  String name() {
    return device.name();
  }

  @Override
  public String toString() {
    return name() + " of " + driver;
  }
}
