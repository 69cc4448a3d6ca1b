// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import org.jspecify.annotations.Nullable;

/** A task management request; one at a time on a channel. */
final class TaskCommand {
  /** No answer yet. */
  static final int PENDING = -1;

  final int function;

  /** The request to abort; null for a function on the logical unit. */
  final @Nullable RequestSlot slot;

  final long taskTag;
  final long deadlineNs;
  long tag;
  private volatile int response = PENDING;

  TaskCommand(int function, @Nullable RequestSlot slot, long deadlineNs) {
    this.function = function;
    this.slot = slot;
    taskTag = slot == null ? 0 : slot.tag;
    this.deadlineNs = deadlineNs;
  }

  /** Code of the answer, see {@link ib.srp.SrpRsp}, or {@link #PENDING}. */
  int response() {
    return response;
  }

  void complete(int code) {
    response = code;
  }
}
