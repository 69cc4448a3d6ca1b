// SPDX-License-Identifier: Apache-2.0
/**
 * Attachments of devices and their DMA operations; the shared default operations and their IOMMU.
 */
@NullMarked
package ib.core.internal;

import org.jspecify.annotations.NullMarked;
