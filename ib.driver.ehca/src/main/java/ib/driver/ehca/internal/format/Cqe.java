// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.format;

/**
 * A completion queue entry ({@code struct ehca_cqe}), 64 bytes; the last word makes it valid and is
 * written last.
 */
public final class Cqe {
  /** wr_id, 8 bytes. */
  public static final int WORK_REQUEST_ID = 0;

  /** Operation as number of a {@code WcOpcode}, 1 byte. */
  public static final int OPERATION = 8;

  /** Flags, 1 byte: {@link #HAS_IMMEDIATE}, {@link #IS_RECEIVE}. */
  public static final int FLAGS = 9;

  /** Status, 1 byte: the code of {@code ibv_wc_status}. */
  public static final int STATUS = 10;

  /** Bytes moved, 4 bytes. */
  public static final int BYTES = 12;

  /** Immediate data, or the key that the sender made invalid, 4 bytes. */
  public static final int IMMEDIATE = 16;

  /** Local queue pair, 4 bytes. */
  public static final int LOCAL_QPN = 20;

  /** Remote queue pair of a datagram, 4 bytes. */
  public static final int REMOTE_QPN = 24;

  /** Position of the work queue entry, counted from the making of the queue, 8 bytes. */
  public static final int POSITION = 32;

  /** Token of the shared receive queue that the entry came from, 4 bytes. */
  public static final int SRQ_TOKEN = 28;

  /** Valid word, 4 bytes: its lowest bit is 1 in the first turn of the ring, then 0, and so on. */
  public static final int VALID = 60;

  /** Bytes of an entry. */
  public static final int BYTES_PER_ENTRY = 64;

  /** Flag: immediate data is valid. */
  public static final int HAS_IMMEDIATE = 0x10;

  /** Flag: the sender made a key invalid. */
  public static final int HAS_INVALIDATED = 0x20;

  /** Flag: of the receive queue. */
  public static final int IS_RECEIVE = 0x01;

  /** Flag: of a shared receive queue, whose position and token it has. */
  public static final int FROM_SRQ = 0x02;

  private Cqe() {}
}
