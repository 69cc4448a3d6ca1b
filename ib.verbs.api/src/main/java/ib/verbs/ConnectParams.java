// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/**
 * What both sides of a connection agree on ({@code struct rdma_conn_param}).
 *
 * @param privateData up to 56 bytes in a request, 196 in an accept
 * @param responderResources READs the peer may have outstanding here, 0 to 255
 * @param initiatorDepth READs we may have outstanding at the peer, 0 to 255
 * @param retryCount transport retries 0 to 7
 * @param rnrRetryCount RNR retries 0 to 7, 7 = for ever
 * @param ackTimeoutCode local ACK timeout t that we propose: 4.096 us * 2^t
 * @param accessFlags what the peer may do on the queue pair, {@link AccessFlags}
 */
public record ConnectParams(
    byte[] privateData,
    int responderResources,
    int initiatorDepth,
    int retryCount,
    int rnrRetryCount,
    int ackTimeoutCode,
    int accessFlags) {
  /** Local ACK timeout code proposed by default: 67 ms a try. */
  public static final int DEFAULT_ACK_TIMEOUT_CODE = 14;

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
}
