// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.WcOpcode;
import ib.verbs.WorkCompletion;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;

/**
 * Measures latency: {@code run_iter_lat}, {@code run_iter_lat_send} and {@code run_iter_lat_write}
 * of perftest. What is measured is the time from one post to the next.
 */
final class PerfLatency {
  /** How long memory is looked at before the thread sleeps between looks. */
  private static final long SPIN_NS = 50_000;

  private static final long LOOK_NS = 50_000;

  private static final VarHandle BYTE = ValueLayout.JAVA_BYTE.varHandle();

  private final Run run;
  private final PerfEnd end;
  private final PerfLane lane;
  private final PerfOptions options;
  private final PerfClock clock;
  private final long goal;
  private final long[] postedNs;
  private long posted;
  private long sent;
  private long received;
  private long counted;

  PerfLatency(Run run, PerfEnd end) {
    this.run = run;
    this.end = end;
    this.lane = end.first();
    this.options = end.options;
    this.clock = new PerfClock(options.durationS);
    this.goal = clock.isTimed() ? Long.MAX_VALUE : options.iterations;
    this.postedNs = new long[options.iterations];
  }

  /** When each operation was posted; empty if it is a time that was given. */
  long[] postedNs() {
    return postedNs;
  }

  /** Operations that count, where a time was given. */
  long counted() {
    return counted;
  }

  long countedNs() {
    return clock.countedNs();
  }

  private void post(int size) throws ToolException {
    if (!clock.isTimed()) {
      postedNs[(int) posted] = System.nanoTime();
    }
    posted++;
    end.post(lane, size, 0, true);
  }

  /** As the client of READ or ATOMIC: one operation after the other. */
  void fetch(int size) throws ToolException {
    clock.start();
    while (posted < goal && !clock.isOver()) {
      post(size);
      if (end.next(size, clock) == null) {
        return;
      }
      counted += clock.counts() ? 1 : 0;
    }
  }

  /** Of SEND: messages to and fro, the client's first. */
  void pingPong(int size) throws ToolException {
    long answered = 0;
    while ((posted < goal || answered < goal) && !clock.isOver()) {
      boolean first = posted == 0 && options.isClient();
      if (answered < goal && !first) {
        if (!await(size, WcOpcode.RECV, ++answered)) {
          return;
        }
        counted += clock.counts() ? 1 : 0;
        if (answered == 1) {
          clock.start();
        }
        if (answered + end.rxDepth <= goal) {
          end.postReceive(lane);
        }
      }
      if (posted < goal) {
        post(size);
        if (!await(size, WcOpcode.SEND, posted)) {
          return;
        }
      }
    }
  }

  /** Waits until so many have completed; false if the time is over. */
  private boolean await(int size, WcOpcode wanted, long count) throws ToolException {
    while ((wanted == WcOpcode.RECV ? received : sent) < count) {
      WorkCompletion completion = end.next(size, clock);
      if (completion == null) {
        return false;
      }
      if (completion.opcode() == WcOpcode.RECV) {
        received++;
      } else {
        sent++;
      }
    }
    return true;
  }

  /** Of WRITE: each end writes when the last byte of its own memory says so, the server's first. */
  void writeInTurn(int size) throws ToolException {
    clock.start();
    long seen = 0;
    while ((posted < goal || seen < goal) && !clock.isOver()) {
      boolean first = posted == 0 && !options.isClient();
      if (seen < goal && !first && !awaitByte(size - 1, (byte) ++seen)) {
        return;
      }
      if (posted < goal) {
        lane.source.forCpu();
        lane.source.segment().set(ValueLayout.JAVA_BYTE, size - 1L, (byte) (posted + 1));
        lane.source.forDevice();
        post(size);
        if (end.next(size, clock) == null) {
          return;
        }
        counted += clock.counts() ? 1 : 0;
      }
    }
  }

  /** Nothing tells of a WRITE that arrives: memory has to be looked at. */
  private boolean awaitByte(long offset, byte wanted) throws ToolException {
    MemorySegment memory = lane.target.segment();
    PerfWatch watch = end.watch();
    watch.begin();
    long beganNs = System.nanoTime();
    while (true) {
      lane.target.forCpu();
      byte is = (byte) BYTE.getAcquire(memory, offset);
      lane.target.forDevice();
      if (is == wanted) {
        return true;
      }
      long spentNs = System.nanoTime() - beganNs;
      if (clock.isOver()) {
        return false;
      }
      if (watch.isOver()) {
        throw watch.why();
      }
      if (spentNs > Common.OPERATION_NS) {
        throw new ToolException(
            "the peer wrote nothing within %d s"
                .formatted(TimeUnit.NANOSECONDS.toSeconds(Common.OPERATION_NS)));
      }
      if (spentNs > SPIN_NS) {
        run.await(LOOK_NS);
      } else {
        Thread.onSpinWait();
      }
    }
  }
}
