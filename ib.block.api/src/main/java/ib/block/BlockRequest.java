// SPDX-License-Identifier: Apache-2.0
package ib.block;

import ib.dma.ScatterList;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A request, reusable. From a successful {@link BlockDevice#submit} to its completion it and its
 * memory belong to the device. Not thread-safe.
 */
public final class BlockRequest {
  private final ScatterList data;
  private BlockOperation operation = BlockOperation.READ;
  private long lba;
  private int blocks;
  private @Nullable BlockCompletion completion;
  private @Nullable Object attachment;
  private String message = "";

  /**
   * Creates a request.
   *
   * @param ranges ranges of memory it usually has; it grows
   */
  public BlockRequest(int ranges) {
    data = new ScatterList(ranges);
  }

  /**
   * Begins a new use: sets everything but the data, which it empties.
   *
   * @param op operation
   * @param firstBlock first logical block
   * @param blockCount blocks; 0 for FLUSH
   * @param whenDone told once
   * @return this
   */
  public BlockRequest reset(
      BlockOperation op, long firstBlock, int blockCount, BlockCompletion whenDone) {
    operation = op;
    lba = firstBlock;
    blocks = blockCount;
    completion = Objects.requireNonNull(whenDone);
    message = "";
    data.clear();
    return this;
  }

  /**
   * Memory to read into or write from: exactly {@code blocks * blockSize} bytes for READ and WRITE,
   * empty otherwise.
   *
   * @return to be filled
   */
  public ScatterList data() {
    return data;
  }

  /**
   * Operation.
   *
   * @return operation
   */
  public BlockOperation operation() {
    return operation;
  }

  /**
   * First block.
   *
   * @return logical block address
   */
  public long lba() {
    return lba;
  }

  /**
   * Number of blocks.
   *
   * @return count
   */
  public int blocks() {
    return blocks;
  }

  /**
   * Something of the caller's.
   *
   * @return as set
   */
  public @Nullable Object attachment() {
    return attachment;
  }

  /**
   * Sets something of the caller's.
   *
   * @param value kept across {@link #reset}
   */
  public void attach(@Nullable Object value) {
    attachment = value;
  }

  /**
   * What went wrong, in words.
   *
   * @return empty after success
   */
  public String message() {
    return message;
  }

  /**
   * Completes the request; for devices, once.
   *
   * @param status outcome
   * @param words what went wrong, empty on success
   */
  public void complete(BlockStatus status, String words) {
    message = words;
    Objects.requireNonNull(completion, "request was never reset").onComplete(this, status);
  }
}
