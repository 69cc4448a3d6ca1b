// SPDX-License-Identifier: Apache-2.0
package ib.dma.debug;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * DMA debug: watches the ops and the bus of devices and reports misuse. A service of {@code
 * ib.core}. Thread-safe.
 *
 * <p>Switching builds a new generation of the attachments concerned, because what was mapped before
 * is not known; users of the device hold their I/O meanwhile. A device that is not watched pays
 * nothing.
 */
@ProviderType
public interface DmaDebug {
  /**
   * Watches a device from now on. Blocks until its old attachment is out of use, a few seconds at
   * most. Nothing happens if it is watched already.
   *
   * @param device name, present or not
   */
  void on(String device);

  /**
   * Stops watching a device. Blocks as {@link #on} does. Reports are kept.
   *
   * @param device name
   */
  void off(String device);

  /**
   * Whether a device is watched, by {@link #on} or by configuration.
   *
   * @param device name
   * @return true if watched
   */
  boolean isOn(String device);

  /**
   * The latest reports.
   *
   * @return oldest first; how many are kept is configured
   */
  List<DmaReport> reports();

  /**
   * How often a class of misuse was found on a device, reported or not.
   *
   * @param device name
   * @param misuse the class
   * @return count since {@link #clear}
   */
  long count(String device, DmaMisuse misuse);

  /**
   * How often anything was found.
   *
   * @return count since {@link #clear}
   */
  long total();

  /**
   * Mappings that were not watched because the bound on memory was reached; misuse of them is not
   * found.
   *
   * @return count since {@link #clear}
   */
  long dropped();

  /** Forgets all reports and counts. */
  void clear();
}
