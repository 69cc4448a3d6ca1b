// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

/** Ready to use (specification 12.6.9). */
public final class CmRtu {
  /** All fields of this message. */
  public static final MadLayout LAYOUT = new MadLayout("RTU", CmMessage.RTU, Mad.HEADER_LENGTH);

  /** The sender's communication id. */
  public static final MadField LOCAL_COMM_ID = LAYOUT.field("local comm id", 0, 0, 32);

  /** The receiver's communication id. */
  public static final MadField REMOTE_COMM_ID = LAYOUT.field("remote comm id", 4, 0, 32);

  /** Private data. */
  public static final MadBytes PRIVATE_DATA = LAYOUT.bytes("private data", 8, 224);

  private CmRtu() {}
}
