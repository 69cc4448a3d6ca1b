// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Says what is wrong with an information unit from the wire, before anybody trusts its lengths.
 * Throws nothing whatever the bytes are, as long as the segment holds them; allocates only for the
 * answer.
 */
public final class SrpCheck {
  /** No offset of immediate data was agreed at login: commands must not have any. */
  public static final int NO_IMMEDIATE_DATA = 0;

  private SrpCheck() {}

  /**
   * What is wrong with the {@code length} bytes at {@code off}, or null where all fields and
   * descriptors are inside.
   *
   * @param immediateOffset where immediate data begins in a command, as agreed at login, or {@link
   *     #NO_IMMEDIATE_DATA}
   */
  public static @Nullable String check(
      MemorySegment seg, long off, long length, int immediateOffset) {
    if (length < 1) {
      return "empty information unit";
    }
    int opcode = SrpIu.opcode(seg, off);
    int min = SrpOpcode.minLength(opcode);
    if (min == 0) {
      return "unknown opcode 0x" + Integer.toHexString(opcode);
    }
    if (length < min) {
      return SrpOpcode.name(opcode) + " of " + length + " bytes: it has at least " + min;
    }
    return switch (opcode) {
      case SrpOpcode.CMD -> checkCommand(seg, off, length, immediateOffset);
      case SrpOpcode.RSP -> checkResponse(seg, off, length);
      case SrpOpcode.AER_REQ ->
          checkFits("AER_REQ", "sense data", SrpAerReq.senseLength(seg, off), length - min);
      default -> null;
    };
  }

  /** What is wrong with a login request in the form of the RDMA CM, or null. */
  public static @Nullable String checkLoginCm(MemorySegment seg, long off, long length) {
    if (length < SrpLoginReqCm.LENGTH) {
      return "LOGIN_REQ of " + length + " bytes: over the RDMA CM it has " + SrpLoginReqCm.LENGTH;
    }
    int opcode = SrpLoginReqCm.opcode(seg, off);
    return opcode == SrpOpcode.LOGIN_REQ ? null : SrpOpcode.name(opcode) + " instead of LOGIN_REQ";
  }

  private static @Nullable String checkCommand(
      MemorySegment seg, long off, long length, int immediateOffset) {
    int outFormat = SrpCmd.outFormat(seg, off);
    int inFormat = SrpCmd.inFormat(seg, off);
    if (outFormat > SrpBufferFormat.IMMEDIATE || inFormat > SrpBufferFormat.INDIRECT) {
      return "CMD with descriptor formats " + outFormat + " (out) and " + inFormat + " (in)";
    }
    // At most 48 + 252 + 2 * (20 + 255 * 16): no overflow.
    int end = SrpCmd.descriptorsEnd(seg, off);
    if (end > length) {
      return "CMD of "
          + length
          + " bytes: additional CDB and descriptors end at byte "
          + end
          + " ("
          + SrpBufferFormat.name(outFormat)
          + " "
          + SrpCmd.outCount(seg, off)
          + " out, "
          + SrpBufferFormat.name(inFormat)
          + " "
          + SrpCmd.inCount(seg, off)
          + " in)";
    }
    long out = SrpCmd.outDescriptor(seg, off);
    String fault =
        switch (outFormat) {
          case SrpBufferFormat.INDIRECT ->
              checkIndirect(seg, out, SrpCmd.outCount(seg, off), "data-out");
          case SrpBufferFormat.IMMEDIATE ->
              checkImmediate(SrpCmd.immediateLength(seg, out), end, length, immediateOffset);
          default -> null;
        };
    if (fault != null || inFormat != SrpBufferFormat.INDIRECT) {
      return fault;
    }
    return checkIndirect(seg, SrpCmd.inDescriptor(seg, off), SrpCmd.inCount(seg, off), "data-in");
  }

  private static @Nullable String checkImmediate(
      long bytes, int descriptorsEnd, long length, int immediateOffset) {
    if (immediateOffset == NO_IMMEDIATE_DATA) {
      return "CMD with immediate data, which the login did not agree on";
    }
    if (immediateOffset < descriptorsEnd) {
      return "CMD with immediate data at byte "
          + immediateOffset
          + " but descriptors up to byte "
          + descriptorsEnd;
    }
    return checkFits("CMD", "immediate data", bytes, length - immediateOffset);
  }

  /** The entries must add up where the whole table is in the IU; the table is whole entries. */
  private static @Nullable String checkIndirect(
      MemorySegment seg, long at, int count, String which) {
    long tableBytes = SrpDirectBuf.length(seg, SrpIndirectBuf.table(at));
    if (tableBytes % SrpDirectBuf.LENGTH != 0) {
      return which + " table of " + tableBytes + " bytes: an entry has " + SrpDirectBuf.LENGTH;
    }
    long entries = tableBytes / SrpDirectBuf.LENGTH;
    if (count > entries) {
      return which + " list of " + count + " entries, but the table has " + entries;
    }
    long sum = 0;
    for (int i = 0; i < count; i++) {
      sum += SrpDirectBuf.length(seg, SrpIndirectBuf.entry(at, i));
    }
    long total = SrpIndirectBuf.totalLength(seg, at);
    if (count == entries ? sum != total : sum > total) {
      return which + " total length " + total + ", but its " + count + " entries have " + sum;
    }
    return null;
  }

  private static @Nullable String checkResponse(MemorySegment seg, long off, long length) {
    long room = length - SrpRsp.LENGTH;
    long response = SrpRsp.responseBytes(seg, off);
    String fault = checkFits("RSP", "response data", response, room);
    return fault != null
        ? fault
        : checkFits("RSP", "sense data", SrpRsp.senseBytes(seg, off), room - response);
  }

  private static @Nullable String checkFits(String iu, String what, long bytes, long room) {
    return bytes <= room
        ? null
        : iu + " with " + bytes + " bytes of " + what + ", but " + Math.max(room, 0) + " are left";
  }
}
