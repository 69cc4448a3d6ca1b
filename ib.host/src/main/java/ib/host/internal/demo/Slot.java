// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.demo;

import ib.block.BlockCompletion;
import ib.block.BlockRequest;
import ib.block.BlockStatus;
import ib.dma.DmaMemory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One request of the workload with its memory. Counts completions, so that a second one would be
 * seen.
 */
final class Slot implements BlockCompletion {
  final BlockRequest request = new BlockRequest(1);
  final DmaMemory memory;
  private final Workload workload;
  private final AtomicInteger outstanding = new AtomicInteger();
  private volatile BlockStatus status = BlockStatus.OK;
  long position;
  int lengthBytes;

  Slot(Workload workload, DmaMemory memory) {
    this.workload = workload;
    this.memory = memory;
  }

  void submitted() {
    outstanding.incrementAndGet();
  }

  boolean isOutstanding() {
    return outstanding.get() > 0;
  }

  /** Undoes {@link #submitted} when the device took nothing. */
  void notSubmitted() {
    outstanding.decrementAndGet();
  }

  BlockStatus status() {
    return status;
  }

  @Override
  public void onComplete(BlockRequest done, BlockStatus outcome) {
    status = outcome;
    boolean twice = outstanding.decrementAndGet() < 0;
    workload.completed(twice);
  }
}
