// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

/** Message receipt acknowledgement: the answer takes longer (specification 12.6.6). */
public final class CmMra {
  /** All fields of this message. */
  public static final MadLayout LAYOUT = new MadLayout("MRA", CmMessage.MRA, Mad.HEADER_LENGTH);

  /** The sender's communication id. */
  public static final MadField LOCAL_COMM_ID = LAYOUT.field("local comm id", 0, 0, 32);

  /** The receiver's communication id. */
  public static final MadField REMOTE_COMM_ID = LAYOUT.field("remote comm id", 4, 0, 32);

  /** What was received: 0 REQ, 1 REP, 2 LAP. */
  public static final MadField MESSAGE = LAYOUT.field("message", 8, 0, 2);

  /** How much longer the answer takes, a {@link TimeoutCode}. */
  public static final MadField SERVICE_TIMEOUT = LAYOUT.field("service timeout", 9, 0, 5);

  /** Private data. */
  public static final MadBytes PRIVATE_DATA = LAYOUT.bytes("private data", 10, 222);

  private CmMra() {}
}
