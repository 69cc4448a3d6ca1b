// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.decode;

import ib.transport.wire.Wire;
import java.lang.foreign.MemorySegment;

/** SCSI's numbers in words: commands, status, sense data (SPC-5, SBC-4, SAM-5). */
final class ScsiText {
  private static final String[] SENSE_KEYS = {
    "NO SENSE",
    "RECOVERED ERROR",
    "NOT READY",
    "MEDIUM ERROR",
    "HARDWARE ERROR",
    "ILLEGAL REQUEST",
    "UNIT ATTENTION",
    "DATA PROTECT",
    "BLANK CHECK",
    "VENDOR SPECIFIC",
    "COPY ABORTED",
    "ABORTED COMMAND",
    "RESERVED",
    "VOLUME OVERFLOW",
    "MISCOMPARE",
    "COMPLETED"
  };

  private ScsiText() {}

  /**
   * Appends the name of a command and, where it has them, its block address and number of blocks.
   */
  static void cdb(MemorySegment seg, long at, StringBuilder line) {
    int opcode = Wire.u8(seg, at);
    line.append(commandName(opcode, Wire.u8(seg, at + 1) & 0x1F));
    switch (opcode) {
      case 0x12 -> {
        if ((Wire.u8(seg, at + 1) & 1) != 0) {
          line.append(String.format(" page=%02x", Wire.u8(seg, at + 2)));
        }
      }
      case 0x1A, 0x5A -> line.append(String.format(" page=%02x", Wire.u8(seg, at + 2) & 0x3F));
      case 0x08, 0x0A -> {
        int blocks = Wire.u8(seg, at + 4);
        blocks(Wire.u24(seg, at + 1) & 0x1F_FFFF, blocks == 0 ? 256 : blocks, line);
      }
      case 0x28, 0x2A, 0x2E, 0x2F, 0x35, 0x41 ->
          blocks(Wire.u32AsLong(seg, at + 2), Wire.u16(seg, at + 7), line);
      case 0xA8, 0xAA -> blocks(Wire.u32AsLong(seg, at + 2), Wire.u32AsLong(seg, at + 6), line);
      case 0x88, 0x8A, 0x8E, 0x8F, 0x91, 0x93 ->
          blocks(Wire.u64(seg, at + 2), Wire.u32AsLong(seg, at + 10), line);
      case 0x89 -> blocks(Wire.u64(seg, at + 2), Wire.u8(seg, at + 13), line);
      default -> {
        // The CDB's bytes follow in the line.
      }
    }
  }

  private static void blocks(long address, long count, StringBuilder line) {
    line.append(" lba=").append(Long.toUnsignedString(address)).append(" blocks=").append(count);
  }

  private static String commandName(int opcode, int serviceAction) {
    return switch (opcode) {
      case 0x00 -> "TEST_UNIT_READY";
      case 0x03 -> "REQUEST_SENSE";
      case 0x08 -> "READ(6)";
      case 0x0A -> "WRITE(6)";
      case 0x12 -> "INQUIRY";
      case 0x15 -> "MODE_SELECT(6)";
      case 0x16 -> "RESERVE(6)";
      case 0x17 -> "RELEASE(6)";
      case 0x1A -> "MODE_SENSE(6)";
      case 0x1B -> "START_STOP_UNIT";
      case 0x1D -> "SEND_DIAGNOSTIC";
      case 0x1E -> "PREVENT_ALLOW_REMOVAL";
      case 0x25 -> "READ_CAPACITY(10)";
      case 0x28 -> "READ(10)";
      case 0x2A -> "WRITE(10)";
      case 0x2E -> "WRITE_AND_VERIFY(10)";
      case 0x2F -> "VERIFY(10)";
      case 0x35 -> "SYNCHRONIZE_CACHE(10)";
      case 0x3B -> "WRITE_BUFFER";
      case 0x3C -> "READ_BUFFER";
      case 0x41 -> "WRITE_SAME(10)";
      case 0x42 -> "UNMAP";
      case 0x4D -> "LOG_SENSE";
      case 0x55 -> "MODE_SELECT(10)";
      case 0x5A -> "MODE_SENSE(10)";
      case 0x5E -> "PERSISTENT_RESERVE_IN";
      case 0x5F -> "PERSISTENT_RESERVE_OUT";
      case 0x7F -> "VARIABLE_LENGTH";
      case 0x83 -> "EXTENDED_COPY";
      case 0x84 -> "RECEIVE_COPY_RESULTS";
      case 0x88 -> "READ(16)";
      case 0x89 -> "COMPARE_AND_WRITE";
      case 0x8A -> "WRITE(16)";
      case 0x8E -> "WRITE_AND_VERIFY(16)";
      case 0x8F -> "VERIFY(16)";
      case 0x91 -> "SYNCHRONIZE_CACHE(16)";
      case 0x93 -> "WRITE_SAME(16)";
      case 0x9E -> serviceActionIn(serviceAction);
      case 0xA0 -> "REPORT_LUNS";
      case 0xA3 -> maintenanceIn(serviceAction);
      case 0xA8 -> "READ(12)";
      case 0xAA -> "WRITE(12)";
      default -> String.format("command_%02x", opcode);
    };
  }

  private static String serviceActionIn(int serviceAction) {
    return switch (serviceAction) {
      case 0x10 -> "READ_CAPACITY(16)";
      case 0x12 -> "GET_LBA_STATUS";
      default -> String.format("SERVICE_ACTION_IN(16)/%02x", serviceAction);
    };
  }

  private static String maintenanceIn(int serviceAction) {
    return switch (serviceAction) {
      case 0x0A -> "REPORT_TARGET_PORT_GROUPS";
      case 0x0C -> "REPORT_SUPPORTED_OPERATION_CODES";
      default -> String.format("MAINTENANCE_IN/%02x", serviceAction);
    };
  }

  /** A status in words. */
  static String status(int status) {
    return switch (status) {
      case 0x00 -> "GOOD";
      case 0x02 -> "CHECK_CONDITION";
      case 0x04 -> "CONDITION_MET";
      case 0x08 -> "BUSY";
      case 0x18 -> "RESERVATION_CONFLICT";
      case 0x28 -> "TASK_SET_FULL";
      case 0x30 -> "ACA_ACTIVE";
      case 0x40 -> "TASK_ABORTED";
      default -> String.format("status_%02x", status);
    };
  }

  /**
   * Appends key and additional code of sense data in fixed or descriptor format; nothing for none.
   */
  static void sense(MemorySegment seg, long at, long length, StringBuilder line) {
    if (length < 1) {
      return;
    }
    int format = Wire.u8(seg, at) & 0x7F;
    boolean fixed = format == 0x70 || format == 0x71;
    boolean descriptor = format == 0x72 || format == 0x73;
    if ((fixed && length >= 14) || (descriptor && length >= 4)) {
      int key = Wire.u8(seg, at + (fixed ? 2 : 1)) & 0xF;
      int code = Wire.u16(seg, at + (fixed ? 12 : 2));
      line.append(" sense=").append(SENSE_KEYS[key]).append(": ").append(additional(code));
    } else {
      line.append(" sense=").append(Names.hex(seg, at, Math.min(length, 18)));
    }
  }

  private static String additional(int code) {
    String words =
        switch (code) {
          case 0x0000 -> "no additional information";
          case 0x0401 -> "becoming ready";
          case 0x0C00 -> "write error";
          case 0x1100 -> "unrecovered read error";
          case 0x1A00 -> "parameter list length error";
          case 0x1D00 -> "miscompare during verify";
          case 0x2000 -> "invalid command operation code";
          case 0x2100 -> "logical block address out of range";
          case 0x2400 -> "invalid field in CDB";
          case 0x2500 -> "logical unit not supported";
          case 0x2600 -> "invalid field in parameter list";
          case 0x2700 -> "write protected";
          case 0x2900 -> "power on, reset, or bus device reset occurred";
          case 0x2A01 -> "mode parameters changed";
          case 0x2F00 -> "commands cleared by another initiator";
          case 0x3900 -> "saving parameters not supported";
          case 0x3A00 -> "medium not present";
          case 0x3F0E -> "reported LUNs data has changed";
          case 0x4400 -> "internal target failure";
          case 0x4700 -> "SCSI parity error";
          case 0x4B00 -> "data phase error";
          default -> "";
        };
    String hex = String.format("%02x/%02x", code >>> 8, code & 0xFF);
    return words.isEmpty() ? hex : hex + " (" + words + ")";
  }
}
