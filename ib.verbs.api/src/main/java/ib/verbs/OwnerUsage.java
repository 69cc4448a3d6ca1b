// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import ib.dma.DmaUsage;

/**
 * What one bundle holds on one device.
 *
 * @param owner symbolic name of the bundle
 * @param dma live mappings
 * @param resources live verbs resources: PDs, MRs, CQs, QPs
 */
public record OwnerUsage(String owner, DmaUsage dma, int resources) {}
