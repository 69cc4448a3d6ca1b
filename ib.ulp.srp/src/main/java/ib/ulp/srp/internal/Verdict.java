// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.block.BlockStatus;
import ib.srp.SrpRsp;
import java.lang.foreign.MemorySegment;

/**
 * What an SRP_RSP means for a block request. Reads status, residuals and sense in place; words are
 * made only for failures.
 */
final class Verdict {
  /** SCSI status codes (SAM-5, 5.3). */
  static final int GOOD = 0x00;

  static final int CHECK_CONDITION = 0x02;
  static final int BUSY = 0x08;
  static final int RESERVATION_CONFLICT = 0x18;
  static final int TASK_SET_FULL = 0x28;
  static final int TASK_ABORTED = 0x40;

  private static final int RESIDUALS =
      SrpRsp.OUT_OVERFLOW | SrpRsp.OUT_UNDERFLOW | SrpRsp.IN_OVERFLOW | SrpRsp.IN_UNDERFLOW;

  /** What to do with the request. */
  enum Action {
    /** Complete it with {@link #status()} and {@link #words()}. */
    COMPLETE,
    /** Send it again at once: the target forgot it, or told news before it did anything. */
    RESEND,
    /** Send it again after a pause: the target is busy. */
    RESEND_LATER
  }

  private Action action = Action.COMPLETE;
  private BlockStatus status = BlockStatus.OK;
  private String words = "";

  Action action() {
    return action;
  }

  BlockStatus status() {
    return status;
  }

  String words() {
    return words;
  }

  /** Judges a response whose lengths were checked. */
  void read(MemorySegment seg, long at) {
    int scsi = SrpRsp.status(seg, at);
    if (scsi == GOOD) {
      readResiduals(seg, at);
      return;
    }
    switch (scsi) {
      case CHECK_CONDITION ->
          readSense(Sense.parse(seg, SrpRsp.senseData(seg, at), SrpRsp.senseBytes(seg, at)));
      case BUSY -> set(Action.RESEND_LATER, BlockStatus.RETRY, "the target is busy");
      case TASK_SET_FULL ->
          set(Action.RESEND_LATER, BlockStatus.RETRY, "the target's task set is full");
      case TASK_ABORTED ->
          set(Action.RESEND, BlockStatus.IO_ERROR, "the target aborted the command");
      case RESERVATION_CONFLICT ->
          set(
              Action.COMPLETE,
              BlockStatus.IO_ERROR,
              "another initiator has reserved the logical unit");
      default ->
          set(
              Action.COMPLETE,
              BlockStatus.IO_ERROR,
              "SCSI status " + Integer.toHexString(scsi) + "h from the target");
    }
  }

  private void readResiduals(MemorySegment seg, long at) {
    if ((SrpRsp.flags(seg, at) & RESIDUALS) == 0) {
      set(Action.COMPLETE, BlockStatus.OK, "");
    } else {
      long out = SrpRsp.outResidual(seg, at);
      long in = SrpRsp.inResidual(seg, at);
      set(
          Action.COMPLETE,
          BlockStatus.IO_ERROR,
          "the target moved other than all bytes: residual " + out + " out, " + in + " in");
    }
  }

  private void readSense(int sense) {
    switch (sense == Sense.NONE ? Sense.NONE : Sense.key(sense)) {
      case Sense.NO_SENSE, Sense.RECOVERED_ERROR -> set(Action.COMPLETE, BlockStatus.OK, "");
      case Sense.UNIT_ATTENTION, Sense.ABORTED_COMMAND ->
          set(Action.RESEND, BlockStatus.IO_ERROR, Sense.describe(sense));
      case Sense.NOT_READY -> set(Action.RESEND_LATER, BlockStatus.RETRY, Sense.describe(sense));
      case Sense.ILLEGAL_REQUEST ->
          set(
              Action.COMPLETE,
              switch (Sense.asc(sense)) {
                case Sense.INVALID_OPCODE -> BlockStatus.NOT_SUPPORTED;
                case Sense.LBA_OUT_OF_RANGE -> BlockStatus.INVALID;
                default -> BlockStatus.IO_ERROR;
              },
              Sense.describe(sense));
      default -> set(Action.COMPLETE, BlockStatus.IO_ERROR, Sense.describe(sense));
    }
  }

  private void set(Action what, BlockStatus outcome, String why) {
    action = what;
    status = outcome;
    words = why;
  }
}
