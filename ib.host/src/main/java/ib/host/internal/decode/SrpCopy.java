// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.decode;

import ib.srp.SrpAerReq;
import ib.srp.SrpAerRsp;
import ib.srp.SrpBufferFormat;
import ib.srp.SrpCheck;
import ib.srp.SrpCmd;
import ib.srp.SrpCred;
import ib.srp.SrpDirectBuf;
import ib.srp.SrpIndirectBuf;
import ib.srp.SrpIu;
import ib.srp.SrpLoginRej;
import ib.srp.SrpLoginReq;
import ib.srp.SrpLoginReqCm;
import ib.srp.SrpLoginRsp;
import ib.srp.SrpLogout;
import ib.srp.SrpOpcode;
import ib.srp.SrpRsp;
import ib.srp.SrpTskMgmt;
import java.lang.foreign.MemorySegment;

/**
 * Decodes an SRP unit to field values and encodes it again from them. Reserved bytes become zero.
 */
final class SrpCopy {
  private static final int MAX_STRUCTURAL_BYTES = 1 << 14;

  private SrpCopy() {}

  /**
   * Whether a unit that {@link SrpCheck} accepts is one to its last byte, reserved ones included.
   */
  static boolean isExact(MemorySegment seg, long off, int length) {
    if (length > MAX_STRUCTURAL_BYTES) {
      return false;
    }
    MemorySegment copy = MemorySegment.ofArray(new byte[length]);
    int end = copy(seg, off, length, copy, 0, SrpCheck.NO_IMMEDIATE_DATA);
    return end == length && MemorySegment.mismatch(seg, off, off + length, copy, 0, length) < 0;
  }

  /**
   * Encodes a unit that {@link SrpCheck} accepts; clears what is left of {@code length} bytes.
   *
   * @return how many bytes the unit has
   */
  static int copy(
      MemorySegment from, long in, int length, MemorySegment to, long out, int immediateOffset) {
    to.asSlice(out, length).fill((byte) 0);
    int opcode = SrpIu.opcode(from, in);
    int fixed = SrpOpcode.minLength(opcode);
    SrpIu.init(to, out, fixed, opcode, SrpIu.tag(from, in));
    switch (opcode) {
      case SrpOpcode.LOGIN_REQ -> loginReq(from, in, to, out);
      case SrpOpcode.LOGIN_RSP -> loginRsp(from, in, to, out);
      case SrpOpcode.LOGIN_REJ -> loginRej(from, in, to, out);
      case SrpOpcode.T_LOGOUT -> {
        SrpLogout.solicited(to, out, SrpLogout.solicited(from, in));
        SrpLogout.reason(to, out, SrpLogout.reason(from, in));
      }
      case SrpOpcode.TSK_MGMT -> tskMgmt(from, in, to, out);
      case SrpOpcode.CRED_REQ -> {
        SrpCred.solicited(to, out, SrpCred.solicited(from, in));
        SrpCred.requestLimitDelta(to, out, SrpCred.requestLimitDelta(from, in));
      }
      case SrpOpcode.CMD -> {
        return command(from, in, to, out, immediateOffset);
      }
      case SrpOpcode.RSP -> {
        return response(from, in, to, out);
      }
      case SrpOpcode.AER_REQ -> {
        return aerReq(from, in, to, out);
      }
      default -> {
        // I_LOGOUT, CRED_RSP and AER_RSP are opcode and tag.
        assert fixed == SrpAerRsp.LENGTH;
      }
    }
    return fixed;
  }

  /** The form of the login request that the RDMA CM carries. */
  static void loginReqCm(MemorySegment from, long in, MemorySegment to, long out) {
    SrpLoginReqCm.init(to, out, SrpLoginReqCm.tag(from, in));
    SrpLoginReqCm.opcode(to, out, SrpLoginReqCm.opcode(from, in));
    SrpLoginReqCm.bufferFormats(to, out, SrpLoginReqCm.bufferFormats(from, in));
    SrpLoginReqCm.flags(to, out, SrpLoginReqCm.flags(from, in));
    SrpLoginReqCm.maxInitiatorToTarget(to, out, SrpLoginReqCm.maxInitiatorToTarget(from, in));
    SrpLoginReqCm.initiatorPortId(to, out, SrpLoginReqCm.initiatorPortId(from, in));
    SrpLoginReqCm.targetPortId(to, out, SrpLoginReqCm.targetPortId(from, in));
    SrpLoginReqCm.immediateOffset(to, out, SrpLoginReqCm.immediateOffset(from, in));
  }

  private static void loginReq(MemorySegment from, long in, MemorySegment to, long out) {
    SrpLoginReq.maxInitiatorToTarget(to, out, SrpLoginReq.maxInitiatorToTarget(from, in));
    SrpLoginReq.bufferFormats(to, out, SrpLoginReq.bufferFormats(from, in));
    SrpLoginReq.flags(to, out, SrpLoginReq.flags(from, in));
    SrpLoginReq.immediateOffset(to, out, SrpLoginReq.immediateOffset(from, in));
    SrpLoginReq.initiatorPortId(to, out, SrpLoginReq.initiatorPortId(from, in));
    SrpLoginReq.targetPortId(to, out, SrpLoginReq.targetPortId(from, in));
  }

  private static void loginRsp(MemorySegment from, long in, MemorySegment to, long out) {
    SrpLoginRsp.requestLimitDelta(to, out, SrpLoginRsp.requestLimitDelta(from, in));
    SrpLoginRsp.maxInitiatorToTarget(to, out, SrpLoginRsp.maxInitiatorToTarget(from, in));
    SrpLoginRsp.maxTargetToInitiator(to, out, SrpLoginRsp.maxTargetToInitiator(from, in));
    SrpLoginRsp.bufferFormats(to, out, SrpLoginRsp.bufferFormats(from, in));
    SrpLoginRsp.flags(to, out, SrpLoginRsp.flags(from, in));
  }

  private static void loginRej(MemorySegment from, long in, MemorySegment to, long out) {
    SrpLoginRej.reason(to, out, SrpLoginRej.reason(from, in));
    SrpLoginRej.bufferFormats(to, out, SrpLoginRej.bufferFormats(from, in));
  }

  private static void tskMgmt(MemorySegment from, long in, MemorySegment to, long out) {
    SrpTskMgmt.solicited(to, out, SrpTskMgmt.solicited(from, in));
    SrpTskMgmt.lun(to, out, SrpTskMgmt.lun(from, in));
    SrpTskMgmt.function(to, out, SrpTskMgmt.function(from, in));
    SrpTskMgmt.taskTag(to, out, SrpTskMgmt.taskTag(from, in));
  }

  private static int command(
      MemorySegment from, long in, MemorySegment to, long out, int immediateOffset) {
    SrpCmd.solicited(to, out, SrpCmd.solicited(from, in));
    SrpCmd.formats(to, out, SrpCmd.outFormat(from, in), SrpCmd.inFormat(from, in));
    SrpCmd.outCount(to, out, SrpCmd.outCount(from, in));
    SrpCmd.inCount(to, out, SrpCmd.inCount(from, in));
    SrpCmd.lun(to, out, SrpCmd.lun(from, in));
    SrpCmd.taskAttribute(to, out, SrpCmd.taskAttribute(from, in));
    SrpCmd.additionalCdbField(to, out, SrpCmd.additionalCdbField(from, in));
    int cdbBytes = SrpCmd.CDB_LENGTH + SrpCmd.additionalCdbLength(from, in);
    MemorySegment.copy(from, in + SrpCmd.CDB_OFFSET, to, out + SrpCmd.CDB_OFFSET, cdbBytes);
    long outDescriptor = SrpCmd.outDescriptor(from, in);
    long inDescriptor = SrpCmd.inDescriptor(from, in);
    int outFormat = SrpCmd.outFormat(from, in);
    descriptor(
        outFormat, SrpCmd.outCount(from, in), from, outDescriptor, to, out + outDescriptor - in);
    descriptor(
        SrpCmd.inFormat(from, in),
        SrpCmd.inCount(from, in),
        from,
        inDescriptor,
        to,
        out + inDescriptor - in);
    if (outFormat != SrpBufferFormat.IMMEDIATE) {
      return SrpCmd.descriptorsEnd(from, in);
    }
    long data = SrpCmd.immediateLength(from, outDescriptor);
    MemorySegment.copy(from, in + immediateOffset, to, out + immediateOffset, data);
    return immediateOffset + (int) data;
  }

  private static void descriptor(
      int format, int count, MemorySegment from, long in, MemorySegment to, long out) {
    switch (format) {
      case SrpBufferFormat.DIRECT -> direct(from, in, to, out);
      case SrpBufferFormat.INDIRECT -> {
        direct(from, SrpIndirectBuf.table(in), to, SrpIndirectBuf.table(out));
        SrpIndirectBuf.totalLength(to, out, SrpIndirectBuf.totalLength(from, in));
        for (int i = 0; i < count; i++) {
          direct(from, SrpIndirectBuf.entry(in, i), to, SrpIndirectBuf.entry(out, i));
        }
      }
      case SrpBufferFormat.IMMEDIATE ->
          SrpCmd.immediateLength(to, out, SrpCmd.immediateLength(from, in));
      default -> {
        // No data, no descriptor.
      }
    }
  }

  private static void direct(MemorySegment from, long in, MemorySegment to, long out) {
    SrpDirectBuf.write(
        to,
        out,
        SrpDirectBuf.va(from, in),
        SrpDirectBuf.key(from, in),
        SrpDirectBuf.length(from, in));
  }

  private static int response(MemorySegment from, long in, MemorySegment to, long out) {
    SrpRsp.solicited(to, out, SrpRsp.solicited(from, in));
    SrpRsp.requestLimitDelta(to, out, SrpRsp.requestLimitDelta(from, in));
    SrpRsp.flags(to, out, SrpRsp.flags(from, in));
    SrpRsp.status(to, out, SrpRsp.status(from, in));
    SrpRsp.outResidual(to, out, SrpRsp.outResidual(from, in));
    SrpRsp.inResidual(to, out, SrpRsp.inResidual(from, in));
    SrpRsp.senseLength(to, out, SrpRsp.senseLength(from, in));
    SrpRsp.responseLength(to, out, SrpRsp.responseLength(from, in));
    long bytes = SrpRsp.responseBytes(from, in) + SrpRsp.senseBytes(from, in);
    MemorySegment.copy(from, SrpRsp.responseData(in), to, SrpRsp.responseData(out), bytes);
    return SrpRsp.LENGTH + (int) bytes;
  }

  private static int aerReq(MemorySegment from, long in, MemorySegment to, long out) {
    SrpAerReq.solicited(to, out, SrpAerReq.solicited(from, in));
    SrpAerReq.requestLimitDelta(to, out, SrpAerReq.requestLimitDelta(from, in));
    SrpAerReq.lun(to, out, SrpAerReq.lun(from, in));
    SrpAerReq.senseLength(to, out, SrpAerReq.senseLength(from, in));
    long bytes = SrpAerReq.senseLength(from, in);
    MemorySegment.copy(from, SrpAerReq.senseData(in), to, SrpAerReq.senseData(out), bytes);
    return SrpAerReq.LENGTH + (int) bytes;
  }
}
