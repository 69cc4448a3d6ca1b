// SPDX-License-Identifier: Apache-2.0
package ib.block;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Told when a request is done, exactly once. Runs on a thread of the device: short, must not block;
 * may submit.
 */
@ConsumerType
@FunctionalInterface
public interface BlockCompletion {
  /**
   * The request is done; its memory is the caller's again and the object may be reused.
   *
   * @param request the request
   * @param status outcome
   */
  void onComplete(BlockRequest request, BlockStatus status);
}
