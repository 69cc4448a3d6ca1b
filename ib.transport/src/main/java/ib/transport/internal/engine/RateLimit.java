// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

/**
 * How fast a queue pair may send: the reaction point of DCQCN (Zhu et al., "Congestion Control for
 * Large-Scale RDMA Deployments", SIGCOMM 2015, sections 3.2 and 5).
 *
 * <p>Without notifications there is no limit. Each notification remembers the rate as the target to
 * come back to, and cuts it by half of {@code alpha}, the estimate of the congestion. Afterwards
 * the rate closes half of its distance to the target with each period of time and each number of
 * bytes; after five such steps the target itself rises, and faster once both have made five. All is
 * computed when it is asked for: there is no timer, and an idle queue pair costs nothing.
 *
 * <p>Not thread-safe.
 */
final class RateLimit {
  /** 100 Gb/s: above what a port of this kind reaches, so that the way down is short. */
  static final double LINE_BYTES_PER_SECOND = 12.5e9;

  /** 10 Mb/s: however many notifications come, also false ones, work goes on. */
  static final double LEAST_BYTES_PER_SECOND = 1.25e6;

  /** Notifications within this time of a cut are of the same congestion. */
  static final long CUT_PERIOD_NS = 4_000;

  /** Period of the decay of alpha, and of the increase by time. */
  static final long PERIOD_NS = 55_000;

  private static final double GAIN = 1.0 / 256;
  private static final long STEP_BYTES = 10_000_000;
  private static final int FAST_STEPS = 5;

  /** 40 and 400 Mb/s. */
  private static final double ADDITIVE = 5e6;

  private static final double HYPER = 5e7;

  /** From here on there is no limit again. */
  private static final double NEARLY = 0.99;

  /** So long after the last notification even the slowest has recovered. */
  private static final long FORGET_NS = 1_000_000_000;

  /** What may go at once after a wait, so that packets still go in trains. */
  private static final int BURST_BYTES = 65_536;

  private static final long LONGEST_BURST_NS = 100_000;
  private static final double NS_PER_SECOND = 1e9;

  private boolean limited;
  private double current;
  private double target;
  private double alpha;
  private long cutNs;
  private long alphaNs;
  private long increaseNs;
  private int timeSteps;
  private int byteSteps;
  private long stepBytes;

  /** When all that was sent is paid for. */
  private long freeNs;

  /** A congestion notification came. */
  void onNotification(long nowNs) {
    advance(nowNs);
    if (!limited) {
      limited = true;
      current = LINE_BYTES_PER_SECOND;
      alpha = 1;
      freeNs = nowNs;
    } else if (nowNs - cutNs < CUT_PERIOD_NS) {
      return;
    }
    target = current;
    current = Math.max(LEAST_BYTES_PER_SECOND, current * (1 - alpha / 2));
    alpha = (1 - GAIN) * alpha + GAIN;
    cutNs = nowNs;
    alphaNs = nowNs;
    increaseNs = nowNs;
    timeSteps = 0;
    byteSteps = 0;
    stepBytes = 0;
  }

  /** No limit any more. */
  void reset() {
    limited = false;
  }

  /** Whether a packet may go now. */
  boolean admits(long nowNs) {
    if (!limited) {
      return true;
    }
    advance(nowNs);
    return !limited || nowNs - freeNs >= 0;
  }

  /** When it is worth while to ask again: a burst may go then. Only after "no". */
  long nextNs() {
    return freeNs + burstNs();
  }

  /** Whether another packet may go at once after one of so many bytes. */
  boolean admitsAfter(int bytes, long nowNs) {
    return !limited || nowNs - freeAfter(bytes, nowNs) >= 0;
  }

  private long freeAfter(int bytes, long nowNs) {
    long earliest = nowNs - burstNs();
    long from = freeNs - earliest < 0 ? earliest : freeNs;
    return from + (long) (bytes * NS_PER_SECOND / current);
  }

  /** A packet went. */
  void sent(int bytes, long nowNs) {
    if (!limited) {
      return;
    }
    freeNs = freeAfter(bytes, nowNs);
    stepBytes += bytes;
    if (stepBytes >= STEP_BYTES) {
      stepBytes -= STEP_BYTES;
      byteSteps++;
      increase();
    }
  }

  private long burstNs() {
    return Math.min(LONGEST_BURST_NS, (long) (BURST_BYTES * NS_PER_SECOND / current));
  }

  private void advance(long nowNs) {
    if (limited && nowNs - cutNs > FORGET_NS) {
      limited = false;
    }
    while (limited && nowNs - alphaNs >= PERIOD_NS) {
      alpha *= 1 - GAIN;
      alphaNs += PERIOD_NS;
    }
    while (limited && nowNs - increaseNs >= PERIOD_NS) {
      increaseNs += PERIOD_NS;
      timeSteps++;
      increase();
    }
  }

  private void increase() {
    int most = Math.max(timeSteps, byteSteps);
    int least = Math.min(timeSteps, byteSteps);
    if (least > FAST_STEPS) {
      target += HYPER * (least - FAST_STEPS);
    } else if (most > FAST_STEPS) {
      target += ADDITIVE;
    }
    target = Math.min(target, LINE_BYTES_PER_SECOND);
    current = (current + target) / 2;
    limited = current < NEARLY * LINE_BYTES_PER_SECOND;
  }

  /** The present limit in bytes a second; infinite without one. */
  double bytesPerSecond(long nowNs) {
    advance(nowNs);
    return limited ? current : Double.POSITIVE_INFINITY;
  }

  /** The estimate of the congestion, 0..1. */
  double alpha() {
    return alpha;
  }
}
