// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.format;

/**
 * A work queue entry ({@code struct ehca_wqe}): wr_id, operation, flags and number of data
 * segments, 64 bytes in all, then data segments of 16 bytes. Entries are powers of two, so none
 * crosses a page.
 */
public final class Wqe {
  /** wr_id, 8 bytes. */
  public static final int WORK_REQUEST_ID = 0;

  /** Operation, 1 byte. */
  public static final int OPERATION = 8;

  /** Flags, 1 byte. */
  public static final int FLAGS = 9;

  /** Number of data segments, 1 byte. */
  public static final int SEGMENTS = 10;

  /** Immediate data, 4 bytes. */
  public static final int IMMEDIATE = 12;

  /** Remote address of an RDMA operation, 8 bytes. */
  public static final int REMOTE_ADDRESS = 16;

  /** Remote key, 4 bytes. */
  public static final int RKEY = 24;

  /** Queue pair of a datagram, 4 bytes. */
  public static final int REMOTE_QPN = 28;

  /** Q_Key of a datagram, 4 bytes. */
  public static final int REMOTE_QKEY = 32;

  /** Destination GID of a datagram, 16 bytes. */
  public static final int DESTINATION_GID = 40;

  /** Key to make invalid; type of a FLUSH; 4 bytes in the place of the immediate data. */
  public static final int ARGUMENT = IMMEDIATE;

  /** Local operations: first byte, 8 bytes. */
  public static final int LOCAL_ADDRESS = REMOTE_ADDRESS;

  /** Local operations: new lkey of a region, or key of a window so far, 4 bytes. */
  public static final int KEY = RKEY;

  /** Local operations: new rkey, 4 bytes. */
  public static final int NEW_KEY = 28;

  /** Local operations: lkey of the region of a window, 4 bytes. */
  public static final int REGION_KEY = 32;

  /** Local operations: rights, 4 bytes. */
  public static final int ACCESS = 36;

  /** Local operations and FLUSH: bytes, 8 bytes. */
  public static final int LENGTH = 40;

  /** Bytes before the data segments. */
  public static final int HEADER_BYTES = 64;

  /** Bytes of a data segment. */
  public static final int SEGMENT_BYTES = 16;

  /** In a data segment: virtual address, 8 bytes. */
  public static final int SEGMENT_ADDRESS = 0;

  /** In a data segment: lkey, 4 bytes. */
  public static final int SEGMENT_LKEY = 8;

  /** In a data segment: length, 4 bytes. */
  public static final int SEGMENT_LENGTH = 12;

  /** Operation SEND. */
  public static final int SEND = 0x80;

  /** Operation RDMA READ. */
  public static final int RDMA_READ = 0x40;

  /** Operation RDMA WRITE. */
  public static final int RDMA_WRITE = 0x20;

  /** Operation BIND of a memory window. */
  public static final int BIND = 0x04;

  /** Operation invalidation of a key (a later adapter's). */
  public static final int LOCAL_INVALIDATE = 0x02;

  /** Operation fast registration (a later adapter's). */
  public static final int REGISTER = 0x01;

  /** Operation FLUSH (a later adapter's). */
  public static final int FLUSH = 0x03;

  /** Flag: the receiver is to make a key invalid. */
  public static final int INVALIDATES = 0x20;

  /** Flag: completion on success. */
  public static final int SIGNALED = 0x08;

  /** Flag: solicited event. */
  public static final int SOLICITED = 0x02;

  /** Flag: wait for READs. */
  public static final int FENCE = 0x04;

  /** Flag: the operation carries immediate data. */
  public static final int HAS_IMMEDIATE = 0x10;

  private Wqe() {}

  /**
   * Bytes of an entry.
   *
   * @param segments most data segments
   * @return a power of two
   */
  public static int entryBytes(int segments) {
    return Memory.powerOfTwo(HEADER_BYTES + segments * SEGMENT_BYTES);
  }
}
