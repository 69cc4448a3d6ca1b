// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.block.BlockDeviceState;
import ib.block.BlockOperation;
import ib.block.BlockStatus;
import ib.srp.SrpTskMgmt;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class SwapTest {
  private static final int LANES = 16;
  private static final int SWAPS = 30;

  private static void pause(Random random, int maxUs) {
    try {
      TimeUnit.MICROSECONDS.sleep(random.nextInt(maxUs + 1));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Each kind of swap, in seeded order and at seeded moments, under load: nothing lost, twice,
   * wrong or left over.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void shouldLoseNothingAcrossSwaps(long seed) throws Exception {
    Random random = new Random(seed);
    try (Rig rig = new Rig(seed)) {
      FakeHca now = rig.plug();
      rig.running();
      Workload load = new Workload(rig.disk, rig.pool, LANES, seed);
      load.start();
      for (int swap = 0; swap < SWAPS; swap++) {
        now = swap(rig, now, random);
        AtomicLong after = new AtomicLong(load.done.get());
        rig.await(
            () -> load.done.get() > after.get() + 3 * LANES || !load.faults.isEmpty(),
            "I/O after swap " + swap + ", seed " + seed);
        pause(random, 3000);
      }
      load.stop();
      rig.await(load::isStopped, "the end of all lanes, seed " + seed);
      assertThat(load.faults).as("seed %d", seed).isEmpty();
      assertThat(rig.disk.figures().failed()).isZero();
      rig.checkLedger();
    }
    // Rig.close has seen that nothing is left over.
  }

  private static FakeHca swap(Rig rig, FakeHca old, Random random) throws InterruptedException {
    switch (random.nextInt(5)) {
      case 0 -> {
        FakeHca replacement = rig.plug();
        pause(random, 5000);
        rig.unplug(old);
        return replacement;
      }
      case 1 -> {
        // The new one comes on another thread while the old one goes.
        FakeHca replacement = rig.device();
        Thread other = new Thread(() -> rig.disk.keeper().bind(replacement));
        other.start();
        rig.unplug(old);
        other.join();
        return replacement;
      }
      case 2 -> {
        rig.unplug(old);
        pause(random, 20_000);
        return rig.plug();
      }
      case 3 -> {
        rig.target.disconnectNewest();
        return old;
      }
      default -> {
        // The driver dies under its commands, and leaves while the disk is closing the broken
        // channel.
        rig.target.disconnectNewest();
        pause(random, 2000);
        FakeHca replacement = rig.plug();
        rig.unplug(old);
        return replacement;
      }
    }
  }

  @Test
  void shouldLogInBesideTheOldChannelBeforeItDrains() {
    try (Rig rig = new Rig(30)) {
      FakeHca old = rig.plug();
      rig.running();
      FakeHca replacement = rig.plug();
      rig.await(() -> rig.disk.figures().logins() == 2, "the second login");
      rig.await(() -> old.leftovers() == 0, "the old channel's end");
      assertThat(rig.target.sessions.get(0).single).isTrue();
      assertThat(rig.target.sessions.get(1).single).isFalse();
      assertThat(rig.disk.figures().path()).isEqualTo("fake0 generation 2");
      rig.unplug(old);
      assertThat(rig.disk.state()).isEqualTo(BlockDeviceState.RUNNING);
      assertThat(rig.run(BlockOperation.READ, 0, 8, rig.memory(4096), 1)).isEqualTo(BlockStatus.OK);
      assertThat(rig.disk.figures().resent()).isZero();
      rig.unplug(replacement);
    }
  }

  @Test
  void shouldFinishALoginOnANewerDeviceBeforeTheOldOneIsLeft() {
    try (Rig rig = new Rig(36)) {
      FakeHca old = rig.plug();
      rig.running();
      rig.manager.delayMs = 200;
      FakeHca replacement = rig.plug();
      // As core does: the older service goes right after the newer one came.
      rig.unplug(old);
      assertThat(rig.disk.figures().logins()).isEqualTo(2);
      assertThat(rig.disk.figures().path()).isEqualTo("fake0 generation 2");
      assertThat(rig.disk.state()).isEqualTo(BlockDeviceState.RUNNING);
      rig.unplug(replacement);
    }
  }

  @Test
  void shouldNotWaitForANewerDeviceThatCanNotLogIn() {
    try (Rig rig = new Rig(37)) {
      FakeHca old = rig.plug();
      rig.running();
      rig.target.rejectReason = 0x10001;
      rig.plug();
      rig.unplugInTime(old);
      assertThat(rig.disk.state()).isEqualTo(BlockDeviceState.BLOCKED);
    }
  }

  @Test
  void shouldStayWithTheOldDeviceWhileTheNewOneCanNotLogIn() {
    try (Rig rig = new Rig(31)) {
      FakeHca old = rig.plug();
      rig.running();
      rig.target.rejectReason = 0x10001;
      FakeHca bad = rig.plug();
      rig.await(() -> rig.disk.figures().loginFailures() > 0, "a refusal");
      assertThat(rig.run(BlockOperation.READ, 0, 8, rig.memory(4096), 1)).isEqualTo(BlockStatus.OK);
      assertThat(rig.disk.figures().path()).isEqualTo("fake0 generation 1");
      rig.unplug(bad);
      assertThat(rig.disk.state()).isEqualTo(BlockDeviceState.RUNNING);
      assertThat(old.leftovers()).isPositive();
    }
  }

  @Test
  void shouldBreakWhatIsNotAnsweredAndFenceItBeforeItIsSentAgain() {
    try (Rig rig = new Rig(32)) {
      FakeHca old = rig.plug();
      rig.running();
      rig.target.mute = true;
      CompletableFuture<BlockStatus> write =
          rig.start(BlockOperation.WRITE, 0, 8, rig.memory(4096), 1);
      rig.await(() -> rig.target.sessions.getLast().outstanding == 1, "in flight");
      rig.unplugInTime(old);
      assertThat(rig.disk.figures().held()).isEqualTo(1);
      rig.target.mute = false;
      rig.plug();
      assertThat(rig.get(write)).isEqualTo(BlockStatus.OK);
      assertThat(rig.target.sessions.getLast().single).isTrue();
      assertThat(rig.target.tasks).containsExactly(SrpTskMgmt.LUN_RESET);
      assertThat(rig.disk.figures().fences()).isEqualTo(1);
      assertThat(rig.disk.figures().resent()).isEqualTo(1);
      rig.checkLedger();
    }
  }

  @Test
  void shouldFenceWritesThatFailedWhileThereWasNoPath() {
    try (Rig rig = new Rig(36)) {
      FakeHca old = rig.plug();
      rig.running();
      rig.target.mute = true;
      CompletableFuture<BlockStatus> write =
          rig.start(BlockOperation.WRITE, 0, 8, rig.memory(4096), 1);
      rig.await(() -> rig.target.sessions.getLast().outstanding == 1, "in flight");
      rig.unplug(old);
      rig.skippedNs.addAndGet(TimeUnit.SECONDS.toNanos(16));
      assertThat(rig.get(write)).isEqualTo(BlockStatus.TRANSPORT_FAILED);
      rig.target.mute = false;
      rig.plug();
      rig.running();
      assertThat(rig.target.sessions.getLast().single).isTrue();
      assertThat(rig.target.tasks).containsExactly(SrpTskMgmt.LUN_RESET);
      rig.checkLedger();
    }
  }

  @Test
  void shouldFenceTheNewChannelTooIfTheOldOneDoesNotDrain() {
    try (Rig rig = new Rig(33)) {
      FakeHca old = rig.plug();
      rig.running();
      rig.target.mute = true;
      CompletableFuture<BlockStatus> write =
          rig.start(BlockOperation.WRITE, 0, 8, rig.memory(4096), 1);
      rig.await(() -> rig.target.sessions.getLast().outstanding == 1, "in flight");
      rig.target.mute = false;
      rig.plug();
      rig.await(() -> rig.disk.figures().logins() == 2, "the login beside");
      rig.unplug(old);
      assertThat(rig.get(write)).isEqualTo(BlockStatus.OK);
      assertThat(rig.target.sessions).hasSize(3);
      assertThat(rig.target.sessions.get(1).single).isFalse();
      assertThat(rig.target.sessions.get(2).single).isTrue();
      assertThat(rig.disk.figures().fences()).isEqualTo(1);
      rig.checkLedger();
    }
  }

  @Test
  void shouldLetUnbindAndStopCloseTheSameChannel() throws Exception {
    Rig rig = new Rig(34);
    try (rig) {
      FakeHca hca = rig.plug();
      rig.running();
      Workload load = new Workload(rig.disk, rig.pool, LANES, 34);
      load.start();
      rig.await(() -> load.done.get() > 100, "load");
      Thread other = new Thread(() -> rig.disk.keeper().unbind(hca));
      other.start();
      load.stop();
      rig.disk.keeper().stop();
      other.join();
      assertThat(hca.leftovers()).isZero();
      rig.await(load::isStopped, "the end of all lanes");
      assertThat(rig.disk.figures().completedTwice()).isZero();
      assertThat(rig.disk.figures().submitted()).isEqualTo(rig.disk.finished());
    }
  }

  @Test
  void shouldReconnectWhenTheManagerIsReplaced() {
    try (Rig rig = new Rig(35)) {
      FakeHca hca = rig.plug();
      rig.running();
      rig.disk.keeper().unbind(rig.manager);
      assertThat(rig.disk.state()).isEqualTo(BlockDeviceState.BLOCKED);
      assertThat(hca.leftovers()).isZero();
      rig.disk.keeper().bind(new FakeManager(rig.agent, rig.target));
      rig.running();
    }
  }

  @Test
  void shouldCloseABrokenChannelWhileALoginBesideItIsUnderWay() {
    try (Rig rig = new Rig(38)) {
      rig.plug();
      rig.running();
      rig.manager.noAnswer = true;
      FakeHca replacement = rig.plug();
      rig.await(() -> replacement.leftovers() > 5, "a login under way");
      rig.target.disconnectNewest();
      // Long before the login is given up: until then I/O would be held without a bound.
      rig.await(() -> rig.disk.state() == BlockDeviceState.BLOCKED, "the old channel's end");
      rig.manager.noAnswer = false;
      rig.unplug(replacement);
      rig.running();
    }
  }
}
