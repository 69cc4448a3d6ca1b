// SPDX-License-Identifier: Apache-2.0
/** Devices, DMA operations and memory: the contract between drivers, core and protocols. */
@Export
@Version("1.0.0")
@NullMarked
package ib.dma;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
