// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * What rping's ends SEND to each other: where a buffer is, 16 bytes, big-endian ({@code struct
 * rping_rdma_info} of librdmacm's {@code rping.c}).
 *
 * @param address of the buffer
 * @param rkey of the buffer
 * @param sizeBytes its length
 */
record RpingInfo(long address, int rkey, int sizeBytes) {
  static final int BYTES = 16;

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final long RKEY = 8;
  private static final long SIZE = 12;

  static RpingInfo read(MemorySegment segment, long offset) {
    return new RpingInfo(
        segment.get(LONG, offset),
        segment.get(INT, offset + RKEY),
        segment.get(INT, offset + SIZE));
  }

  void write(MemorySegment segment, long offset) {
    segment.set(LONG, offset, address);
    segment.set(INT, offset + RKEY, rkey);
    segment.set(INT, offset + SIZE, sizeBytes);
  }
}
