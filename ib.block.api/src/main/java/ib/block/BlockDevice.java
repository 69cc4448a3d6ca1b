// SPDX-License-Identifier: Apache-2.0
package ib.block;

import org.osgi.annotation.versioning.ProviderType;

/**
 * A disk. Service properties: {@link #NAME}. The service stays registered while the disk is
 * blocked, so that users ride through changes below. Thread-safe.
 */
@ProviderType
public interface BlockDevice {
  /** Service property: name of the disk, e.g. {@code disk0}. */
  String NAME = "ib.block.name";

  /**
   * Name of the disk.
   *
   * @return value of {@link #NAME}
   */
  String name();

  /**
   * Size of a block.
   *
   * @return bytes, a power of two from 512
   */
  int blockSize();

  /**
   * Number of blocks.
   *
   * @return count
   */
  long blockCount();

  /**
   * Most blocks of one request.
   *
   * @return count
   */
  int maxTransferBlocks();

  /**
   * Most ranges of memory in one request.
   *
   * @return count
   */
  int maxRanges();

  /**
   * Requests it takes at a time.
   *
   * @return count
   */
  int queueDepth();

  /**
   * State.
   *
   * @return may change at any time
   */
  BlockDeviceState state();

  /**
   * Submits a request. Requests may complete in any order; each completes exactly once.
   *
   * @param request reset and filled
   * @return false if the queue is full: nothing happened, try again after a completion. Invalid
   *     requests complete with {@link BlockStatus#INVALID}
   */
  boolean submit(BlockRequest request);
}
