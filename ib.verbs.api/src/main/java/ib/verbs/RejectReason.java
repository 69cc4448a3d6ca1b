// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/** Reasons of a REJ (IBA vol. 1, table 111) that this project sends or explains. */
public final class RejectReason {
  /** No QP available. */
  public static final int NO_QP = 1;

  /** No resources available. */
  public static final int NO_RESOURCES = 3;

  /** Timeout. */
  public static final int TIMEOUT = 4;

  /** Invalid service id: nobody listens. */
  public static final int INVALID_SERVICE_ID = 8;

  /** Stale connection: the peer still holds the QPN in timewait. */
  public static final int STALE_CONNECTION = 10;

  /** Invalid path MTU. */
  public static final int INVALID_PATH_MTU = 26;

  /** Insufficient responder resources. */
  public static final int INSUFFICIENT_RESPONDER_RESOURCES = 27;

  /** Rejected by the consumer; see the private data. */
  public static final int CONSUMER_DEFINED = 28;

  /** Duplicate local communication id. */
  public static final int DUPLICATE_LOCAL_COMM_ID = 30;

  private RejectReason() {}

  /**
   * Explains a reason.
   *
   * @param reason number of a REJ
   * @return words and what to do
   */
  public static String explain(int reason) {
    return switch (reason) {
      case NO_QP -> "the peer has no free queue pair; try again later";
      case NO_RESOURCES ->
          "the peer has no resources, perhaps no device on its port yet; try again later";
      case TIMEOUT -> "the peer gave up waiting for our answer";
      case INVALID_SERVICE_ID ->
          "nobody listens on that service id; check the port number and that the target runs";
      case STALE_CONNECTION ->
          "the peer still holds this QPN in timewait; connect with a new queue pair";
      case INVALID_PATH_MTU -> "the peer can't take this path MTU; configure a smaller one";
      case INSUFFICIENT_RESPONDER_RESOURCES ->
          "the peer has not as many responder resources; lower the initiator depth";
      case CONSUMER_DEFINED -> "the application refused; see its private data";
      case DUPLICATE_LOCAL_COMM_ID -> "the peer knows our communication id already; connect again";
      default -> "reason " + reason + " (IBA vol. 1, table 111)";
    };
  }
}
