// SPDX-License-Identifier: Apache-2.0
/**
 * The conformance kit for {@link ib.dma.IbDmaOps}: the rules that DMA operations must hold, as
 * cases that run against any of them.
 *
 * <p>The author of a driver calls {@link ib.dma.tck.DmaTck#run} from a test of his own; an operator
 * runs {@code ib:dma tck DEVICE}. Both import {@code [1,2)}.
 */
@Export
@Version("1.0.0")
@NullMarked
package ib.dma.tck;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
