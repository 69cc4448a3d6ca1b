// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.block.BlockOperation;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Command descriptor blocks (SPC-4, SBC-3), written where 16 zero bytes are. */
final class Cdb {
  static final int TEST_UNIT_READY = 0x00;
  static final int INQUIRY = 0x12;
  static final int READ_CAPACITY_10 = 0x25;
  static final int READ_10 = 0x28;
  static final int WRITE_10 = 0x2A;
  static final int SYNCHRONIZE_CACHE_10 = 0x35;
  static final int UNMAP = 0x42;
  static final int READ_16 = 0x88;
  static final int WRITE_16 = 0x8A;
  static final int SERVICE_ACTION_IN_16 = 0x9E;
  static final int READ_CAPACITY_16 = 0x10;

  /** Length of the parameter list of an UNMAP with one descriptor (SBC-3 5.28). */
  static final int UNMAP_LIST_BYTES = 24;

  private static final long MAX_LBA_10 = 0xFFFF_FFFFL;
  private static final int MAX_BLOCKS_10 = 0xFFFF;
  private static final ValueLayout.OfShort U16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private Cdb() {}

  /**
   * Writes the command of a block operation: 10 bytes where they hold address and count, else 16.
   */
  static void writeBlockCommand(
      MemorySegment seg, long at, BlockOperation operation, long lba, int blocks) {
    switch (operation) {
      case READ -> writeTransfer(seg, at, READ_10, READ_16, lba, blocks);
      case WRITE -> writeTransfer(seg, at, WRITE_10, WRITE_16, lba, blocks);
      // Address 0 and count 0: the whole disk.
      case FLUSH -> opcode(seg, at, SYNCHRONIZE_CACHE_10);
      case DISCARD -> {
        opcode(seg, at, UNMAP);
        seg.set(U16, at + 7, (short) UNMAP_LIST_BYTES);
      }
    }
  }

  /** Writes the parameter list of an UNMAP of one range. */
  static void writeUnmapList(MemorySegment seg, long at, long lba, int blocks) {
    seg.asSlice(at, UNMAP_LIST_BYTES).fill((byte) 0);
    seg.set(U16, at, (short) (UNMAP_LIST_BYTES - 2));
    seg.set(U16, at + 2, (short) (UNMAP_LIST_BYTES - 8));
    seg.set(U64, at + 8, lba);
    seg.set(U32, at + 16, blocks);
  }

  static byte[] testUnitReady() {
    return new byte[6];
  }

  static byte[] inquiry(int allocationLength) {
    return new byte[] {INQUIRY, 0, 0, (byte) (allocationLength >> 8), (byte) allocationLength, 0};
  }

  static byte[] readCapacity10() {
    byte[] cdb = new byte[10];
    cdb[0] = READ_CAPACITY_10;
    return cdb;
  }

  static byte[] readCapacity16(int allocationLength) {
    byte[] cdb = new byte[16];
    cdb[0] = (byte) SERVICE_ACTION_IN_16;
    cdb[1] = READ_CAPACITY_16;
    MemorySegment.ofArray(cdb).set(U32, 10, allocationLength);
    return cdb;
  }

  static int u32(byte[] data, int at) {
    return MemorySegment.ofArray(data).get(U32, at);
  }

  static long u64(byte[] data, int at) {
    return MemorySegment.ofArray(data).get(U64, at);
  }

  private static void writeTransfer(
      MemorySegment seg, long at, int ten, int sixteen, long lba, int blocks) {
    if (lba + blocks - 1 <= MAX_LBA_10 && blocks <= MAX_BLOCKS_10) {
      opcode(seg, at, ten);
      seg.set(U32, at + 2, (int) lba);
      seg.set(U16, at + 7, (short) blocks);
    } else {
      opcode(seg, at, sixteen);
      seg.set(U64, at + 2, lba);
      seg.set(U32, at + 10, blocks);
    }
  }

  private static void opcode(MemorySegment seg, long at, int value) {
    seg.set(ValueLayout.JAVA_BYTE, at, (byte) value);
  }
}
