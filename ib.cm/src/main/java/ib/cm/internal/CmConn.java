// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.transport.agent.AgentTask;
import ib.verbs.QpType;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** A connection as the {@link CmEngine} knows it, which owns everything in it. */
final class CmConn {
  /** Whether we asked. */
  final boolean active;

  /** The adapter's object; null for a request that it has not answered. */
  @Nullable Object owner;

  /** Who wants to know what the peer says to our DREQ. */
  @Nullable Object leaver;

  CmState state;

  /** Our communication id. */
  int localId;

  /** The peer's communication id, 0 until known. */
  int remoteId;

  /** The peer's GID. */
  final long remoteHigh;

  final long remoteLow;

  /** The peer's CA GUID and QPN; the QPN is 0 until known. */
  long remoteGuid;

  int remoteQpn;

  int localQpn;
  int localPsn;
  int pathMtuBytes;
  long serviceId;

  /** The service type, and the RDMA-CM ports of both ends, for operators. */
  QpType type = QpType.RC;

  int sourcePort;
  int remotePort;

  /** Passive: the REQ named an alternate path. */
  boolean alternatePath;

  /** Transaction that REQ, REP and RTU share. */
  long transactionId;

  /** Passive: the listener while the request is unanswered. */
  @Nullable CmListener listener;

  /** Passive: what the peer asked for. */
  @Nullable PeerRequest request;

  /** Active: what we asked for. */
  @Nullable ConnectSpec spec;

  /** What the peer is told when it disconnects. */
  byte[] disconnectAnswer = {};

  /** The message that is repeated, or answers a repeated one. */
  @Nullable MemorySegment message;

  /** How often what is sent now is repeated, and how often a REP: the peer's REQ says that. */
  long repeatNs;

  long replyRepeatNs;
  int replyRetries;

  /** The application was told that the peer asks for patience. */
  boolean delayTold;

  /** Repetitions left. */
  int retriesLeft;

  /** Messages of the present kind sent so far. */
  int sent;

  /** When the engine must look at it again. */
  long dueNs = AgentTask.NO_DEADLINE;

  /** When it began. */
  final long beganNs;

  /** When we began to wait for the peer's answer to a REQ or REP. */
  long waitsSinceNs;

  CmConn(boolean active, CmState state, long remoteHigh, long remoteLow, long nowNs) {
    this.active = active;
    this.state = state;
    this.remoteHigh = remoteHigh;
    this.remoteLow = remoteLow;
    this.beganNs = nowNs;
    this.waitsSinceNs = nowNs;
  }

  boolean isFrom(long high, long low) {
    return remoteHigh == high && remoteLow == low;
  }

  boolean lingers() {
    return state == CmState.TIMEWAIT || state == CmState.REFUSED;
  }

  @Override
  public String toString() {
    return "connection 0x" + Integer.toHexString(localId) + " " + state;
  }
}
