// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.block.BlockRequest;
import ib.block.BlockStatus;
import ib.dma.DmaDirection;
import ib.dma.ScatterList;
import org.jspecify.annotations.Nullable;

/**
 * A place for one request, used again and again. Its state makes a second completion impossible:
 * only {@link State#WAITING} and {@link State#ISSUED} can end, and ending makes it {@link
 * State#FREE}. The submitter owns it from the free list to the ready queue, then who drives the
 * disk.
 */
final class RequestSlot {
  /** Where the request is. */
  enum State {
    /** In the free list, or being filled by a submitter. */
    FREE,
    /** Accepted, not sent. */
    WAITING,
    /** With the target; its data is mapped. */
    ISSUED
  }

  private static final long INDEX_MASK = 0x7FFF_FFFFL;

  /** Bit of a tag that marks task management, as Linux's initiator has it. */
  static final long TASK_BIT = 0x8000_0000L;

  final int index;
  ScatterList data;
  State state = State.FREE;
  @Nullable BlockRequest request;

  /** Set if the request is invalid: what it completes with. */
  @Nullable BlockStatus refusal;

  String refusalWords = "";

  /** Tag of the last send; a response must carry exactly this. */
  long tag;

  /**
   * Tag of the last send that was completed: a response with this one again is a second completion.
   */
  long completedTag;

  @Nullable SrpChannel channel;
  DmaDirection direction = DmaDirection.NONE;

  /** Entries given to mapSg, which unmapSg needs again; 0 if nothing is mapped. */
  int mappedFrom;

  long deadlineNs;

  /** What the ops threw at the last attempt to map, if they did. */
  @Nullable RuntimeException mapFault;

  long unmappableSinceNs;
  int sends;
  int breaks;
  int retries;
  boolean aborting;

  /** A whole wait for credit was in vain. */
  boolean starved;

  RequestSlot(int index, int ranges) {
    this.index = index;
    data = new ScatterList(ranges);
  }

  static long tagOf(long sequence, int index) {
    return sequence << 32 | index;
  }

  static int indexOf(long tag) {
    return (int) (tag & INDEX_MASK);
  }

  /** Begins a use; by the submitter. */
  void begin(BlockRequest newRequest) {
    request = newRequest;
    refusal = null;
    refusalWords = "";
    sends = 0;
    breaks = 0;
    retries = 0;
    aborting = false;
    unmappableSinceNs = 0;
    mapFault = null;
    starved = false;
    state = State.WAITING;
  }

  /**
   * Ends a use. Null if there is no request to end: somebody tries to complete it a second time.
   */
  @Nullable BlockRequest end() {
    BlockRequest ended = state == State.FREE ? null : request;
    state = State.FREE;
    request = null;
    completedTag = tag;
    return ended;
  }
}
