// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import ib.dma.DmaUsage;
import java.util.List;

/**
 * What one bundle holds on one device.
 *
 * @param owner symbolic name of the bundle
 * @param dma live mappings
 * @param resources live verbs resources: PDs, MRs, MWs, CQs, SRQs, QPs
 * @param labels of these, as {@link RdmaResource#label} names them, a queue pair with its type and
 *     state: {@code qp 0x12ab34 type RC state RTS}
 */
public record OwnerUsage(String owner, DmaUsage dma, int resources, List<String> labels) {
  /** Takes a copy of the labels. */
  public OwnerUsage {
    labels = List.copyOf(labels);
  }

  /**
   * Without labels; parameters as of the record.
   *
   * @param owner symbolic name of the bundle
   * @param dma live mappings
   * @param resources live verbs resources
   */
  public OwnerUsage(String owner, DmaUsage dma, int resources) {
    this(owner, dma, resources, List.of());
  }
}
