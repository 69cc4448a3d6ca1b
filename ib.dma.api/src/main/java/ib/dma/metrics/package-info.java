// SPDX-License-Identifier: Apache-2.0
/**
 * Figures of the DMA operations of each device, for bundles that gather metrics.
 *
 * <p>{@code ib.core} provides {@link ib.dma.metrics.DmaMetrics} as a service; who reads it imports
 * {@code [1.0,2)}.
 */
@Export
@Version("1.0.0")
@NullMarked
package ib.dma.metrics;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
