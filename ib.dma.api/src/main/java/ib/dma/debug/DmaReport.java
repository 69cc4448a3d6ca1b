// SPDX-License-Identifier: Apache-2.0
package ib.dma.debug;

import ib.dma.DmaDirection;
import java.time.Instant;

/**
 * One finding of DMA debug.
 *
 * @param time when it was found
 * @param misuse its class
 * @param device name of the device
 * @param owner symbolic name of the bundle that mapped, or called; of an access outside any mapping
 *     the driver's
 * @param dmaAddress DMA address concerned; of a map that was refused the CPU address
 * @param sizeBytes bytes concerned, of the call or the access
 * @param direction of the mapping or the call, {@link DmaDirection#NONE} if there is none
 * @param mappedAt the place that mapped it: the first caller outside the DMA layer, or {@code
 *     unknown}
 * @param foundAt the place of the call that was wrong, or the device's thread
 * @param detail what is wrong with it
 */
public record DmaReport(
    Instant time,
    DmaMisuse misuse,
    String device,
    String owner,
    long dmaAddress,
    long sizeBytes,
    DmaDirection direction,
    String mappedAt,
    String foundAt,
    String detail) {
  @Override
  public String toString() {
    return "DMA debug: %s: %s by %s: 0x%x, %d bytes, %s, mapped at %s, found at %s: %s"
        .formatted(
            misuse.words(),
            device,
            owner,
            dmaAddress,
            sizeBytes,
            direction,
            mappedAt,
            foundAt,
            detail);
  }
}
