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
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a number of WRITEs or SENDs of one size in flight, one way. Both ends act in their
 * completion handlers, on the agent's thread, which so runs everything to completion; the thread
 * that measures only looks at a counter.
 */
final class Stream implements AutoCloseable {
  /** Bytes in flight, about: enough for the window, not more than caches hold. */
  private static final int IN_FLIGHT_BYTES = 2 << 20;

  private static final int MIN_DEPTH = 4;
  private static final int MAX_DEPTH = 128;
  private static final int POLL = 32;

  private final boolean write;
  private final int bytes;
  private final int depth;
  private final End sender;
  private final End receiver;
  private final WorkCompletion[] sent = WorkCompletion.array(POLL);
  private final WorkCompletion[] arrived = WorkCompletion.array(POLL);
  private final AtomicLong done = new AtomicLong();
  private volatile boolean ending;
  private volatile @Nullable String failure;

  /** Requests in flight; the agent's. */
  private int inFlight;

  /** Connects two ends; nothing flows yet. */
  Stream(Pair pair, boolean write, int bytes) throws RdmaException, BenchException {
    this.write = write;
    this.bytes = bytes;
    depth = Math.clamp(IN_FLIGHT_BYTES / bytes, MIN_DEPTH, MAX_DEPTH);
    sender = pair.left(depth, depth, bytes, this::onSent);
    // Twice the receives, so that the sender never finds none.
    receiver = pair.right(2 * depth, depth, bytes, this::onArrived);
    End.connect(sender, receiver);
  }

  /**
   * Measures.
   *
   * @return operations
   */
  Rate run(long measureNs) throws BenchException {
    if (!write) {
      for (int i = 0; i < 2 * depth; i++) {
        check(receiver.receive());
      }
      receiver.cq.reqNotify();
    }
    sender.cq.reqNotify();
    // One is posted here; its completion lets the agent fill the queue.
    inFlight = 1;
    check(post());
    BenchHost.pause(measureNs / 2);
    Rate rate = Rate.measure(done, measureNs, () -> failure != null);
    ending = true;
    String problem = failure;
    if (problem != null || rate.perSecond() == 0) {
      throw new BenchException(
          (write ? "WRITE" : "SEND")
              + " of "
              + bytes
              + " bytes: "
              + (problem != null ? problem : "nothing completed; " + sender.qp.state()));
    }
    return rate;
  }

  private void check(PostResult result) throws BenchException {
    if (result != PostResult.OK) {
      throw new BenchException("a request was not taken: " + result);
    }
  }

  private PostResult post() {
    return write ? sender.write(receiver, bytes) : sender.send(bytes);
  }

  private void onSent(CompletionQueue cq) {
    int n = cq.poll(sent);
    while (n > 0) {
      for (int i = 0; i < n; i++) {
        isGood(sent[i]);
      }
      inFlight -= n;
      done.lazySet(done.get() + n);
      fill();
      cq.reqNotify();
      n = cq.poll(sent);
    }
  }

  private void fill() {
    while (!ending && failure == null && inFlight < depth) {
      PostResult result = post();
      if (result != PostResult.OK) {
        failure = "a request was not taken: " + result;
      }
      inFlight++;
    }
  }

  private void onArrived(CompletionQueue cq) {
    int n = cq.poll(arrived);
    while (n > 0) {
      for (int i = 0; i < n; i++) {
        if (isGood(arrived[i]) && arrived[i].opcode() == WcOpcode.RECV) {
          receiver.receive();
        }
      }
      cq.reqNotify();
      n = cq.poll(arrived);
    }
  }

  private boolean isGood(WorkCompletion completion) {
    if (completion.status() == WcStatus.SUCCESS) {
      return true;
    }
    if (!ending && failure == null) {
      failure = "completed with " + completion.status();
    }
    return false;
  }

  @Override
  public void close() {
    ending = true;
    sender.close();
    receiver.close();
  }
}
