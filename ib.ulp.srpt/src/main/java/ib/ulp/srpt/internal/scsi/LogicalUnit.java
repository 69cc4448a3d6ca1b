// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal.scsi;

import java.nio.ByteBuffer;

/**
 * A direct-access logical unit: turns a CDB into an answer or into what must be done with its
 * blocks. Does no I/O itself. One thread at a time.
 */
public final class LogicalUnit {
  private final int lun;
  private final int blockSize;
  private final int maxTransferBlocks;
  private final Backing backing;
  private final Inquiry inquiry;

  /**
   * Creates a logical unit.
   *
   * @param lun number, 0 to 16383
   * @param serial serial number, ASCII, stable across restarts
   * @param blockSize bytes, a power of two from 512
   * @param maxTransferBytes most bytes of one command
   * @param backing its bytes
   */
  public LogicalUnit(int lun, String serial, int blockSize, int maxTransferBytes, Backing backing) {
    this.lun = lun;
    this.blockSize = blockSize;
    this.maxTransferBlocks = maxTransferBytes / blockSize;
    this.backing = backing;
    this.inquiry = new Inquiry(serial, blockSize, maxTransferBlocks);
  }

  /**
   * Number.
   *
   * @return LUN
   */
  public int lun() {
    return lun;
  }

  /**
   * Block size.
   *
   * @return bytes
   */
  public int blockSize() {
    return blockSize;
  }

  /**
   * Number of blocks.
   *
   * @return count
   */
  public long blocks() {
    return backing.sizeBytes() / blockSize;
  }

  /**
   * Its bytes.
   *
   * @return backing
   */
  public Backing backing() {
    return backing;
  }

  /**
   * Decodes a command.
   *
   * @param task with its CDB filled; says afterwards what is to be done
   */
  public void decode(ScsiTask task) {
    switch (task.u8(0)) {
      case ScsiOpcode.TEST_UNIT_READY, ScsiOpcode.START_STOP_UNIT -> task.end(ScsiStatus.GOOD);
      case ScsiOpcode.REQUEST_SENSE -> requestSense(task, Sense.NONE);
      case ScsiOpcode.INQUIRY -> inquiry.execute(task);
      case ScsiOpcode.MODE_SENSE_6 -> ModePages.sense(task, false, blocks(), blockSize);
      case ScsiOpcode.MODE_SENSE_10 -> ModePages.sense(task, true, blocks(), blockSize);
      case ScsiOpcode.READ_CAPACITY_10 -> capacity10(task);
      case ScsiOpcode.SERVICE_ACTION_IN_16 -> capacity16(task);
      case ScsiOpcode.READ_6, ScsiOpcode.WRITE_6 -> sixByteTransfer(task);
      case ScsiOpcode.READ_10 -> transfer(task, false, task.u32(2), task.u16(7), false);
      case ScsiOpcode.WRITE_10 -> transfer(task, true, task.u32(2), task.u16(7), fua(task));
      case ScsiOpcode.READ_12 -> transfer(task, false, task.u32(2), task.u32(6), false);
      case ScsiOpcode.WRITE_12 -> transfer(task, true, task.u32(2), task.u32(6), fua(task));
      case ScsiOpcode.READ_16 -> transfer(task, false, task.u64(2), task.u32(10), false);
      case ScsiOpcode.WRITE_16 -> transfer(task, true, task.u64(2), task.u32(10), fua(task));
      case ScsiOpcode.VERIFY_10 -> verify(task, task.u32(2), task.u16(7));
      case ScsiOpcode.VERIFY_16 -> verify(task, task.u64(2), task.u32(10));
      case ScsiOpcode.SYNCHRONIZE_CACHE_10 -> flush(task, task.u32(2), task.u16(7));
      case ScsiOpcode.SYNCHRONIZE_CACHE_16 -> flush(task, task.u64(2), task.u32(10));
      default -> task.fail(Sense.INVALID_OPCODE);
    }
  }

  /** REQUEST SENSE with what there is to report; descriptor format is not offered. */
  static void requestSense(ScsiTask task, Sense what) {
    if ((task.u8(1) & 1) != 0) {
      task.fail(Sense.INVALID_FIELD);
      return;
    }
    byte[] sense = new byte[Sense.FIXED_BYTES];
    what.write(sense, 0);
    task.reply().put(sense);
    task.replyUpTo(task.u8(4));
  }

  private static boolean fua(ScsiTask task) {
    return (task.u8(1) & 0x08) != 0;
  }

  private void sixByteTransfer(ScsiTask task) {
    long lba = (long) (task.u8(1) & 0x1F) << 16 | task.u16(2);
    int count = task.u8(4) == 0 ? 256 : task.u8(4);
    transfer(task, task.u8(0) == ScsiOpcode.WRITE_6, lba, count, false);
  }

  private void transfer(ScsiTask task, boolean write, long lba, long count, boolean fua) {
    // Protection information is not offered (SBC-3: RDPROTECT and WRPROTECT must be 0).
    if (task.u8(0) != ScsiOpcode.READ_6
        && task.u8(0) != ScsiOpcode.WRITE_6
        && task.u8(1) >> 5 != 0) {
      task.fail(Sense.INVALID_FIELD);
    } else if (outOfRange(lba, count)) {
      task.fail(Sense.LBA_OUT_OF_RANGE);
    } else if (count > maxTransferBlocks) {
      task.fail(Sense.INVALID_FIELD);
    } else if (count == 0) {
      task.end(ScsiStatus.GOOD);
    } else {
      task.transfer(write, lba * blockSize, count * blockSize, fua);
    }
  }

  private void verify(ScsiTask task, long lba, long count) {
    if ((task.u8(1) & 0x06) != 0) { // BYTCHK: comparing with sent data is not offered
      task.fail(Sense.INVALID_FIELD);
    } else if (outOfRange(lba, count)) {
      task.fail(Sense.LBA_OUT_OF_RANGE);
    } else {
      task.end(ScsiStatus.GOOD);
    }
  }

  private void flush(ScsiTask task, long lba, long count) {
    if (outOfRange(lba, count)) {
      task.fail(Sense.LBA_OUT_OF_RANGE);
    } else {
      task.flush();
    }
  }

  private boolean outOfRange(long lba, long count) {
    return lba < 0 || lba > blocks() || count > blocks() - lba;
  }

  private void capacity10(ScsiTask task) {
    ByteBuffer out = task.reply();
    out.putInt((int) Math.min(blocks() - 1, 0xFFFF_FFFFL));
    out.putInt(blockSize);
    task.replyUpTo(8);
  }

  private void capacity16(ScsiTask task) {
    if ((task.u8(1) & 0x1F) != ScsiOpcode.READ_CAPACITY_16_ACTION) {
      task.fail(Sense.INVALID_FIELD);
      return;
    }
    ByteBuffer out = task.reply();
    out.putLong(blocks() - 1);
    out.putInt(blockSize);
    out.put(new byte[20]);
    task.replyUpTo(task.u32(10));
  }
}
