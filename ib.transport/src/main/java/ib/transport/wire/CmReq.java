// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

/** Request for communication (specification 12.6.5). */
public final class CmReq {
  /** All fields of this message. */
  public static final MadLayout LAYOUT = new MadLayout("REQ", CmMessage.REQ, Mad.HEADER_LENGTH);

  /** The sender's communication id. */
  public static final MadField LOCAL_COMM_ID = LAYOUT.field("local comm id", 0, 0, 32);

  /** Vendor id of the sender's CA. */
  public static final MadField VENDOR_ID = LAYOUT.field("vendor id", 5, 0, 24);

  /** The service asked for, see {@link ServiceId}. */
  public static final MadField SERVICE_ID = LAYOUT.field("service id", 8, 0, 64);

  /** GUID of the sender's CA; with the QPN it tells stale connections. */
  public static final MadField LOCAL_CA_GUID = LAYOUT.field("local ca guid", 16, 0, 64);

  /** Sender's Q_Key (datagram services only). */
  public static final MadField LOCAL_QKEY = LAYOUT.field("local qkey", 28, 0, 32);

  /** Sender's queue pair number. */
  public static final MadField LOCAL_QPN = LAYOUT.field("local qpn", 32, 0, 24);

  /** READs and atomics the sender can have outstanding as responder. */
  public static final MadField RESPONDER_RESOURCES = LAYOUT.field("responder resources", 35, 0, 8);

  /** End-to-end context (reliable datagram only). */
  public static final MadField LOCAL_EECN = LAYOUT.field("local eecn", 36, 0, 24);

  /** READs and atomics the sender wants outstanding as requester. */
  public static final MadField INITIATOR_DEPTH = LAYOUT.field("initiator depth", 39, 0, 8);

  /** End-to-end context (reliable datagram only). */
  public static final MadField REMOTE_EECN = LAYOUT.field("remote eecn", 40, 0, 24);

  /** How long the receiver may take to answer, a {@link TimeoutCode}. */
  public static final MadField REMOTE_CM_RESPONSE_TIMEOUT =
      LAYOUT.field("remote cm response timeout", 43, 0, 5);

  /** Transport service: 0 RC, 1 UC, 2 RD, 3 other. */
  public static final MadField TRANSPORT = LAYOUT.field("transport", 43, 5, 2);

  /** Whether the sender's receive queue gives credits. */
  public static final MadField END_TO_END_FLOW_CONTROL =
      LAYOUT.field("end to end flow control", 43, 7, 1);

  /** First PSN that the sender will send. */
  public static final MadField STARTING_PSN = LAYOUT.field("starting psn", 44, 0, 24);

  /** How long the sender may take to answer, a {@link TimeoutCode}. */
  public static final MadField LOCAL_CM_RESPONSE_TIMEOUT =
      LAYOUT.field("local cm response timeout", 47, 0, 5);

  /** Transport retries, 0..7. */
  public static final MadField RETRY_COUNT = LAYOUT.field("retry count", 47, 5, 3);

  /** Partition key. */
  public static final MadField PKEY = LAYOUT.field("pkey", 48, 0, 16);

  /** Path MTU code, see {@link PathMtu}. */
  public static final MadField PATH_MTU = LAYOUT.field("path mtu", 50, 0, 4);

  /** Reliable datagram channel exists. */
  public static final MadField RDC_EXISTS = LAYOUT.field("rdc exists", 50, 4, 1);

  /** Receiver-not-ready retries, 7 = for ever. */
  public static final MadField RNR_RETRY_COUNT = LAYOUT.field("rnr retry count", 50, 5, 3);

  /** How often the sender repeats a CM message. */
  public static final MadField MAX_CM_RETRIES = LAYOUT.field("max cm retries", 51, 0, 4);

  /** Whether the sender's QP uses a shared receive queue. */
  public static final MadField SRQ = LAYOUT.field("srq", 51, 4, 1);

  /** Extended transport type (XRC). */
  public static final MadField EXTENDED_TRANSPORT = LAYOUT.field("extended transport", 51, 5, 3);

  /** Sender's LID of the primary path; 0xFFFF on RoCE. */
  public static final MadField PRIMARY_LOCAL_LID = LAYOUT.field("primary local lid", 52, 0, 16);

  /** Receiver's LID of the primary path; 0xFFFF on RoCE. */
  public static final MadField PRIMARY_REMOTE_LID = LAYOUT.field("primary remote lid", 54, 0, 16);

  /** Sender's GID of the primary path. */
  public static final MadBytes PRIMARY_LOCAL_GID = LAYOUT.bytes("primary local gid", 56, 16);

  /** Receiver's GID of the primary path. */
  public static final MadBytes PRIMARY_REMOTE_GID = LAYOUT.bytes("primary remote gid", 72, 16);

  /** Flow label of the primary path. */
  public static final MadField PRIMARY_FLOW_LABEL = LAYOUT.field("primary flow label", 88, 0, 20);

  /** Static rate code of the primary path. */
  public static final MadField PRIMARY_PACKET_RATE = LAYOUT.field("primary packet rate", 91, 2, 6);

  /** Traffic class of the primary path. */
  public static final MadField PRIMARY_TRAFFIC_CLASS =
      LAYOUT.field("primary traffic class", 92, 0, 8);

  /** Hop limit of the primary path; above 1 for RoCEv2. */
  public static final MadField PRIMARY_HOP_LIMIT = LAYOUT.field("primary hop limit", 93, 0, 8);

  /** Service level of the primary path. */
  public static final MadField PRIMARY_SL = LAYOUT.field("primary sl", 94, 0, 4);

  /** Whether the primary path stays in its subnet; 0 for RoCEv2. */
  public static final MadField PRIMARY_SUBNET_LOCAL =
      LAYOUT.field("primary subnet local", 94, 4, 1);

  /** Sender's ACK timeout on the primary path, a {@link TimeoutCode}. */
  public static final MadField PRIMARY_LOCAL_ACK_TIMEOUT =
      LAYOUT.field("primary local ack timeout", 95, 0, 5);

  /** Sender's LID of the alternate path; 0xFFFF on RoCE. */
  public static final MadField ALTERNATE_LOCAL_LID = LAYOUT.field("alternate local lid", 96, 0, 16);

  /** Receiver's LID of the alternate path; 0xFFFF on RoCE. */
  public static final MadField ALTERNATE_REMOTE_LID =
      LAYOUT.field("alternate remote lid", 98, 0, 16);

  /** Sender's GID of the alternate path. */
  public static final MadBytes ALTERNATE_LOCAL_GID = LAYOUT.bytes("alternate local gid", 100, 16);

  /** Receiver's GID of the alternate path. */
  public static final MadBytes ALTERNATE_REMOTE_GID = LAYOUT.bytes("alternate remote gid", 116, 16);

  /** Flow label of the alternate path. */
  public static final MadField ALTERNATE_FLOW_LABEL =
      LAYOUT.field("alternate flow label", 132, 0, 20);

  /** Static rate code of the alternate path. */
  public static final MadField ALTERNATE_PACKET_RATE =
      LAYOUT.field("alternate packet rate", 135, 2, 6);

  /** Traffic class of the alternate path. */
  public static final MadField ALTERNATE_TRAFFIC_CLASS =
      LAYOUT.field("alternate traffic class", 136, 0, 8);

  /** Hop limit of the alternate path; above 1 for RoCEv2. */
  public static final MadField ALTERNATE_HOP_LIMIT = LAYOUT.field("alternate hop limit", 137, 0, 8);

  /** Service level of the alternate path. */
  public static final MadField ALTERNATE_SL = LAYOUT.field("alternate sl", 138, 0, 4);

  /** Whether the alternate path stays in its subnet; 0 for RoCEv2. */
  public static final MadField ALTERNATE_SUBNET_LOCAL =
      LAYOUT.field("alternate subnet local", 138, 4, 1);

  /** Sender's ACK timeout on the alternate path, a {@link TimeoutCode}. */
  public static final MadField ALTERNATE_LOCAL_ACK_TIMEOUT =
      LAYOUT.field("alternate local ack timeout", 139, 0, 5);

  /** Private data; begins with {@link RdmaCmHeader} where the service is of the RDMA CM. */
  public static final MadBytes PRIVATE_DATA = LAYOUT.bytes("private data", 140, 92);

  private CmReq() {}
}
