// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.demo;

import ib.block.DiskStatistics;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * Runs the swaps one after the other, on seeded sides and at seeded moments, and keeps the
 * timeline. One thread.
 */
final class SwapRun {
  private static final int MIN_REST_MS = 60;
  private static final int MAX_REST_MS = 400;
  private static final long PROGRESS_COMPLETIONS = 64;

  private final Stage stage;
  private final Side initiator;
  private final Side target;
  private final DiskStatistics disk;
  private final GapMonitor gaps;
  private final Consumer<SwapRecord> onRecord;
  private final SplittableRandom random;
  private final List<SwapRecord> timeline = new ArrayList<>();
  private final long beganNs = System.nanoTime();

  SwapRun(
      Stage stage,
      Side initiator,
      Side target,
      DiskStatistics disk,
      GapMonitor gaps,
      long seed,
      Consumer<SwapRecord> onRecord) {
    this.stage = stage;
    this.initiator = initiator;
    this.target = target;
    this.disk = disk;
    this.gaps = gaps;
    this.onRecord = onRecord;
    random = new SplittableRandom(seed);
  }

  List<SwapRecord> timeline() {
    return timeline;
  }

  /**
   * Every kind in turn, in a seeded order; once, in the middle, both ends on one bundle that is
   * replaced.
   */
  void run(int swaps) throws DemoException, IOException {
    int bothAt = swaps / 2;
    Swap[] kinds = Swap.values();
    int next = random.nextInt(kinds.length);
    for (int i = 0; i < swaps; i++) {
      stage.pause(random.nextInt(MIN_REST_MS, MAX_REST_MS));
      if (i == bothAt) {
        bothAtOnce();
      } else {
        one(kinds[next++ % kinds.length], random.nextBoolean() ? initiator : target);
      }
    }
  }

  private void one(Swap swap, Side side) throws DemoException, IOException {
    boolean shared = swap.isOfBundle() && initiator.driver.equals(target.driver);
    Side other = side == initiator ? target : initiator;
    long otherBefore = stage.generation(other.device);
    record(
        shared ? "both" : side.name,
        swap,
        () -> {
          String what = swap.run(stage, side, random);
          if (shared) {
            stage.awaitActive(other, otherBefore);
          }
          return what;
        });
  }

  private void bothAtOnce() throws DemoException, IOException {
    if (!initiator.driver.equals(target.driver)) {
      Swap.exchange(stage, target, initiator.driver, random.nextBoolean(), random);
      awaitProgress();
    }
    one(Swap.UPDATE_IN_PLACE, initiator);
  }

  /** Something that replaces a driver and says what it did. */
  private interface Step {
    String run() throws DemoException, IOException;
  }

  private void record(String side, Swap swap, Step step) throws DemoException, IOException {
    stage.await("no command was in flight", () -> disk.inFlight() > 0);
    int inFlight = disk.inFlight();
    long startNs = System.nanoTime();
    gaps.begin();
    String what = step.run();
    awaitProgress();
    SwapRecord record =
        new SwapRecord(
            timeline.size() + 1,
            (startNs - beganNs) / 1_000_000,
            side,
            swap.name(),
            what,
            inFlight,
            gaps.longestNs() / 1e6,
            (System.nanoTime() - startNs) / 1_000_000);
    timeline.add(record);
    onRecord.accept(record);
  }

  private void awaitProgress() throws DemoException {
    long from = disk.finished();
    stage.await(
        "no I/O completed after the swap", () -> disk.finished() - from >= PROGRESS_COMPLETIONS);
  }
}
