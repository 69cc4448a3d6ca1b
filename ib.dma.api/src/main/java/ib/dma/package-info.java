// SPDX-License-Identifier: Apache-2.0
/**
 * The DMA API: how memory is made visible to a host channel adapter (HCA).
 *
 * <p>Drivers provide an {@link ib.dma.IbDevice} and, under the same {@code ib.device} key, the
 * {@link ib.dma.IbDmaOps} that say what a DMA address of that device means. {@code ib.core}
 * provides the shared default ops and {@link ib.dma.DmaMemoryPool}. Upper-layer protocols consume
 * none of these services: they use the {@link ib.dma.IbDma} of the {@code RdmaDevice} they bind.
 *
 * <p>Implementers of {@link ib.dma.IbDmaOps} and {@link ib.dma.IbDmaInterposer} import {@code
 * [1.0,1.1)}, everybody else {@code [1,2)}.
 */
@Export
@Version("1.0.0")
@NullMarked
package ib.dma;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
