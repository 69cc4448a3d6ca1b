// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.srp.SrpBufferFormat;
import ib.srp.SrpCmd;
import ib.srp.SrpDirectBuf;
import ib.srp.SrpIndirectBuf;
import java.lang.foreign.MemorySegment;

/** The initiator's memory for one command, out of its descriptors. Reused; not thread-safe. */
final class RemoteBuffers {
  /** Most entries of a table: what Linux calls {@code sg_tablesize} goes up to this. */
  static final int MAX_ENTRIES = 2048;

  private final long[] address = new long[MAX_ENTRIES];
  private final int[] key = new int[MAX_ENTRIES];
  private final long[] length = new long[MAX_ENTRIES];
  private int count;
  private long totalBytes;

  /** Bytes that a checked SRP_CMD offers in one direction. */
  static long offeredBytes(MemorySegment iu, long offset, boolean dataOut) {
    long at = descriptor(iu, offset, dataOut);
    return switch (format(iu, offset, dataOut)) {
      case SrpBufferFormat.DIRECT -> SrpDirectBuf.length(iu, at);
      case SrpBufferFormat.INDIRECT -> SrpIndirectBuf.totalLength(iu, at);
      default -> 0;
    };
  }

  /**
   * Entries of a table that is not wholly in the IU, so that it must be fetched from the
   * initiator's memory; 0 if there is nothing to fetch.
   */
  static long externalEntries(MemorySegment iu, long offset, boolean dataOut) {
    if (format(iu, offset, dataOut) != SrpBufferFormat.INDIRECT) {
      return 0;
    }
    long entries = SrpIndirectBuf.tableEntries(iu, descriptor(iu, offset, dataOut));
    return listed(iu, offset, dataOut) == entries ? 0 : entries;
  }

  /** Where the descriptor of one direction begins. */
  static long descriptor(MemorySegment iu, long offset, boolean dataOut) {
    return dataOut ? SrpCmd.outDescriptor(iu, offset) : SrpCmd.inDescriptor(iu, offset);
  }

  private static int format(MemorySegment iu, long offset, boolean dataOut) {
    return dataOut ? SrpCmd.outFormat(iu, offset) : SrpCmd.inFormat(iu, offset);
  }

  private static int listed(MemorySegment iu, long offset, boolean dataOut) {
    return dataOut ? SrpCmd.outCount(iu, offset) : SrpCmd.inCount(iu, offset);
  }

  /** Reads the descriptors of one direction out of a checked SRP_CMD that has them all. */
  void read(MemorySegment iu, long offset, boolean dataOut) {
    long at = descriptor(iu, offset, dataOut);
    switch (format(iu, offset, dataOut)) {
      case SrpBufferFormat.DIRECT -> readTable(iu, at, 1);
      case SrpBufferFormat.INDIRECT ->
          readTable(iu, SrpIndirectBuf.entry(at, 0), listed(iu, offset, dataOut));
      default -> readTable(iu, at, 0);
    }
  }

  /** Reads a table of at most {@link #MAX_ENTRIES}. */
  void readTable(MemorySegment table, long offset, int entries) {
    totalBytes = 0;
    for (count = 0; count < entries; count++) {
      long at = offset + (long) count * SrpDirectBuf.LENGTH;
      address[count] = SrpDirectBuf.va(table, at);
      key[count] = SrpDirectBuf.key(table, at);
      length[count] = SrpDirectBuf.length(table, at);
      totalBytes += length[count];
    }
  }

  int count() {
    return count;
  }

  long address(int i) {
    return address[i];
  }

  int key(int i) {
    return key[i];
  }

  long length(int i) {
    return length[i];
  }

  long totalBytes() {
    return totalBytes;
  }
}
