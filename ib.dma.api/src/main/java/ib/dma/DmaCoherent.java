// SPDX-License-Identifier: Apache-2.0
package ib.dma;

/**
 * Coherent memory: CPU and device see each other's writes without sync (Linux {@code
 * dma_alloc_coherent}).
 *
 * @param memory the bytes; the allocation begins at offset 0
 * @param dmaAddress the address for the device, aligned to the smallest power of two that holds
 *     {@code sizeBytes}, as is the memory
 * @param sizeBytes size asked for
 */
public record DmaCoherent(DmaMemory memory, long dmaAddress, long sizeBytes) {}
