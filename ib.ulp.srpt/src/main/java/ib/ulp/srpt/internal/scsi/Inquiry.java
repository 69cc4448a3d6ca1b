// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal.scsi;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * INQUIRY: standard data and the vital product data pages that an operating system asks for (SPC-4,
 * 6.6 and 7.8; SBC-3, 6.5).
 */
final class Inquiry {
  private static final String VENDOR = "OPENHCA ";
  private static final String PRODUCT = "SRP DISK        ";
  private static final String REVISION = "1.0 ";
  private static final int NOT_PRESENT = 0x7F;

  private final String serial;
  private final int blockSize;
  private final int maxTransferBlocks;

  Inquiry(String serial, int blockSize, int maxTransferBlocks) {
    this.serial = serial;
    this.blockSize = blockSize;
    this.maxTransferBlocks = maxTransferBlocks;
  }

  /** INQUIRY of a logical unit that is there. */
  void execute(ScsiTask task) {
    boolean vital = (task.u8(1) & 1) != 0;
    int page = task.u8(2);
    if (!vital && page != 0) {
      task.fail(Sense.INVALID_FIELD);
      return;
    }
    ByteBuffer out = task.reply();
    if (!vital) {
      standard(out, 0);
    } else if (!vitalPage(out, page)) {
      task.fail(Sense.INVALID_FIELD);
      return;
    }
    task.replyUpTo(task.u16(3));
  }

  /**
   * INQUIRY of a LUN without a logical unit: answered, with the qualifier that says so (SPC-4,
   * 6.6.2).
   */
  static void notPresent(ScsiTask task) {
    if ((task.u8(1) & 1) != 0) {
      task.fail(Sense.LUN_NOT_SUPPORTED);
      return;
    }
    standard(task.reply(), NOT_PRESENT);
    task.replyUpTo(task.u16(3));
  }

  private static void standard(ByteBuffer out, int peripheral) {
    out.put((byte) peripheral);
    out.put((byte) 0);
    out.put((byte) 0x06); // SPC-4
    out.put((byte) 0x12); // HISUP, response data format 2
    out.put((byte) (96 - 5));
    out.put((byte) 0);
    out.put((byte) 0);
    out.put((byte) 0x02); // CMDQUE
    text(out, VENDOR + PRODUCT + REVISION);
    while (out.position() < 58) {
      out.put((byte) 0);
    }
    out.putShort((short) 0x00A0); // SAM-5
    out.putShort((short) 0x0940); // SRP
    out.putShort((short) 0x0460); // SPC-4
    out.putShort((short) 0x04C0); // SBC-3
    while (out.position() < 96) {
      out.put((byte) 0);
    }
  }

  private boolean vitalPage(ByteBuffer out, int page) {
    out.put((byte) 0);
    out.put((byte) page);
    out.putShort((short) 0);
    switch (page) {
      case 0x00 ->
          out.put(
              new byte[] {0x00, (byte) 0x80, (byte) 0x83, (byte) 0xB0, (byte) 0xB1, (byte) 0xB2});
      case 0x80 -> text(out, serial);
      case 0x83 -> identification(out);
      case 0xB0 -> blockLimits(out);
      case 0xB1 -> {
        out.putShort((short) 1); // medium rotation rate: not rotating
        zeros(out, 58);
      }
      case 0xB2 -> zeros(out, 4); // fully provisioned
      default -> {
        return false;
      }
    }
    out.putShort(2, (short) (out.position() - 4));
    return true;
  }

  private void identification(ByteBuffer out) {
    String designator = VENDOR + serial;
    out.put((byte) 0x02); // ASCII
    out.put((byte) 0x01); // T10 vendor id, of the logical unit
    out.put((byte) 0);
    out.put((byte) designator.length());
    text(out, designator);
    out.put((byte) 0x01); // binary
    out.put((byte) 0x03); // NAA
    out.put((byte) 0);
    out.put((byte) 8);
    // NAA 3h: locally assigned (SPC-4, 7.8.6.6.4)
    out.putLong(0x3000_0000_0000_0000L | (fingerprint(serial) & 0x0FFF_FFFF_FFFF_FFFFL));
  }

  private void blockLimits(ByteBuffer out) {
    out.put((byte) 0);
    out.put((byte) 0);
    out.putShort((short) Math.max(1, 4096 / blockSize)); // optimal granularity
    out.putInt(maxTransferBlocks);
    out.putInt(maxTransferBlocks);
    zeros(out, 48);
  }

  /** FNV-1a: stable across restarts, so that an OS recognises the disk. */
  private static long fingerprint(String text) {
    long hash = 0xCBF2_9CE4_8422_2325L;
    for (byte b : text.getBytes(StandardCharsets.US_ASCII)) {
      hash = (hash ^ (b & 0xFF)) * 0x100_0000_01B3L;
    }
    return hash;
  }

  private static void text(ByteBuffer out, String text) {
    out.put(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static void zeros(ByteBuffer out, int count) {
    out.put(new byte[count]);
  }
}
