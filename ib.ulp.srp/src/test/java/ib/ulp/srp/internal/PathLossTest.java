// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.block.BlockOperation;
import ib.block.BlockStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What becomes of requests whose path breaks while they are with the target. */
class PathLossTest {
  @Test
  void shouldLoseNoRequestOfABrokenPathWhenAnUnmapThrows() {
    try (Rig rig = new Rig(33)) {
      FakeHca hca = rig.plug();
      rig.running();
      rig.target.mute = true;
      List<CompletableFuture<BlockStatus>> results = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        results.add(rig.start(BlockOperation.READ, i, 8, rig.memory(4096), 1));
      }
      rig.await(() -> rig.target.sessions.getLast().outstanding == 3, "in flight");
      rig.target.mute = false;
      hca.ops.throwAtUnmaps(1);
      rig.target.disconnectNewest();
      results.forEach(result -> assertThat(rig.get(result)).isEqualTo(BlockStatus.OK));
      rig.await(() -> rig.disk.inFlight() == 0, "nothing in flight");
      rig.checkLedger();
    }
  }

  @Test
  void shouldLoseNoRequestWhenTheUnmapAfterItsAnswerThrows() {
    try (Rig rig = new Rig(36)) {
      FakeHca hca = rig.plug();
      rig.running();
      hca.ops.throwAtUnmaps(1);
      assertThat(rig.run(BlockOperation.READ, 0, 8, rig.memory(4096), 1)).isEqualTo(BlockStatus.OK);
      rig.await(() -> rig.disk.inFlight() == 0, "nothing in flight");
      rig.checkLedger();
    }
  }

  /** That it was sent often is not what its path suffered. */
  @Test
  void shouldSendARequestAgainThatWasOftenRefusedBeforeItsPathBroke() {
    try (Rig rig = new Rig(34)) {
      rig.plug();
      rig.running();
      rig.target.swallowing = true;
      rig.target.busy = CommandEngine.MAX_BREAKS + 5;
      CompletableFuture<BlockStatus> result =
          rig.start(BlockOperation.READ, 0, 8, rig.memory(4096), 1);
      rig.await(() -> rig.target.swallowed == 1, "not refused any more");
      rig.target.swallowing = false;
      rig.target.disconnectNewest();
      assertThat(rig.get(result)).isEqualTo(BlockStatus.OK);
      rig.checkLedger();
    }
  }

  @Test
  void shouldGiveUpARequestWhosePathBreaksAgainAndAgain() {
    try (Rig rig = new Rig(35)) {
      rig.plug();
      rig.running();
      rig.target.swallowing = true;
      CompletableFuture<BlockStatus> result =
          rig.start(BlockOperation.READ, 0, 8, rig.memory(4096), 1);
      for (int i = 1; i <= CommandEngine.MAX_BREAKS; i++) {
        int breaks = i;
        rig.await(() -> rig.target.swallowed == breaks, "with the target, time " + i);
        assertThat(result).isNotDone();
        rig.target.disconnectNewest();
      }
      assertThat(rig.get(result)).isEqualTo(BlockStatus.IO_ERROR);
      rig.target.swallowing = false;
      assertThat(rig.run(BlockOperation.READ, 0, 8, rig.memory(4096), 1)).isEqualTo(BlockStatus.OK);
      rig.await(() -> rig.disk.inFlight() == 0, "nothing in flight");
    }
  }
}
