// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.srp.SrpRsp;
import ib.srp.SrpTskMgmt;
import ib.ulp.srpt.internal.scsi.LogicalUnit;
import java.lang.foreign.MemorySegment;

/** The task management functions (SRP r16a, 6.7; SAM-5, clause 7). */
final class TaskManagement {
  private final Target target;

  TaskManagement(Target target) {
    this.target = target;
  }

  /** Executes the function of a checked TSK_MGMT; its response follows at once or later. */
  void execute(Command self, MemorySegment iu, long at) {
    self.answersTaskManagement = true;
    self.taskManagementResponse = SrpRsp.TASK_COMPLETE;
    self.state = Command.State.AWAITING_TASKS;
    TaskSetEnd end = new TaskSetEnd(self);
    int function = SrpTskMgmt.function(iu, at);
    LogicalUnit unit = target.units().find(SrpTskMgmt.lun(iu, at));
    long taskTag = SrpTskMgmt.taskTag(iu, at);
    switch (function) {
      case SrpTskMgmt.ABORT_TASK ->
          end.end(self.channel, command -> command.tag == taskTag && command.unit == unit);
      case SrpTskMgmt.ABORT_TASK_SET, SrpTskMgmt.CLEAR_TASK_SET, SrpTskMgmt.LUN_RESET -> {
        if (unit == null) {
          self.taskManagementResponse = SrpRsp.TASK_FIELDS_INVALID;
        } else {
          endAll(self, end, unit, function);
        }
      }
      case SrpTskMgmt.CLEAR_ACA -> {
        // No ACA is ever established, so there is none to clear.
      }
      default -> self.taskManagementResponse = SrpRsp.TASK_NOT_SUPPORTED;
    }
    end.ended();
  }

  private void endAll(Command self, TaskSetEnd end, LogicalUnit unit, int function) {
    Session own = self.channel.session;
    for (Channel channel : target.allChannels()) {
      boolean mine = channel.session == own;
      if (mine || function != SrpTskMgmt.ABORT_TASK_SET) {
        end.end(channel, command -> command.unit == unit);
      }
      if (!mine && function == SrpTskMgmt.LUN_RESET) {
        channel.session.unitWasReset(unit);
      }
    }
  }
}
