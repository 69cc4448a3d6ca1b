// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

/** Request to disconnect (specification 12.6.10). */
public final class CmDreq {
  /** All fields of this message. */
  public static final MadLayout LAYOUT = new MadLayout("DREQ", CmMessage.DREQ, Mad.HEADER_LENGTH);

  /** The sender's communication id. */
  public static final MadField LOCAL_COMM_ID = LAYOUT.field("local comm id", 0, 0, 32);

  /** The receiver's communication id. */
  public static final MadField REMOTE_COMM_ID = LAYOUT.field("remote comm id", 4, 0, 32);

  /** The receiver's queue pair number. */
  public static final MadField REMOTE_QPN = LAYOUT.field("remote qpn", 8, 0, 24);

  /** Private data. */
  public static final MadBytes PRIVATE_DATA = LAYOUT.bytes("private data", 12, 220);

  private CmDreq() {}
}
