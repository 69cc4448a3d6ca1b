// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.decode;

import ib.srp.LoginRejReason;
import ib.srp.SrpAerReq;
import ib.srp.SrpBufferFormat;
import ib.srp.SrpCmd;
import ib.srp.SrpCred;
import ib.srp.SrpDirectBuf;
import ib.srp.SrpIndirectBuf;
import ib.srp.SrpIu;
import ib.srp.SrpLoginRej;
import ib.srp.SrpLoginReq;
import ib.srp.SrpLoginRsp;
import ib.srp.SrpLogout;
import ib.srp.SrpLun;
import ib.srp.SrpOpcode;
import ib.srp.SrpRsp;
import ib.srp.SrpTskMgmt;
import java.lang.foreign.MemorySegment;

/** Prints an SRP unit that {@link ib.srp.SrpCheck} accepts. */
final class SrpText {
  private static final int TAG_BYTES = 8;

  private SrpText() {}

  /** Appends opcode, tag and all that matters of a unit. */
  static void append(MemorySegment seg, long off, StringBuilder line) {
    int opcode = SrpIu.opcode(seg, off);
    line.append("SRP ").append(SrpOpcode.name(opcode));
    line.append(" tag=").append(Names.hex(seg, off + SrpIu.TAG_OFFSET, TAG_BYTES));
    switch (opcode) {
      case SrpOpcode.LOGIN_REQ -> loginReq(seg, off, line);
      case SrpOpcode.LOGIN_RSP -> loginRsp(seg, off, line);
      case SrpOpcode.LOGIN_REJ ->
          line.append(" reason ").append(LoginRejReason.describe(SrpLoginRej.reason(seg, off)));
      case SrpOpcode.T_LOGOUT -> line.append(" reason ").append(SrpLogout.reason(seg, off));
      case SrpOpcode.TSK_MGMT -> tskMgmt(seg, off, line);
      case SrpOpcode.CMD -> command(seg, off, line);
      case SrpOpcode.RSP -> response(seg, off, line);
      case SrpOpcode.CRED_REQ -> line.append(" delta=").append(SrpCred.requestLimitDelta(seg, off));
      case SrpOpcode.AER_REQ -> {
        line.append(" delta=").append(SrpAerReq.requestLimitDelta(seg, off));
        lun(SrpAerReq.lun(seg, off), line);
        ScsiText.sense(seg, SrpAerReq.senseData(off), SrpAerReq.senseLength(seg, off), line);
      }
      default -> {
        // I_LOGOUT, CRED_RSP and AER_RSP are opcode and tag.
      }
    }
  }

  private static void loginReq(MemorySegment seg, long off, StringBuilder line) {
    int flags = SrpLoginReq.flags(seg, off);
    line.append(" max_it_iu=").append(SrpLoginReq.maxInitiatorToTarget(seg, off));
    formats(SrpLoginReq.bufferFormats(seg, off), line);
    line.append(
        (flags & SrpLoginReq.ACTION_MASK) == SrpLoginReq.ACTION_MULTI ? " multi" : " single");
    if ((flags & SrpLoginReq.IMMEDIATE_DATA) != 0) {
      line.append(" immediate@").append(SrpLoginReq.immediateOffset(seg, off));
    }
    line.append(" initiator=")
        .append(Names.hex(seg, off + SrpLoginReq.INITIATOR_PORT_ID_OFFSET, SrpIu.PORT_ID_BYTES))
        .append(" target=")
        .append(Names.hex(seg, off + SrpLoginReq.TARGET_PORT_ID_OFFSET, SrpIu.PORT_ID_BYTES));
  }

  private static void loginRsp(MemorySegment seg, long off, StringBuilder line) {
    int flags = SrpLoginRsp.flags(seg, off);
    line.append(" req_lim=").append(SrpLoginRsp.requestLimitDelta(seg, off));
    line.append(" max_it_iu=").append(SrpLoginRsp.maxInitiatorToTarget(seg, off));
    line.append(" max_ti_iu=").append(SrpLoginRsp.maxTargetToInitiator(seg, off));
    formats(SrpLoginRsp.bufferFormats(seg, off), line);
    line.append(
        switch (flags & SrpLoginRsp.RESULT_MASK) {
          case SrpLoginRsp.RESULT_NO_CHANNEL -> " no other channel";
          case SrpLoginRsp.RESULT_TERMINATED -> " others terminated";
          case SrpLoginRsp.RESULT_MAINTAINED -> " others maintained";
          default -> " reserved result";
        });
    line.append((flags & SrpLoginRsp.IMMEDIATE_DATA) != 0 ? " immediate" : "");
  }

  private static void formats(int set, StringBuilder line) {
    line.append(" formats=");
    line.append((set & SrpBufferFormat.DIRECT_SET) != 0 ? "d" : "");
    line.append((set & SrpBufferFormat.INDIRECT_SET) != 0 ? "i" : "");
  }

  private static void tskMgmt(MemorySegment seg, long off, StringBuilder line) {
    line.append(' ').append(SrpTskMgmt.functionName(SrpTskMgmt.function(seg, off)));
    lun(SrpTskMgmt.lun(seg, off), line);
    line.append(" task=").append(Names.hex(seg, off + SrpTskMgmt.TASK_TAG_OFFSET, TAG_BYTES));
  }

  private static void command(MemorySegment seg, long off, StringBuilder line) {
    lun(SrpCmd.lun(seg, off), line);
    if (SrpCmd.taskAttribute(seg, off) != SrpCmd.SIMPLE) {
      line.append(" attribute=").append(SrpCmd.taskAttribute(seg, off));
    }
    line.append(' ');
    ScsiText.cdb(seg, off + SrpCmd.CDB_OFFSET, line);
    int cdbBytes = SrpCmd.CDB_LENGTH + SrpCmd.additionalCdbLength(seg, off);
    line.append(" cdb=").append(Names.hex(seg, off + SrpCmd.CDB_OFFSET, cdbBytes));
    int out = SrpCmd.outFormat(seg, off);
    int in = SrpCmd.inFormat(seg, off);
    if (out != SrpBufferFormat.NONE) {
      line.append(" out=");
      descriptor(out, SrpCmd.outCount(seg, off), seg, SrpCmd.outDescriptor(seg, off), line);
    }
    if (in != SrpBufferFormat.NONE) {
      line.append(" in=");
      descriptor(in, SrpCmd.inCount(seg, off), seg, SrpCmd.inDescriptor(seg, off), line);
    }
  }

  private static void descriptor(
      int format, int count, MemorySegment seg, long at, StringBuilder line) {
    line.append(SrpBufferFormat.name(format)).append('(');
    switch (format) {
      case SrpBufferFormat.DIRECT -> direct(seg, at, line);
      case SrpBufferFormat.IMMEDIATE -> line.append(SrpCmd.immediateLength(seg, at));
      default -> {
        line.append("table ");
        direct(seg, SrpIndirectBuf.table(at), line);
        line.append(", total ").append(SrpIndirectBuf.totalLength(seg, at));
        for (int i = 0; i < count; i++) {
          line.append(i == 0 ? ": " : ", ");
          direct(seg, SrpIndirectBuf.entry(at, i), line);
        }
      }
    }
    line.append(')');
  }

  private static void direct(MemorySegment seg, long at, StringBuilder line) {
    line.append(
        String.format(
            "va=%x key=%x len=%d",
            SrpDirectBuf.va(seg, at), SrpDirectBuf.key(seg, at), SrpDirectBuf.length(seg, at)));
  }

  private static void response(MemorySegment seg, long off, StringBuilder line) {
    int flags = SrpRsp.flags(seg, off);
    line.append(" delta=").append(SrpRsp.requestLimitDelta(seg, off));
    line.append(' ').append(ScsiText.status(SrpRsp.status(seg, off)));
    if ((flags & (SrpRsp.OUT_OVERFLOW | SrpRsp.OUT_UNDERFLOW)) != 0) {
      line.append((flags & SrpRsp.OUT_OVERFLOW) != 0 ? " out over " : " out under ");
      line.append(SrpRsp.outResidual(seg, off));
    }
    if ((flags & (SrpRsp.IN_OVERFLOW | SrpRsp.IN_UNDERFLOW)) != 0) {
      line.append((flags & SrpRsp.IN_OVERFLOW) != 0 ? " in over " : " in under ");
      line.append(SrpRsp.inResidual(seg, off));
    }
    if (SrpRsp.responseBytes(seg, off) >= SrpRsp.TASK_RESPONSE_LENGTH) {
      line.append(" task response ").append(taskResponse(SrpRsp.taskResponse(seg, off)));
    }
    ScsiText.sense(seg, SrpRsp.senseData(seg, off), SrpRsp.senseBytes(seg, off), line);
  }

  private static String taskResponse(int code) {
    return switch (code) {
      case SrpRsp.TASK_COMPLETE -> "0 (complete)";
      case SrpRsp.TASK_FIELDS_INVALID -> "2 (fields invalid)";
      case SrpRsp.TASK_NOT_SUPPORTED -> "4 (not supported)";
      case SrpRsp.TASK_FAILED -> "5 (failed)";
      default -> code + " (not defined)";
    };
  }

  private static void lun(long lun, StringBuilder line) {
    int number = SrpLun.decode(lun);
    line.append(" lun=").append(number == SrpLun.UNKNOWN ? String.format("%016x", lun) : number);
  }
}
