// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

/** Load alternate path (specification 12.8.1). */
public final class CmLap {
  /** All fields of this message. */
  public static final MadLayout LAYOUT = new MadLayout("LAP", CmMessage.LAP, Mad.HEADER_LENGTH);

  /** The sender's communication id. */
  public static final MadField LOCAL_COMM_ID = LAYOUT.field("local comm id", 0, 0, 32);

  /** The receiver's communication id. */
  public static final MadField REMOTE_COMM_ID = LAYOUT.field("remote comm id", 4, 0, 32);

  /** The receiver's queue pair number. */
  public static final MadField REMOTE_QPN = LAYOUT.field("remote qpn", 12, 0, 24);

  /** How long the receiver may take to answer, a {@link TimeoutCode}. */
  public static final MadField REMOTE_CM_RESPONSE_TIMEOUT =
      LAYOUT.field("remote cm response timeout", 15, 0, 5);

  /** Sender's LID. */
  public static final MadField ALTERNATE_LOCAL_LID = LAYOUT.field("alternate local lid", 20, 0, 16);

  /** Receiver's LID. */
  public static final MadField ALTERNATE_REMOTE_LID =
      LAYOUT.field("alternate remote lid", 22, 0, 16);

  /** Sender's GID. */
  public static final MadBytes ALTERNATE_LOCAL_GID = LAYOUT.bytes("alternate local gid", 24, 16);

  /** Receiver's GID. */
  public static final MadBytes ALTERNATE_REMOTE_GID = LAYOUT.bytes("alternate remote gid", 40, 16);

  /** Flow label. */
  public static final MadField ALTERNATE_FLOW_LABEL =
      LAYOUT.field("alternate flow label", 56, 0, 20);

  /** Traffic class. */
  public static final MadField ALTERNATE_TRAFFIC_CLASS =
      LAYOUT.field("alternate traffic class", 59, 0, 8);

  /** Hop limit. */
  public static final MadField ALTERNATE_HOP_LIMIT = LAYOUT.field("alternate hop limit", 60, 0, 8);

  /** Static rate code. */
  public static final MadField ALTERNATE_PACKET_RATE =
      LAYOUT.field("alternate packet rate", 61, 2, 6);

  /** Service level. */
  public static final MadField ALTERNATE_SL = LAYOUT.field("alternate sl", 62, 0, 4);

  /** Whether the path stays in its subnet. */
  public static final MadField ALTERNATE_SUBNET_LOCAL =
      LAYOUT.field("alternate subnet local", 62, 4, 1);

  /** Sender's ACK timeout, a {@link TimeoutCode}. */
  public static final MadField ALTERNATE_LOCAL_ACK_TIMEOUT =
      LAYOUT.field("alternate local ack timeout", 63, 0, 5);

  /** Private data. */
  public static final MadBytes PRIVATE_DATA = LAYOUT.bytes("private data", 64, 168);

  private CmLap() {}
}
