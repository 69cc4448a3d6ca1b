// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/** Status of a SIDR_REP (IBA vol. 1, 12.11.2.1, table of SIDR_REP status values). */
public final class SidrStatus {
  /** Resolved: queue pair and Q_Key are valid. */
  public static final int VALID = 0;

  /** Nobody offers datagrams on that service id. */
  public static final int SERVICE_ID_NOT_SUPPORTED = 1;

  /** Rejected by the consumer; see the private data. */
  public static final int REJECTED = 2;

  /** No queue pair available. */
  public static final int NO_QP = 3;

  /** Ask another port, named in the additional information. */
  public static final int REDIRECT = 4;

  /** The request's version is not supported. */
  public static final int UNSUPPORTED_VERSION = 5;

  private SidrStatus() {}

  /**
   * Explains a status.
   *
   * @param status number of a SIDR_REP
   * @return words and what to do
   */
  public static String explain(int status) {
    return switch (status) {
      case VALID -> "resolved";
      case SERVICE_ID_NOT_SUPPORTED ->
          "nobody offers datagrams on that service id; check the port number and that the service runs";
      case REJECTED -> "the application refused; see its private data";
      case NO_QP -> "the peer has no free queue pair; try again later";
      case REDIRECT -> "the service is at another port; ask that one";
      case UNSUPPORTED_VERSION -> "the peer speaks another version of service id resolution";
      default -> "status " + status + " (IBA vol. 1, 12.11.2.1)";
    };
  }
}
