// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.transport.agent.AgentTask;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A service id resolution, ours or a peer's, as the {@link SidrEngine} knows it, which owns
 * everything in it.
 */
final class SidrExchange {
  /** States (IBA vol. 1, 12.11; Linux {@code IB_CM_SIDR_REQ_SENT} and {@code _RCVD}). */
  enum State {
    /** Ours: SIDR_REQ sent, repeated until answered. */
    REQ_SENT,
    /** A peer's: the application has not answered. */
    REQ_RCVD,
    /** A peer's: answered, remembered so that a repeated request gets the same answer. */
    ANSWERED,
    /** Over. */
    DONE
  }

  State state;

  /** Id that the requester gave to it. */
  final int requestId;

  /** The peer's GID. */
  final long remoteHigh;

  final long remoteLow;

  final long serviceId;
  final long transactionId;

  /** Ours: the adapter's object; null once nobody wants to be told. */
  @Nullable Object owner;

  /** A peer's: the listener while the request is unanswered. */
  @Nullable CmListener listener;

  /** The request that is repeated, or the answer to a repeated one. */
  @Nullable MemorySegment message;

  /** The RDMA-CM ports of both ends, for operators. */
  int sourcePort;

  int remotePort;

  int retriesLeft;

  /** Requests sent so far. */
  int sent;

  long dueNs = AgentTask.NO_DEADLINE;
  final long beganNs;

  SidrExchange(
      State state,
      int requestId,
      long remoteHigh,
      long remoteLow,
      long serviceId,
      long transactionId,
      long nowNs) {
    this.state = state;
    this.requestId = requestId;
    this.remoteHigh = remoteHigh;
    this.remoteLow = remoteLow;
    this.serviceId = serviceId;
    this.transactionId = transactionId;
    this.beganNs = nowNs;
  }

  @Override
  public String toString() {
    return "resolution 0x" + Integer.toHexString(requestId) + " " + state;
  }
}
