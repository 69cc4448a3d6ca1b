// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

/**
 * What a REP said, with the path MTU that was asked for.
 *
 * @param qpn the peer's queue pair
 * @param startingPsn first PSN that we send
 * @param ourPsn first PSN that the peer sends: what our REQ asked for
 * @param pathMtuBytes path MTU
 * @param responderResources READs the peer takes at a time
 * @param initiatorDepth READs the peer will have outstanding
 * @param rnrRetryCount RNR retries that we are asked to use
 */
record PeerReply(
    int qpn,
    int startingPsn,
    int ourPsn,
    int pathMtuBytes,
    int responderResources,
    int initiatorDepth,
    int rnrRetryCount) {}
