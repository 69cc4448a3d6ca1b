// SPDX-License-Identifier: Apache-2.0
/** The host's memory for DMA, and the shared default ops with their software IOMMU. */
@NullMarked
package ib.core.internal.dma;

import org.jspecify.annotations.NullMarked;
