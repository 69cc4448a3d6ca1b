// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Sense data in fixed (70h, 71h) and descriptor (72h, 73h) format (SPC-4, 4.5), as one number: key,
 * ASC, ASCQ.
 */
final class Sense {
  static final int NO_SENSE = 0x0;
  static final int RECOVERED_ERROR = 0x1;
  static final int NOT_READY = 0x2;
  static final int MEDIUM_ERROR = 0x3;
  static final int HARDWARE_ERROR = 0x4;
  static final int ILLEGAL_REQUEST = 0x5;
  static final int UNIT_ATTENTION = 0x6;
  static final int DATA_PROTECT = 0x7;
  static final int ABORTED_COMMAND = 0xB;

  /** Additional sense codes that change what is done. */
  static final int INVALID_OPCODE = 0x20;

  static final int LBA_OUT_OF_RANGE = 0x21;

  /** There is no sense data that could be understood. */
  static final int NONE = -1;

  private Sense() {}

  /** Reads sense data of a length; {@link #NONE} if it is too short or of another format. */
  static int parse(MemorySegment seg, long at, long length) {
    if (length < 4) {
      return NONE;
    }
    return switch (u8(seg, at) & 0x7F) {
      case 0x70, 0x71 ->
          of(
              u8(seg, at + 2) & 0xF,
              length > 12 ? u8(seg, at + 12) : 0,
              length > 13 ? u8(seg, at + 13) : 0);
      case 0x72, 0x73 -> of(u8(seg, at + 1) & 0xF, u8(seg, at + 2), u8(seg, at + 3));
      default -> NONE;
    };
  }

  static int of(int key, int asc, int ascq) {
    return key << 16 | asc << 8 | ascq;
  }

  static int key(int sense) {
    return sense >> 16;
  }

  static int asc(int sense) {
    return sense >> 8 & 0xFF;
  }

  /** Key in words and both codes. */
  static String describe(int sense) {
    if (sense == NONE) {
      return "CHECK CONDITION without sense data";
    }
    String key =
        switch (key(sense)) {
          case NO_SENSE -> "no sense";
          case RECOVERED_ERROR -> "recovered error";
          case NOT_READY -> "not ready";
          case MEDIUM_ERROR -> "medium error";
          case HARDWARE_ERROR -> "hardware error";
          case ILLEGAL_REQUEST -> "illegal request";
          case UNIT_ATTENTION -> "unit attention";
          case DATA_PROTECT -> "write protected";
          case ABORTED_COMMAND -> "aborted command";
          default -> "sense key " + key(sense);
        };
    return "%s (ASC %02xh, ASCQ %02xh)".formatted(key, asc(sense), sense & 0xFF);
  }

  private static int u8(MemorySegment seg, long at) {
    return seg.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
  }
}
