// SPDX-License-Identifier: Apache-2.0
package ib.bench.transport;

import ib.bench.BenchException;
import ib.bench.runtime.BenchHost;
import ib.bench.runtime.Rate;
import ib.verbs.CompletionQueue;
import ib.verbs.PostResult;
import ib.verbs.RdmaException;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * One SEND there, one back, again and again; both ends answer in their completion handlers, on the
 * agent's thread.
 */
final class PingPong implements AutoCloseable {
  private static final int RECEIVES = 16;
  private static final long LONGEST_NS = TimeUnit.SECONDS.toNanos(60);

  private final int bytes;
  private final End left;
  private final End right;
  private final WorkCompletion[] completions = WorkCompletion.array(RECEIVES);
  private final Histogram warmUp = new Histogram(LONGEST_NS, 3);
  private final Histogram times = new Histogram(LONGEST_NS, 3);
  private final AtomicLong trips = new AtomicLong();
  private volatile Histogram target = warmUp;
  private volatile boolean ending;
  private volatile @Nullable String failure;

  /** When the last ping left; the agent's. */
  private long sentNs;

  PingPong(Pair pair, int bytes) throws RdmaException, BenchException {
    this.bytes = bytes;
    left = pair.left(RECEIVES, RECEIVES, bytes, this::onLeft);
    right = pair.right(RECEIVES, RECEIVES, bytes, this::onRight);
    End.connect(left, right);
  }

  /** Measures round trips in nanoseconds. */
  Histogram run(long measureNs) throws BenchException {
    for (int i = 0; i < RECEIVES; i++) {
      left.receive();
      right.receive();
    }
    left.cq.reqNotify();
    right.cq.reqNotify();
    sentNs = System.nanoTime();
    left.send(bytes);
    BenchHost.pause(measureNs / 2);
    target = times;
    Rate.measure(trips, measureNs, () -> failure != null);
    target = warmUp;
    ending = true;
    // The last one that goes to the measured histogram.
    BenchHost.pause(TimeUnit.MILLISECONDS.toNanos(2));
    if (failure != null || times.getTotalCount() == 0) {
      throw new BenchException(
          "ping-pong: " + (failure != null ? failure : "nothing came back; " + left.qp.state()));
    }
    return times;
  }

  private void onLeft(CompletionQueue cq) {
    int n = cq.poll(completions);
    while (n > 0) {
      for (int i = 0; i < n; i++) {
        if (isArrival(completions[i])) {
          long now = System.nanoTime();
          target.recordValue(Math.min(now - sentNs, LONGEST_NS));
          trips.lazySet(trips.get() + 1);
          left.receive();
          if (!ending) {
            sentNs = now;
            answer(left);
          }
        }
      }
      cq.reqNotify();
      n = cq.poll(completions);
    }
  }

  private void onRight(CompletionQueue cq) {
    int n = cq.poll(completions);
    while (n > 0) {
      for (int i = 0; i < n; i++) {
        if (isArrival(completions[i])) {
          right.receive();
          answer(right);
        }
      }
      cq.reqNotify();
      n = cq.poll(completions);
    }
  }

  private void answer(End from) {
    PostResult result = from.send(bytes);
    if (result != PostResult.OK) {
      failure = "a SEND was not taken: " + result;
    }
  }

  private boolean isArrival(WorkCompletion completion) {
    if (completion.status() == WcStatus.SUCCESS) {
      return completion.opcode() == WcOpcode.RECV;
    }
    if (!ending) {
      failure = "completed with " + completion.status();
    }
    return false;
  }

  @Override
  public void close() {
    ending = true;
    left.close();
    right.close();
  }
}
