// SPDX-License-Identifier: Apache-2.0
package ib.dma.metrics;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What the DMA operations of all devices have done; a service of {@code ib.core}. Thread-safe, and
 * cheap enough to be asked every second under load: nobody who maps is stopped.
 */
@ProviderType
public interface DmaMetrics {
  /**
   * The figures of every attachment that there is now, also of those that stand by.
   *
   * @return in order of device names; an attachment that ends takes its figures with it
   */
  List<DmaDeviceMetrics> attachments();
}
