// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/** What both sides of a connection agree on ({@code struct rdma_conn_param}). Immutable. */
public final class ConnectParams {
  /** Local ACK timeout code proposed by default: 67 ms a try. */
  public static final int DEFAULT_ACK_TIMEOUT_CODE = 14;

  private final byte[] privateData;
  private final int responderResources;
  private final int initiatorDepth;
  private final int retryCount;
  private final int rnrRetryCount;
  private final int ackTimeoutCode;
  private final int accessFlags;

  /**
   * Creates parameters.
   *
   * @param privateData up to 56 bytes in a request (92 where the service id is not one of RDMA-CM),
   *     196 in an accept
   * @param responderResources READs the peer may have outstanding here, 0 to 255
   * @param initiatorDepth READs we may have outstanding at the peer, 0 to 255
   * @param retryCount transport retries 0 to 7
   * @param rnrRetryCount RNR retries 0 to 7, 7 = for ever
   * @param ackTimeoutCode local ACK timeout t that we propose: 4.096 us * 2^t, 0 to 31
   * @param accessFlags what the peer may do on the queue pair, {@link AccessFlags}
   * @throws IllegalArgumentException naming the value that is out of range
   */
  public ConnectParams(
      byte[] privateData,
      int responderResources,
      int initiatorDepth,
      int retryCount,
      int rnrRetryCount,
      int ackTimeoutCode,
      int accessFlags) {
    this.privateData = privateData.clone();
    this.responderResources = inRange("responder resources", responderResources, 255);
    this.initiatorDepth = inRange("initiator depth", initiatorDepth, 255);
    this.retryCount = inRange("retry count", retryCount, 7);
    this.rnrRetryCount = inRange("RNR retry count", rnrRetryCount, 7);
    this.ackTimeoutCode = inRange("ACK timeout code", ackTimeoutCode, 31);
    AccessFlags.check(accessFlags);
    this.accessFlags = accessFlags;
  }

  /**
   * Usual values: 4 READs each way, 7 retries, RNR for ever, 67 ms, remote read and write.
   *
   * @param privateData bytes for the peer
   * @return the parameters
   */
  public static ConnectParams of(byte[] privateData) {
    return new ConnectParams(
        privateData,
        4,
        4,
        7,
        7,
        DEFAULT_ACK_TIMEOUT_CODE,
        AccessFlags.LOCAL_WRITE | AccessFlags.REMOTE_READ | AccessFlags.REMOTE_WRITE);
  }

  private static int inRange(String what, int value, int max) {
    if (value < 0 || value > max) {
      throw new IllegalArgumentException(what + " " + value + "; give 0 to " + max);
    }
    return value;
  }

  /**
   * Bytes for the peer.
   *
   * @return a copy
   */
  public byte[] privateData() {
    return privateData.clone();
  }

  /**
   * READs the peer may have outstanding here.
   *
   * @return 0 to 255
   */
  public int responderResources() {
    return responderResources;
  }

  /**
   * READs we may have outstanding at the peer.
   *
   * @return 0 to 255
   */
  public int initiatorDepth() {
    return initiatorDepth;
  }

  /**
   * Transport retries.
   *
   * @return 0 to 7
   */
  public int retryCount() {
    return retryCount;
  }

  /**
   * RNR retries.
   *
   * @return 0 to 6, or 7 = for ever
   */
  public int rnrRetryCount() {
    return rnrRetryCount;
  }

  /**
   * Local ACK timeout code.
   *
   * @return t of 4.096 us * 2^t
   */
  public int ackTimeoutCode() {
    return ackTimeoutCode;
  }

  /**
   * What the peer may do.
   *
   * @return {@link AccessFlags}
   */
  public int accessFlags() {
    return accessFlags;
  }
}
