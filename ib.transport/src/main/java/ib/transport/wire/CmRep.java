// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

/** Reply to a request for communication (specification 12.6.8). */
public final class CmRep {
  /** All fields of this message. */
  public static final MadLayout LAYOUT = new MadLayout("REP", CmMessage.REP, Mad.HEADER_LENGTH);

  /** The sender's communication id. */
  public static final MadField LOCAL_COMM_ID = LAYOUT.field("local comm id", 0, 0, 32);

  /** The receiver's communication id. */
  public static final MadField REMOTE_COMM_ID = LAYOUT.field("remote comm id", 4, 0, 32);

  /** Sender's Q_Key (datagram services only). */
  public static final MadField LOCAL_QKEY = LAYOUT.field("local qkey", 8, 0, 32);

  /** Sender's queue pair number. */
  public static final MadField LOCAL_QPN = LAYOUT.field("local qpn", 12, 0, 24);

  /** End-to-end context (reliable datagram only). */
  public static final MadField LOCAL_EECN = LAYOUT.field("local eecn", 16, 0, 24);

  /** First PSN that the sender will send. */
  public static final MadField STARTING_PSN = LAYOUT.field("starting psn", 20, 0, 24);

  /** READs and atomics the sender can have outstanding as responder. */
  public static final MadField RESPONDER_RESOURCES = LAYOUT.field("responder resources", 24, 0, 8);

  /** READs and atomics the sender will have outstanding as requester. */
  public static final MadField INITIATOR_DEPTH = LAYOUT.field("initiator depth", 25, 0, 8);

  /** How long the sender's CA takes to acknowledge, a {@link TimeoutCode}. */
  public static final MadField TARGET_ACK_DELAY = LAYOUT.field("target ack delay", 26, 0, 5);

  /** Whether the alternate path was accepted. */
  public static final MadField FAILOVER_ACCEPTED = LAYOUT.field("failover accepted", 26, 5, 2);

  /** Whether the sender's receive queue gives credits. */
  public static final MadField END_TO_END_FLOW_CONTROL =
      LAYOUT.field("end to end flow control", 26, 7, 1);

  /** Receiver-not-ready retries, 7 = for ever. */
  public static final MadField RNR_RETRY_COUNT = LAYOUT.field("rnr retry count", 27, 0, 3);

  /** Whether the sender's QP uses a shared receive queue. */
  public static final MadField SRQ = LAYOUT.field("srq", 27, 3, 1);

  /** GUID of the sender's CA. */
  public static final MadField LOCAL_CA_GUID = LAYOUT.field("local ca guid", 28, 0, 64);

  /** Private data. */
  public static final MadBytes PRIVATE_DATA = LAYOUT.bytes("private data", 36, 196);

  private CmRep() {}
}
