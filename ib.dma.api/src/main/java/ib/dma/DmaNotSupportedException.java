// SPDX-License-Identifier: Apache-2.0
package ib.dma;

/**
 * An optional operation that an ops does not offer. The message names device, ops and operation.
 */
public class DmaNotSupportedException extends UnsupportedOperationException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param device the device
   * @param operation the operation, e.g. {@code allocCoherent}
   */
  public DmaNotSupportedException(IbDevice device, String operation) {
    super("the DMA ops of " + device.name() + " do not support " + operation);
  }
}
