// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

/** Reply to a request to disconnect (specification 12.6.11). */
public final class CmDrep {
  /** All fields of this message. */
  public static final MadLayout LAYOUT = new MadLayout("DREP", CmMessage.DREP, Mad.HEADER_LENGTH);

  /** The sender's communication id. */
  public static final MadField LOCAL_COMM_ID = LAYOUT.field("local comm id", 0, 0, 32);

  /** The receiver's communication id. */
  public static final MadField REMOTE_COMM_ID = LAYOUT.field("remote comm id", 4, 0, 32);

  /** Private data. */
  public static final MadBytes PRIVATE_DATA = LAYOUT.bytes("private data", 8, 224);

  private CmDrep() {}
}
