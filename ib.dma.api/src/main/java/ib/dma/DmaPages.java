// SPDX-License-Identifier: Apache-2.0
package ib.dma;

/**
 * Pages that were allocated mapped, for data that is synced by hand (Linux {@code
 * dma_alloc_pages}).
 *
 * @param memory the bytes; the allocation begins at offset 0
 * @param dmaAddress the address for the device, that of a single mapping
 * @param sizeBytes size asked for
 * @param direction direction of the mapping
 */
public record DmaPages(DmaMemory memory, long dmaAddress, long sizeBytes, DmaDirection direction) {}
