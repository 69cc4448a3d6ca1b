// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.block.BlockOperation;
import ib.block.BlockRequest;
import ib.block.BlockStatus;
import ib.dma.ScatterList;

/** Says what is wrong with a request before anything is done for it. */
final class RequestCheck {
  private RequestCheck() {}

  /** Marks the slot as refused if its request is not valid for a disk of this geometry. */
  static void check(RequestSlot slot, BlockRequest request, Geometry disk, int maxRanges) {
    if (request.operation() == BlockOperation.FLUSH) {
      checkNoData(slot, request);
      return;
    }
    if (request.operation() == BlockOperation.DISCARD) {
      if (!disk.unmap()) {
        refuse(slot, BlockStatus.NOT_SUPPORTED, "the target offers no UNMAP");
        return;
      }
      checkNoData(slot, request);
    } else {
      checkData(slot, request, disk, maxRanges);
    }
    checkRange(slot, request, disk);
  }

  private static void checkRange(RequestSlot slot, BlockRequest request, Geometry disk) {
    if (request.blocks() < 1
        || request.lba() < 0
        || request.lba() > disk.blocks() - request.blocks()) {
      refuse(
          slot,
          BlockStatus.INVALID,
          "blocks " + request.lba() + " + " + request.blocks() + " of a disk of " + disk.blocks());
    }
  }

  private static void checkNoData(RequestSlot slot, BlockRequest request) {
    if (request.data().entries() != 0) {
      refuse(slot, BlockStatus.INVALID, request.operation() + " has no data; leave its list empty");
    }
  }

  private static void checkData(
      RequestSlot slot, BlockRequest request, Geometry disk, int maxRanges) {
    ScatterList data = request.data();
    long bytes = (long) request.blocks() * disk.blockBytes();
    if (request.blocks() > disk.maxTransferBlocks()) {
      refuse(
          slot,
          BlockStatus.INVALID,
          request.blocks() + " blocks in one request; at most " + disk.maxTransferBlocks());
    } else if (data.entries() > maxRanges) {
      refuse(
          slot,
          BlockStatus.INVALID,
          data.entries() + " ranges of memory in one request; at most " + maxRanges);
    } else if (data.totalBytes() != bytes) {
      refuse(
          slot,
          BlockStatus.INVALID,
          data.totalBytes() + " bytes of memory for " + bytes + " bytes of blocks");
    } else {
      checkMemory(slot, data);
    }
  }

  private static void checkMemory(RequestSlot slot, ScatterList data) {
    for (int i = 0; i < data.entries(); i++) {
      if (!data.memory(i).segment().isNative() || data.memory(i).isClosed()) {
        refuse(
            slot,
            BlockStatus.INVALID,
            data.memory(i) + " is closed or on the heap; use memory of a DmaMemoryPool");
        return;
      }
    }
  }

  private static void refuse(RequestSlot slot, BlockStatus status, String words) {
    slot.refusal = status;
    slot.refusalWords = words;
  }
}
