// SPDX-License-Identifier: Apache-2.0
/**
 * What DMA debug tells: misuse of the DMA operations, found while a device runs.
 *
 * <p>{@code ib.core} provides {@link ib.dma.debug.DmaDebug} as a service; operators, metrics and
 * tests consume it and import {@code [1.0,2)}.
 */
@Export
@Version("1.0.0")
@NullMarked
package ib.dma.debug;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
