// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.verbs.QpType;
import java.net.InetSocketAddress;

/**
 * What a REQ said.
 *
 * @param remoteAddress the peer's address and RDMA-CM port (0 where the service is not RDMA-CM's)
 * @param type RC or UC
 * @param qpn the peer's queue pair
 * @param startingPsn first PSN that we send
 * @param pathMtuBytes path MTU
 * @param responderResources READs the peer takes at a time
 * @param initiatorDepth READs the peer wants outstanding
 * @param retryCount transport retries that we are asked to use
 * @param rnrRetryCount RNR retries that we are asked to use
 * @param ackTimeoutCode ACK timeout that we are asked to use
 * @param responseTimeoutCode how long we may take to answer
 */
record PeerRequest(
    InetSocketAddress remoteAddress,
    QpType type,
    int qpn,
    int startingPsn,
    int pathMtuBytes,
    int responderResources,
    int initiatorDepth,
    int retryCount,
    int rnrRetryCount,
    int ackTimeoutCode,
    int responseTimeoutCode) {}
