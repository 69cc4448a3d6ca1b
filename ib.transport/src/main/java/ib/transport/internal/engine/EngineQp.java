// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.verbs.QpType;
import org.jspecify.annotations.Nullable;

/** What the engine needs of every queue pair, whatever its service type. */
abstract class EngineQp {
  final EngineCore core;
  private final int qpn;

  // Links and deadline, kept by ReadyQueue and Timers.
  @Nullable EngineQp nextReady;
  boolean queued;
  boolean timerArmed;
  long deadlineNs;

  // Kept by PacedQps.
  boolean paced;
  long paceNs;

  EngineQp(EngineCore core, int qpn) {
    this.core = core;
    this.qpn = qpn;
  }

  public final int qpn() {
    return qpn;
  }

  /** Service type: which opcodes may come. */
  abstract QpType serviceType();

  /** Whether congestion notifications may come: not to QP1, nor to a multicast group. */
  boolean takesNotifications() {
    return true;
  }

  /** A packet for this queue pair came; ICRC, length, opcode and P_Key are right. */
  abstract void onPacket(Inbound packet);

  /**
   * Sends what there is to send, at most {@code budget} packets; sets {@link EngineCore#sinkFull}
   * when the sink is full.
   *
   * @return packets sent, or other work done
   */
  abstract int transmit(PacketSink sink, int budget);

  /** Whether there is something to send at once. */
  abstract boolean wantsTurn();

  /** A turn of sending is over. */
  void turnDone() {}

  /** The deadline set last has passed. */
  abstract void onTimer();

  /** The time that {@link PacedQps} was given has come; a turn follows. */
  void onPaced() {}
}
