// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.WcOpcode;

/** Measures bandwidth: {@code run_iter_bw} and {@code run_iter_bw_server} of perftest. */
final class PerfBandwidth {
  private final PerfEnd end;
  private final PerfOptions options;

  PerfBandwidth(PerfEnd end) {
    this.end = end;
    this.options = end.options;
  }

  /** As the client: keeps as many operations under way as the depth allows. */
  PerfReport drive(int size) throws ToolException {
    PerfClock clock = new PerfClock(options.durationS);
    long goal = clock.isTimed() ? Long.MAX_VALUE : options.iterations;
    int moderation = options.cqModeration;
    long posted = 0;
    long done = 0;
    long counted = 0;
    double peak = 0;
    clock.start();
    long windowNs = System.nanoTime();
    long windowFrom = 0;
    while (done < goal && !clock.isOver()) {
      while (posted < goal && posted - done < options.txDepth) {
        boolean signaled = (posted + 1) % moderation == 0 || posted + 1 == goal;
        end.post(size, posted++, signaled);
      }
      if (end.next(size, clock) == null) {
        break;
      }
      long before = done;
      done = Math.min(done + moderation, goal);
      counted += clock.counts() ? done - before : 0;
      if (done - windowFrom >= options.txDepth) {
        long nowNs = System.nanoTime();
        peak = Math.max(peak, PerfReport.mib(size, done - windowFrom, nowNs - windowNs));
        windowNs = nowNs;
        windowFrom = done;
      }
    }
    // perftest tells no peak of what it measures by time.
    return PerfReport.of(size, counted, clock.isTimed() ? 0 : peak, clock.countedNs());
  }

  /** As the server of SEND: takes what comes. */
  PerfReport take(int size) throws ToolException {
    PerfClock clock = new PerfClock(options.durationS);
    long goal = clock.isTimed() ? Long.MAX_VALUE : options.iterations;
    long posted = end.rxDepth;
    long received = 0;
    long counted = 0;
    while (received < goal && !clock.isOver()) {
      WcOpcode opcode = end.next(size, clock);
      if (opcode == null) {
        break;
      }
      if (received++ == 0) {
        clock.start();
      }
      counted += clock.counts() ? 1 : 0;
      if (posted < goal) {
        end.postReceive();
        posted++;
      }
    }
    return PerfReport.of(size, counted, 0, clock.countedNs());
  }
}
