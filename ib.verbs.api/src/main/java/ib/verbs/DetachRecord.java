// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import ib.dma.DmaUsage;
import java.time.Instant;
import java.util.List;

/**
 * What one owner had left when it was detached from a device, counted before core reclaimed it.
 *
 * @param time when
 * @param device device name
 * @param attachment number of the attachment
 * @param generation generation of the promotion the owner had bound; 0 for the driver's own detach
 * @param owner symbolic name of the bundle: a ULP's, or the driver's for what the driver itself had
 *     mapped
 * @param dma mappings left
 * @param resources labels of the verbs resources left, e.g. {@code qp 0x12ab34}
 */
public record DetachRecord(
    Instant time,
    String device,
    long attachment,
    long generation,
    String owner,
    DmaUsage dma,
    List<String> resources) {

  /**
   * Everything left, counted.
   *
   * @return 0 if the owner tidied up
   */
  public long leftOver() {
    return dma.total() + resources.size();
  }
}
