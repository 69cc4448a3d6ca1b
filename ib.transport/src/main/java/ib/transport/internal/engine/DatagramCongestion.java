// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.PortCounter;
import ib.transport.wire.Gids;
import java.util.Arrays;

/**
 * What a datagram queue pair does about congestion. Who sent a marked datagram is told, each sender
 * at most once in {@link Congestion#NOTIFICATION_PERIOD_NS}; the notification goes to the queue
 * pair that the datagram names as its source. Datagrams to a group are answered by nobody: one
 * sender would get as many notifications as there are members.
 *
 * <p>A notification that comes slows down the whole queue pair: its datagrams leave in the order in
 * which they were posted, so that those to others could not overtake anyway. Agent thread only.
 */
final class DatagramCongestion {
  /** Senders remembered at a time; of more, some are told later or more than once in a period. */
  static final int SENDERS = 16;

  private final EngineQp qp;
  private final EngineCore core;
  private final RateLimit rate = new RateLimit();
  private final long[] high = new long[SENDERS];
  private final long[] low = new long[SENDERS];

  /** 0 where the place is free. */
  private final int[] qpns = new int[SENDERS];

  private final long[] sentNs = new long[SENDERS];
  private final boolean[] due = new boolean[SENDERS];
  private int dueCount;
  private int next;

  DatagramCongestion(EngineQp qp) {
    this.qp = qp;
    core = qp.core;
  }

  /** A datagram passed all checks; looks at its mark. */
  void onDatagram(Inbound packet) {
    if (!Congestion.isMarked(packet)) {
      return;
    }
    core.counters.add(PortCounter.NP_ECN_MARKED_ROCE_PACKETS);
    int sender = packet.dethSourceQpn();
    if (sender > GsiQp.QPN && !Gids.isMulticast(packet.destHigh, packet.destLow)) {
      want(packet.sourceHigh, packet.sourceLow, sender);
    }
  }

  private void want(long toHigh, long toLow, int qpn) {
    int place = find(toHigh, toLow, qpn);
    if (place >= 0) {
      if (!due[place] && core.nowNs - sentNs[place] >= Congestion.NOTIFICATION_PERIOD_NS) {
        makeDue(place);
      }
      return;
    }
    place = next;
    if (due[place]) {
      // As many wait as fit; this one's next marked datagram tells as well.
      return;
    }
    next = (next + 1) % SENDERS;
    high[place] = toHigh;
    low[place] = toLow;
    qpns[place] = qpn;
    makeDue(place);
  }

  private void makeDue(int place) {
    due[place] = true;
    dueCount++;
    core.ready.addLast(qp);
  }

  private int find(long toHigh, long toLow, int qpn) {
    for (int i = 0; i < SENDERS; i++) {
      if (qpns[i] == qpn && low[i] == toLow && high[i] == toHigh) {
        return i;
      }
    }
    return -1;
  }

  /** Whether a notification is to be sent. */
  boolean wantsTurn() {
    return dueCount > 0;
  }

  /**
   * Sends the notifications that are due.
   *
   * @return packets sent
   */
  int transmit(PacketSink sink) {
    int sent = 0;
    for (int i = 0; i < SENDERS && dueCount > 0 && !core.sinkFull; i++) {
      if (due[i] && Congestion.notify(qp, sink, high[i], low[i], qpns[i])) {
        due[i] = false;
        dueCount--;
        sentNs[i] = core.nowNs;
        sent++;
      }
    }
    return sent;
  }

  /** A peer says that what the queue pair sends is congested. */
  void onNotification() {
    core.counters.add(PortCounter.RP_CNP_HANDLED);
    rate.onNotification(core.nowNs);
  }

  /** Whether a datagram may go now; if not, the queue pair gets a turn when it may. */
  boolean admits() {
    boolean may = rate.admits(core.nowNs);
    if (!may) {
      core.paced.add(qp, rate.nextNs());
    }
    return may;
  }

  /** A datagram went. */
  void sent(int bytes) {
    rate.sent(bytes, core.nowNs);
  }

  /** The queue pair sends and receives nothing any more. */
  void forget() {
    Arrays.fill(qpns, 0);
    Arrays.fill(due, false);
    dueCount = 0;
    rate.reset();
    core.paced.forget(qp);
  }
}
