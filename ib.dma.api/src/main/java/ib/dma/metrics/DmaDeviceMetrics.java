// SPDX-License-Identifier: Apache-2.0
package ib.dma.metrics;

import ib.dma.DmaStatistics;

/**
 * Figures of one attachment.
 *
 * @param device name of the device
 * @param driver symbolic name of its driver
 * @param attachment number of the attachment in this host: with another one, counting began anew
 * @param sharedOps whether the operations are core's shared ones, not the driver's own
 * @param statistics the figures
 */
public record DmaDeviceMetrics(
    String device, String driver, long attachment, boolean sharedOps, DmaStatistics statistics) {}
