// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import org.jspecify.annotations.Nullable;

/**
 * Why a connection was rejected, in words and with what to do (specification 12.6.7.2, table 108).
 */
public enum RejReason {
  /** No queue pair available. */
  NO_QP(
      1,
      "no queue pair available",
      "the peer has no queue pair left: close connections there or raise its limit"),
  /** No end-to-end context available. */
  NO_EEC(2, "no end-to-end context available", "reliable datagram is not supported: use RC"),
  /** No resources available. */
  NO_RESOURCES(
      3, "no resources available", "the peer is out of memory or contexts: try again later"),
  /** Timeout. */
  TIMEOUT(4, "timeout", "an answer took too long: check load and the CM response timeouts"),
  /** Request not supported. */
  UNSUPPORTED(5, "request not supported", "ask for RC with no options"),
  /** Invalid communication id. */
  INVALID_COMM_ID(6, "invalid communication id", "the peer forgot this connection: connect again"),
  /** Invalid communication instance. */
  INVALID_COMM_INSTANCE(
      7, "invalid communication instance", "the peer forgot this connection: connect again"),
  /** Invalid service id. */
  INVALID_SERVICE_ID(
      8,
      "invalid service id",
      "nobody listens there: check the port or service id and that the service is started"),
  /** Invalid transport service type. */
  INVALID_TRANSPORT_TYPE(
      9, "invalid transport service type", "the service is for another transport: use RC"),
  /** Stale connection. */
  STALE_CONNECTION(
      10,
      "stale connection",
      "the peer still holds an old connection of this queue pair number: take a new queue pair and connect again"),
  /** Reliable datagram channel does not exist. */
  RDC_NOT_EXIST(
      11, "reliable datagram channel does not exist", "reliable datagram is not supported: use RC"),
  /** Primary remote GID rejected. */
  PRIMARY_GID(
      12,
      "primary remote GID rejected",
      "the peer has not this address: check the destination GID"),
  /** Primary remote LID rejected. */
  PRIMARY_LID(13, "primary remote LID rejected", "the peer has not this LID"),
  /** Invalid primary service level. */
  INVALID_PRIMARY_SL(14, "invalid primary service level", "use service level 0"),
  /** Invalid primary traffic class. */
  INVALID_PRIMARY_TRAFFIC_CLASS(15, "invalid primary traffic class", "use traffic class 0"),
  /** Invalid primary hop limit. */
  INVALID_PRIMARY_HOP_LIMIT(16, "invalid primary hop limit", "use a hop limit above 1"),
  /** Invalid primary packet rate. */
  INVALID_PRIMARY_PACKET_RATE(17, "invalid primary packet rate", "use another static rate"),
  /** Alternate remote GID rejected. */
  ALTERNATE_GID(18, "alternate remote GID rejected", "leave out the alternate path"),
  /** Alternate remote LID rejected. */
  ALTERNATE_LID(19, "alternate remote LID rejected", "leave out the alternate path"),
  /** Invalid alternate service level. */
  INVALID_ALTERNATE_SL(20, "invalid alternate service level", "leave out the alternate path"),
  /** Invalid alternate traffic class. */
  INVALID_ALTERNATE_TRAFFIC_CLASS(
      21, "invalid alternate traffic class", "leave out the alternate path"),
  /** Invalid alternate hop limit. */
  INVALID_ALTERNATE_HOP_LIMIT(22, "invalid alternate hop limit", "leave out the alternate path"),
  /** Invalid alternate packet rate. */
  INVALID_ALTERNATE_PACKET_RATE(
      23, "invalid alternate packet rate", "leave out the alternate path"),
  /** Port and CM redirection. */
  PORT_CM_REDIRECT(
      24, "port and CM redirection", "ask the port named in the additional information"),
  /** Port redirection. */
  PORT_REDIRECT(25, "port redirection", "ask the port named in the additional information"),
  /** Invalid path MTU. */
  INVALID_MTU(
      26, "invalid path MTU", "the peer's port carries less: lower the path MTU of this port"),
  /** Insufficient responder resources. */
  INSUFFICIENT_RESPONDER_RESOURCES(
      27, "insufficient responder resources", "ask for a smaller initiator depth"),
  /** Rejected by the service. */
  CONSUMER_DEFINED(28, "rejected by the service", "the private data says why"),
  /** Receiver-not-ready retry count rejected. */
  INVALID_RNR_RETRY(29, "receiver-not-ready retry count rejected", "ask for another count"),
  /** Duplicate local communication id. */
  DUPLICATE_LOCAL_COMM_ID(30, "duplicate local communication id", "take a new communication id"),
  /** Invalid class version. */
  INVALID_CLASS_VERSION(31, "invalid class version", "the peer speaks another version of the CM"),
  /** Invalid primary flow label. */
  INVALID_FLOW_LABEL(32, "invalid primary flow label", "use flow label 0"),
  /** Invalid alternate flow label. */
  INVALID_ALTERNATE_FLOW_LABEL(33, "invalid alternate flow label", "leave out the alternate path"),
  /** Vendor option not supported. */
  VENDOR_OPTION_NOT_SUPPORTED(35, "vendor option not supported", "leave the vendor fields zero");

  private final int code;
  private final String words;
  private final String remedy;

  RejReason(int code, String words, String remedy) {
    this.code = code;
    this.words = words;
    this.remedy = remedy;
  }

  /** The number on the wire. */
  public int code() {
    return code;
  }

  /** The reason in words. */
  public String words() {
    return words;
  }

  /** What the one who asked can do about it. */
  public String remedy() {
    return remedy;
  }

  /** The reason of a number, or null for one that is not defined. */
  public static @Nullable RejReason of(int code) {
    for (RejReason reason : values()) {
      if (reason.code == code) {
        return reason;
      }
    }
    return null;
  }

  /** Number, words and remedy of any reason number, also of one that is not defined. */
  public static String describe(int code) {
    RejReason reason = of(code);
    return reason == null
        ? code + " (not defined)"
        : code + " (" + reason.words + "; " + reason.remedy + ")";
  }
}
