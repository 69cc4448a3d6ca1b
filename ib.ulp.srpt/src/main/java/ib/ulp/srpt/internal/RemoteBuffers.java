// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.srp.SrpBufferFormat;
import ib.srp.SrpCmd;
import ib.srp.SrpDirectBuf;
import ib.srp.SrpIndirectBuf;
import java.lang.foreign.MemorySegment;

/** The initiator's memory for one command, out of its descriptors. Reused; worker thread only. */
final class RemoteBuffers {
  private static final int MAX = 255;

  private final long[] address = new long[MAX];
  private final int[] key = new int[MAX];
  private final long[] length = new long[MAX];
  private int count;
  private long totalBytes;

  /**
   * Reads the descriptors of one direction out of a checked SRP_CMD; false if their table is not
   * wholly in the IU.
   */
  boolean read(MemorySegment iu, long offset, boolean dataOut) {
    count = 0;
    totalBytes = 0;
    int format = dataOut ? SrpCmd.outFormat(iu, offset) : SrpCmd.inFormat(iu, offset);
    long at = dataOut ? SrpCmd.outDescriptor(iu, offset) : SrpCmd.inDescriptor(iu, offset);
    if (format == SrpBufferFormat.NONE) {
      return true;
    }
    if (format == SrpBufferFormat.DIRECT) {
      add(iu, at);
      return true;
    }
    if (format != SrpBufferFormat.INDIRECT) {
      return false;
    }
    int entries = dataOut ? SrpCmd.outCount(iu, offset) : SrpCmd.inCount(iu, offset);
    if (entries != SrpIndirectBuf.tableEntries(iu, at)) {
      return false;
    }
    for (int i = 0; i < entries; i++) {
      add(iu, SrpIndirectBuf.entry(at, i));
    }
    return true;
  }

  private void add(MemorySegment iu, long at) {
    address[count] = SrpDirectBuf.va(iu, at);
    key[count] = SrpDirectBuf.key(iu, at);
    length[count] = SrpDirectBuf.length(iu, at);
    totalBytes += length[count];
    count++;
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
