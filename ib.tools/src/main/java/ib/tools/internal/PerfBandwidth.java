// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.WcOpcode;
import ib.verbs.WorkCompletion;

/**
 * Measures bandwidth, on all queue pairs at once: {@code run_iter_bw}, {@code run_iter_bw_server}
 * and {@code run_iter_bi} of perftest. One object measures one size.
 */
final class PerfBandwidth {
  private final PerfEnd end;
  private final PerfOptions options;
  private final int size;
  private final PerfClock clock;

  /** Of each queue pair. */
  private final long goal;

  /** Of all of them. */
  private final long allOfThem;

  /** By queue pair: operations posted, those that are done, receives posted. */
  private final long[] posted;

  private final long[] done;
  private final long[] receives;
  private long sent;
  private long received;
  private long counted;
  private boolean begun;
  private double peak;
  private long windowNs;
  private long windowFrom;

  PerfBandwidth(PerfEnd end, int size) {
    this.end = end;
    this.options = end.options;
    this.size = size;
    this.clock = new PerfClock(options.durationS);
    this.goal = clock.isTimed() ? Long.MAX_VALUE : options.iterations;
    this.allOfThem = clock.isTimed() ? Long.MAX_VALUE : options.operations();
    this.posted = new long[end.lanes.size()];
    this.done = new long[end.lanes.size()];
    this.receives = new long[end.lanes.size()];
  }

  /** As the client: keeps as many operations under way as the depth allows. */
  PerfReport drive() throws ToolException {
    begin();
    while (sent < allOfThem && !clock.isOver()) {
      post();
      if (!next()) {
        break;
      }
    }
    return report();
  }

  /** As the server of SEND: takes what comes. */
  PerfReport take() throws ToolException {
    while (received < allOfThem && !clock.isOver()) {
      if (!next()) {
        break;
      }
    }
    return PerfReport.of(size, counted, 0, clock.countedNs());
  }

  /** As either end of SEND in both directions; the server's begins with the client's first. */
  PerfReport exchange() throws ToolException {
    if (options.isClient()) {
      begin();
    }
    while ((sent < allOfThem || received < allOfThem) && !clock.isOver()) {
      if (begun) {
        post();
      }
      if (!next()) {
        break;
      }
    }
    return report();
  }

  private PerfReport report() {
    // perftest tells no peak of what it measures by time.
    return PerfReport.of(size, counted, clock.isTimed() ? 0 : peak, clock.countedNs());
  }

  private void begin() {
    begun = true;
    clock.start();
    windowNs = System.nanoTime();
  }

  private void post() throws ToolException {
    for (PerfLane lane : end.lanes) {
      int i = lane.index;
      while (posted[i] < goal && posted[i] - done[i] < options.txDepth) {
        boolean signaled = (posted[i] + 1) % options.cqModeration == 0 || posted[i] + 1 == goal;
        end.post(lane, size, posted[i]++, signaled);
      }
    }
  }

  /** Waits for the next completion; false if the time is over. */
  private boolean next() throws ToolException {
    WorkCompletion completion = end.next(size, clock);
    if (completion == null) {
      return false;
    }
    PerfLane lane = end.lanes.get((int) completion.wrId());
    if (completion.opcode() == WcOpcode.RECV) {
      came(lane);
    } else {
      went(lane.index);
    }
    return true;
  }

  private void came(PerfLane lane) throws ToolException {
    if (!begun) {
      begin();
    }
    received++;
    // Of both directions the times are of what is sent, but where they are given, of either.
    boolean counts = clock.isTimed() || !options.bidirectional;
    counted += counts && clock.counts() ? 1 : 0;
    if (end.rxDepth + receives[lane.index] < goal) {
      end.postReceive(lane);
      receives[lane.index]++;
    }
  }

  private void went(int i) {
    long before = done[i];
    done[i] = Math.min(before + options.cqModeration, goal);
    sent += done[i] - before;
    counted += clock.counts() ? done[i] - before : 0;
    if (sent - windowFrom >= (long) options.txDepth * done.length) {
      long nowNs = System.nanoTime();
      peak = Math.max(peak, PerfReport.mib(size, sent - windowFrom, nowNs - windowNs));
      windowNs = nowNs;
      windowFrom = sent;
    }
  }
}
