// SPDX-License-Identifier: Apache-2.0
package ib.verbs.spi;

import ib.dma.IbDevice;
import ib.verbs.RdmaException;

/**
 * A device that a driver offers. The driver registers one object under {@link IbDevice} and its ops
 * under {@code ib.dma.IbDmaOps}, both with the property {@code ib.device}; core joins the two and
 * opens the hardware.
 *
 * <p>Further service properties of the device: {@code ib.port}, and {@code service.ranking} if an
 * operator prefers one candidate.
 */
public abstract class HcaDevice extends IbDevice {
  private final String portName;

  /**
   * Creates a device.
   *
   * @param name value of {@code ib.device}
   * @param portName port it is on
   * @param nodeGuid EUI-64
   * @param dmaMask contiguous low bits
   * @param maxSegmentSizeBytes longest scatter-gather entry
   * @param segmentBoundaryMask boundary - 1, or -1
   * @param driver symbolic name of the driver's bundle, the owner of what the driver itself maps
   */
  protected HcaDevice(
      String name,
      String portName,
      long nodeGuid,
      long dmaMask,
      int maxSegmentSizeBytes,
      long segmentBoundaryMask,
      String driver) {
    super(name, nodeGuid, dmaMask, maxSegmentSizeBytes, segmentBoundaryMask, driver);
    this.portName = portName;
  }

  /**
   * The port.
   *
   * @return value of {@code ib.port}
   */
  public final String portName() {
    return portName;
  }

  /**
   * Starts the hardware. Called by core on its own thread, once for each attachment; the device is
   * attached to its ops. Never on an agent thread. May take up to 10 s.
   *
   * @param context memory and bus of the attachment
   * @return the running hardware
   * @throws RdmaException if it does not start; the driver has freed everything then
   */
  public abstract Hca open(HcaContext context) throws RdmaException;
}
