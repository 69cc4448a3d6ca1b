// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.transport.wire.TimeoutCode;

/**
 * Limits and times of a connection manager.
 *
 * @param maxConnections connections at a time, those in timewait not counted
 * @param maxLingering ended connections that are remembered; beyond, the oldest is forgotten
 * @param maxPending unanswered requests of one listener
 * @param responseTimeoutCode how long each side may take to answer a message, a {@link
 *     TimeoutCode}; also how often a message is repeated
 * @param maxRetries how often a REQ or REP is repeated, 0..15
 * @param connectLimitNs longest time that a connect takes, also where the peer asks for more
 * @param requestLimitNs longest time that a request waits for the application's answer
 * @param disconnectTimeoutCode how often a DREQ is repeated, a {@link TimeoutCode}
 * @param disconnectRetries how often a DREQ is repeated before the peer is given up
 * @param timewaitNs how long an ended connection is remembered
 */
record CmConfig(
    int maxConnections,
    int maxLingering,
    int maxPending,
    int responseTimeoutCode,
    int maxRetries,
    long connectLimitNs,
    long requestLimitNs,
    int disconnectTimeoutCode,
    int disconnectRetries,
    long timewaitNs) {

  private static final long SECOND_NS = 1_000_000_000L;

  /**
   * The usual values: a message is repeated every 1.07 s for 15 s. Timewait is longer than that, so
   * that a late repetition meets a connection that is remembered.
   */
  static final CmConfig DEFAULT =
      new CmConfig(4096, 4096, 128, 18, 13, 15 * SECOND_NS, 10 * SECOND_NS, 17, 7, 16 * SECOND_NS);

  long responseTimeoutNs() {
    return TimeoutCode.toNs(responseTimeoutCode);
  }

  long disconnectTimeoutNs() {
    return TimeoutCode.toNs(disconnectTimeoutCode);
  }
}
