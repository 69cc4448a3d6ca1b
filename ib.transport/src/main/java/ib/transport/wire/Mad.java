// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.lang.foreign.MemorySegment;

/**
 * Management datagram header, 24 bytes of 256 (specification 13.4.2), and the queue pair that
 * receives it.
 */
public final class Mad {
  /** Length of every MAD in bytes. */
  public static final int LENGTH = 256;

  /** Length of the header in bytes; the class's own fields begin here. */
  public static final int HEADER_LENGTH = 24;

  /** The queue pair number of the general services interface. */
  public static final int GSI_QPN = 1;

  /** The Q_Key of the general services interface. */
  public static final int GSI_QKEY = 0x8001_0000;

  /** The Q_Key of UD queue pairs that the RDMA CM sets up. */
  public static final int RDMA_CM_UDP_QKEY = 0x0123_4567;

  /** Base version. */
  public static final int VERSION = 1;

  /** Management class of the connection manager. */
  public static final int CLASS_CM = 0x07;

  /** Class version of the connection manager. */
  public static final int CM_CLASS_VERSION = 2;

  /** Method of all CM messages. */
  public static final int METHOD_SEND = 0x03;

  /** All fields of the header. */
  public static final MadLayout LAYOUT = new MadLayout("MAD", 0, 0);

  /** Version of the header, 1. */
  public static final MadField BASE_VERSION = LAYOUT.field("base version", 0, 0, 8);

  /** Management class; the connection manager's is {@link #CLASS_CM}. */
  public static final MadField MANAGEMENT_CLASS = LAYOUT.field("management class", 1, 0, 8);

  /** Version of the class; the connection manager's is 2. */
  public static final MadField CLASS_VERSION = LAYOUT.field("class version", 2, 0, 8);

  /** Method; CM messages use {@link #METHOD_SEND}. */
  public static final MadField METHOD = LAYOUT.field("method", 3, 0, 8);

  /** Status of a response. */
  public static final MadField STATUS = LAYOUT.field("status", 4, 0, 16);

  /** Used by some classes. */
  public static final MadField CLASS_SPECIFIC = LAYOUT.field("class specific", 6, 0, 16);

  /** Joins requests and responses; opaque. */
  public static final MadField TRANSACTION_ID = LAYOUT.field("transaction id", 8, 0, 64);

  /** The kind of message, see {@link CmMessage}. */
  public static final MadField ATTRIBUTE_ID = LAYOUT.field("attribute id", 16, 0, 16);

  /** Used by some attributes. */
  public static final MadField ATTRIBUTE_MODIFIER = LAYOUT.field("attribute modifier", 20, 0, 32);

  private Mad() {}

  /**
   * Clears a whole MAD and writes the header of a CM message.
   *
   * @param attributeId one of {@link CmMessage}
   * @param transactionId as {@link #TRANSACTION_ID}
   */
  public static void writeCm(MemorySegment seg, long off, int attributeId, long transactionId) {
    seg.asSlice(off, LENGTH).fill((byte) 0);
    BASE_VERSION.set(seg, off, VERSION);
    MANAGEMENT_CLASS.set(seg, off, CLASS_CM);
    CLASS_VERSION.set(seg, off, CM_CLASS_VERSION);
    METHOD.set(seg, off, METHOD_SEND);
    TRANSACTION_ID.set(seg, off, transactionId);
    ATTRIBUTE_ID.set(seg, off, attributeId);
  }

  /**
   * Whether {@code length} bytes at {@code off} are a CM message: size, versions, class and method.
   */
  public static boolean isCm(MemorySegment seg, long off, long length) {
    return length >= LENGTH
        && BASE_VERSION.get(seg, off) == VERSION
        && MANAGEMENT_CLASS.get(seg, off) == CLASS_CM
        && CLASS_VERSION.get(seg, off) == CM_CLASS_VERSION
        && METHOD.get(seg, off) == METHOD_SEND;
  }
}
