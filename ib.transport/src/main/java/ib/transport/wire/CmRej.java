// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

/** Reject (specification 12.6.7). */
public final class CmRej {
  /** All fields of this message. */
  public static final MadLayout LAYOUT = new MadLayout("REJ", CmMessage.REJ, Mad.HEADER_LENGTH);

  /** The sender's communication id. */
  public static final MadField LOCAL_COMM_ID = LAYOUT.field("local comm id", 0, 0, 32);

  /** The receiver's communication id. */
  public static final MadField REMOTE_COMM_ID = LAYOUT.field("remote comm id", 4, 0, 32);

  /** What is rejected: 0 REQ, 1 REP, 2 none. */
  public static final MadField MESSAGE = LAYOUT.field("message", 8, 0, 2);

  /** Valid bytes of the additional information. */
  public static final MadField INFO_LENGTH = LAYOUT.field("info length", 9, 0, 7);

  /** Why, see {@link RejReason}. */
  public static final MadField REASON = LAYOUT.field("reason", 10, 0, 16);

  /** Additional reject information. */
  public static final MadBytes ARI = LAYOUT.bytes("ari", 12, 72);

  /** Private data, where the reason is consumer reject. */
  public static final MadBytes PRIVATE_DATA = LAYOUT.bytes("private data", 84, 148);

  private CmRej() {}
}
