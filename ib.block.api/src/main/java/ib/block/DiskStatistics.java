// SPDX-License-Identifier: Apache-2.0
package ib.block;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Figures of a remote disk; registered together with its {@link BlockDevice}, with the same
 * property {@link BlockDevice#NAME}, for commands, tests and demonstrations. Thread-safe.
 */
@ProviderType
public interface DiskStatistics {
  /**
   * Name of the disk.
   *
   * @return value of {@link BlockDevice#NAME}
   */
  String name();

  /**
   * Figures now. {@code submitted == completed + failed + inFlight + held} once nothing is being
   * submitted: a difference is a lost command.
   *
   * @return a snapshot; its values are read one after the other while I/O goes on
   */
  DiskFigures figures();

  /**
   * Requests completed so far, failed or not; cheap, for who watches progress.
   *
   * @return {@code completed + failed}
   */
  long finished();

  /**
   * Requests that are with the target now; cheap.
   *
   * @return sent and not answered
   */
  int inFlight();
}
