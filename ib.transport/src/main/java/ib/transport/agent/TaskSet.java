// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The tasks of an agent. Touched by the holder of the agent only; a turn goes over the array it
 * began with.
 */
final class TaskSet {
  private TaskSlot[] slots = {};

  TaskSlot[] slots() {
    return slots;
  }

  /** False if the task is there already. */
  boolean add(TaskSlot slot) {
    if (find(slot.task) >= 0) {
      return false;
    }
    TaskSlot[] more = Arrays.copyOf(slots, slots.length + 1);
    more[slots.length] = slot;
    slots = more;
    return true;
  }

  /** Takes a task out; null if it is not there. */
  @Nullable TaskSlot remove(AgentTask task) {
    int at = find(task);
    if (at < 0) {
      return null;
    }
    TaskSlot slot = slots[at];
    slot.removed = true;
    TaskSlot[] fewer = new TaskSlot[slots.length - 1];
    System.arraycopy(slots, 0, fewer, 0, at);
    System.arraycopy(slots, at + 1, fewer, at, fewer.length - at);
    slots = fewer;
    return slot;
  }

  boolean anyWantsWrite() {
    for (TaskSlot slot : slots) {
      for (int i = 0; i < slot.sources.length; i++) {
        if (slot.sources[i].wantsWrite()) {
          return true;
        }
      }
    }
    return false;
  }

  @SuppressWarnings("ReferenceEquality") // a task is itself, whatever its equals says
  private int find(AgentTask task) {
    for (int i = 0; i < slots.length; i++) {
      if (slots[i].task == task) {
        return i;
      }
    }
    return -1;
  }
}
