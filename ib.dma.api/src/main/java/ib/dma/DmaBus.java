// SPDX-License-Identifier: Apache-2.0
package ib.dma;

/**
 * The bus as the hardware of one attachment sees it: the only way from a DMA address to bytes.
 *
 * <p>Called on the agent thread of the device's port. Between {@code resolve} and the use of the
 * window no unmap of that range can complete its promise "no access begun later succeeds" against
 * this access: the access began before.
 */
@FunctionalInterface
public interface DmaBus {
  /**
   * Resolves the beginning of a range for an access by the device.
   *
   * @param dmaAddress first byte, in the meaning of the ops that mapped it
   * @param lengthBytes length of the whole access, at least 1; <em>all</em> of it is checked
   * @param access read or write, checked against the direction of the mapping
   * @param window set to the first contiguous run (1 to {@code lengthBytes} bytes) if the result is
   *     {@link DmaFault#NONE}; callers walk on with the rest
   * @return {@link DmaFault#NONE} or the reason; the implementation counts faults by cause
   */
  DmaFault resolve(long dmaAddress, long lengthBytes, DmaAccess access, BusWindow window);
}
