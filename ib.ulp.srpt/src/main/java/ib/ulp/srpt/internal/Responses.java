// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.srp.SrpRsp;
import ib.ulp.srpt.internal.scsi.ScsiStatus;
import ib.ulp.srpt.internal.scsi.Sense;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Writes responses into the send ring. */
final class Responses {
  private static final long MAX_RESIDUAL = 0xFFFF_FFFFL;

  private final IuRings rings;
  private final byte[] sense = new byte[Sense.FIXED_BYTES];

  Responses(IuRings rings) {
    this.rings = rings;
  }

  /** Writes the response of a command; returns its length in bytes. */
  int write(Command command, int requestLimitDelta) {
    rings.sendForCpu(command.index);
    MemorySegment out = rings.sendSegment();
    long at = rings.sendOffset(command.index);
    SrpRsp.init(out, at, command.tag);
    SrpRsp.requestLimitDelta(out, at, requestLimitDelta);
    int length = SrpRsp.LENGTH;
    if (command.answersTaskManagement) {
      SrpRsp.taskResponse(out, at, command.taskManagementResponse);
      length += SrpRsp.TASK_RESPONSE_LENGTH;
    } else {
      length += status(command, out, at);
    }
    rings.sendForDevice(command.index);
    return length;
  }

  private int status(Command command, MemorySegment out, long at) {
    SrpRsp.status(out, at, command.task.status());
    // What was offered beyond what the command moves, or the other way round (SRP r16a, 6.9).
    long outDiff = command.offeredOut - command.wantedOut;
    long inDiff = command.offeredIn - command.wantedIn;
    SrpRsp.outResidual(out, at, Math.min(Math.abs(outDiff), MAX_RESIDUAL));
    SrpRsp.inResidual(out, at, Math.min(Math.abs(inDiff), MAX_RESIDUAL));
    int flags =
        flag(outDiff, SrpRsp.OUT_UNDERFLOW, SrpRsp.OUT_OVERFLOW)
            | flag(inDiff, SrpRsp.IN_UNDERFLOW, SrpRsp.IN_OVERFLOW);
    int senseBytes = 0;
    if (command.task.status() == ScsiStatus.CHECK_CONDITION) {
      flags |= SrpRsp.SENSE_VALID;
      senseBytes = sense.length;
      command.task.sense().write(sense, 0);
      SrpRsp.senseLength(out, at, senseBytes);
      MemorySegment.copy(sense, 0, out, ValueLayout.JAVA_BYTE, at + SrpRsp.LENGTH, senseBytes);
    }
    SrpRsp.flags(out, at, flags);
    return senseBytes;
  }

  private static int flag(long difference, int under, int over) {
    if (difference == 0) {
      return 0;
    }
    return difference > 0 ? under : over;
  }
}
