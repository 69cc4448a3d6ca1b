// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

/** Alternate path response (specification 12.8.2). */
public final class CmApr {
  /** All fields of this message. */
  public static final MadLayout LAYOUT = new MadLayout("APR", CmMessage.APR, Mad.HEADER_LENGTH);

  /** The sender's communication id. */
  public static final MadField LOCAL_COMM_ID = LAYOUT.field("local comm id", 0, 0, 32);

  /** The receiver's communication id. */
  public static final MadField REMOTE_COMM_ID = LAYOUT.field("remote comm id", 4, 0, 32);

  /** Valid bytes of the additional information. */
  public static final MadField INFO_LENGTH = LAYOUT.field("info length", 8, 0, 8);

  /** 0 = the path was loaded. */
  public static final MadField STATUS = LAYOUT.field("status", 9, 0, 8);

  /** Additional information. */
  public static final MadBytes INFO = LAYOUT.bytes("info", 12, 72);

  /** Private data. */
  public static final MadBytes PRIVATE_DATA = LAYOUT.bytes("private data", 84, 148);

  private CmApr() {}
}
