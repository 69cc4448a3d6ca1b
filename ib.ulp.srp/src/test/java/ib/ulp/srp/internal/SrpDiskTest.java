// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.block.BlockDeviceState;
import ib.block.BlockOperation;
import ib.block.BlockRequest;
import ib.block.BlockStatus;
import ib.dma.DmaMemory;
import ib.srp.SrpAerReq;
import ib.srp.SrpLogout;
import ib.srp.SrpOpcode;
import ib.srp.SrpTskMgmt;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(180)
class SrpDiskTest {
  private static void fill(DmaMemory memory, long seed) {
    byte[] bytes = new byte[(int) memory.size()];
    new Random(seed).nextBytes(bytes);
    MemorySegment.copy(bytes, 0, memory.segment(), ValueLayout.JAVA_BYTE, 0, bytes.length);
  }

  private static byte[] bytes(DmaMemory memory) {
    return memory.segment().toArray(ValueLayout.JAVA_BYTE);
  }

  @Test
  void shouldFindTheDiskAfterLogin() {
    try (Rig rig = new Rig(1)) {
      assertThat(rig.disk.state()).isEqualTo(BlockDeviceState.BLOCKED);
      rig.plug();
      rig.running();
      assertThat(rig.disk.blockSize()).isEqualTo(512);
      assertThat(rig.disk.blockCount()).isEqualTo(Rig.BLOCKS);
      assertThat(rig.disk.maxTransferBlocks()).isEqualTo(2048);
      assertThat(rig.disk.figures().path()).isEqualTo("fake0 generation 1");
      assertThat(rig.target.sessions.getFirst().single).isTrue();
      rig.checkLedger();
    }
  }

  @Test
  void shouldReadWhatItWroteByDirectAndIndirectDescriptors() {
    for (int pieces : new int[] {1, 2, 12}) {
      try (Rig rig = new Rig(2)) {
        rig.plug();
        rig.running();
        DmaMemory out = rig.memory(24 * 512);
        DmaMemory in = rig.memory(24 * 512);
        fill(out, pieces);
        assertThat(rig.run(BlockOperation.WRITE, 100, 24, out, pieces)).isEqualTo(BlockStatus.OK);
        assertThat(rig.run(BlockOperation.READ, 100, 24, in, pieces)).isEqualTo(BlockStatus.OK);
        assertThat(rig.run(BlockOperation.FLUSH, 0, 0, in, 0)).isEqualTo(BlockStatus.OK);
        assertThat(bytes(in)).isEqualTo(bytes(out));
        assertThat(rig.target.formats.getOrDefault(2, 0)).isEqualTo(pieces == 1 ? 0 : 2);
        rig.checkLedger();
      }
    }
  }

  @Test
  void shouldUseATableInMemoryWhereAllowedAndNeeded() {
    try (Rig rig = new Rig(3, "cmd.sg.entries", 4, "allow.ext.sg", true)) {
      rig.plug();
      rig.running();
      DmaMemory out = rig.memory(64 * 512);
      DmaMemory in = rig.memory(64 * 512);
      fill(out, 3);
      assertThat(rig.run(BlockOperation.WRITE, 0, 64, out, 32)).isEqualTo(BlockStatus.OK);
      assertThat(rig.run(BlockOperation.READ, 0, 64, in, 16)).isEqualTo(BlockStatus.OK);
      assertThat(bytes(in)).isEqualTo(bytes(out));
      assertThat(rig.target.formats).containsEntry(4, 2);
      rig.checkLedger();
    }
  }

  @Test
  void shouldRefuseATableThatTheTargetWouldHaveToFetchUnlessAllowed() {
    try (Rig rig = new Rig(3, "cmd.sg.entries", 4)) {
      rig.plug();
      rig.running();
      assertThat(rig.disk.maxRanges()).isEqualTo(4);
      assertThat(rig.run(BlockOperation.WRITE, 0, 8, rig.memory(4096), 8))
          .isEqualTo(BlockStatus.INVALID);
      assertThat(rig.target.formats).doesNotContainKey(4);
    }
  }

  @Test
  void shouldCutRangesThatAreLongerThanTheDeviceTakes() {
    try (Rig rig = new Rig(4)) {
      rig.disk.keeper().bind(rig.device(4096));
      rig.running();
      DmaMemory out = rig.memory(8 * 4096);
      DmaMemory in = rig.memory(8 * 4096);
      fill(out, 4);
      assertThat(rig.run(BlockOperation.WRITE, 8, 64, out, 1)).isEqualTo(BlockStatus.OK);
      assertThat(rig.run(BlockOperation.READ, 8, 64, in, 1)).isEqualTo(BlockStatus.OK);
      assertThat(bytes(in)).isEqualTo(bytes(out));
      rig.checkLedger();
    }
  }

  @Test
  void shouldDiscardByUnmap() {
    try (Rig rig = new Rig(5)) {
      rig.plug();
      rig.running();
      DmaMemory data = rig.memory(8 * 512);
      fill(data, 5);
      assertThat(rig.run(BlockOperation.WRITE, 16, 8, data, 1)).isEqualTo(BlockStatus.OK);
      assertThat(rig.run(BlockOperation.DISCARD, 16, 4, data, 0)).isEqualTo(BlockStatus.OK);
      assertThat(rig.run(BlockOperation.READ, 16, 8, data, 1)).isEqualTo(BlockStatus.OK);
      assertThat(
              data.segment().asSlice(0, 4 * 512).mismatch(MemorySegment.ofArray(new byte[4 * 512])))
          .isEqualTo(-1);
      assertThat(data.segment().asSlice(4 * 512).mismatch(MemorySegment.ofArray(new byte[4 * 512])))
          .isNotEqualTo(-1);
      rig.checkLedger();
    }
  }

  @Test
  void shouldRefuseInvalidRequestsInWords() {
    try (Rig rig = new Rig(6)) {
      rig.plug();
      rig.running();
      DmaMemory data = rig.memory(4096);
      assertThat(rig.run(BlockOperation.READ, Rig.BLOCKS - 7, 8, data, 1))
          .isEqualTo(BlockStatus.INVALID);
      assertThat(rig.run(BlockOperation.READ, -1, 8, data, 1)).isEqualTo(BlockStatus.INVALID);
      assertThat(rig.run(BlockOperation.READ, 0, 0, data, 0)).isEqualTo(BlockStatus.INVALID);
      CompletableFuture<BlockStatus> result = new CompletableFuture<>();
      BlockRequest request = rig.request(result, BlockOperation.WRITE, 0, 4, data, 1);
      request.data().add(data, 0, 512);
      assertThat(rig.disk.submit(request)).isTrue();
      assertThat(rig.get(result)).isEqualTo(BlockStatus.INVALID);
      assertThat(request.message()).contains("2560 bytes of memory for 2048");
      data.close();
      assertThat(rig.run(BlockOperation.READ, 0, 8, data, 1)).isEqualTo(BlockStatus.INVALID);
    }
  }

  @Test
  void shouldKeepOneCreditForTaskManagementAndWaitForMore() {
    try (Rig rig = new Rig(7)) {
      rig.target.requestLimit = 5;
      rig.plug();
      rig.running();
      List<CompletableFuture<BlockStatus>> results = new ArrayList<>();
      DmaMemory data = rig.memory(512);
      for (int i = 0; i < 40; i++) {
        results.add(rig.start(BlockOperation.READ, i, 1, data, 1));
      }
      results.forEach(result -> assertThat(rig.get(result)).isEqualTo(BlockStatus.OK));
      // The target notes a fault when more than its limit - 1 commands are outstanding.
      rig.checkLedger();
    }
  }

  @Test
  void shouldAnswerCreditRequests() {
    try (Rig rig = new Rig(8)) {
      rig.plug();
      rig.running();
      rig.target.sendCreditRequest(3);
      rig.await(() -> rig.target.tasks.contains(-SrpOpcode.CRED_RSP), "CRED_RSP");
      SrpChannel channel = rig.disk.keeper().engine().current();
      assertThat(channel).isNotNull();
      assertThat(channel.credits()).isEqualTo(32 + 3);
    }
  }

  @Test
  void shouldAnswerAsynchronousEventReports() {
    try (Rig rig = new Rig(22)) {
      rig.plug();
      rig.running();
      byte[] unit = new byte[SrpAerReq.LENGTH];
      SrpAerReq.init(MemorySegment.ofArray(unit), 0, 5);
      rig.target.send(unit);
      rig.await(() -> rig.target.tasks.contains(-SrpOpcode.AER_RSP), "AER_RSP");
      rig.checkLedger();
    }
  }

  @Test
  void shouldLogInAgainAfterALogoutByTheTarget() {
    try (Rig rig = new Rig(23)) {
      rig.plug();
      rig.running();
      byte[] unit = new byte[SrpLogout.LENGTH];
      SrpLogout.initTarget(MemorySegment.ofArray(unit), 0, 5, SrpLogout.INACTIVE);
      rig.target.send(unit);
      rig.await(() -> rig.disk.figures().logins() == 2, "a second login");
      assertThat(rig.log).anyMatch(line -> line.contains("logged us out, reason 1"));
      assertThat(rig.run(BlockOperation.READ, 0, 8, rig.memory(4096), 1)).isEqualTo(BlockStatus.OK);
    }
  }

  @Test
  void shouldGiveUpAChannelOnWhichTheTargetSendsNonsense() {
    try (Rig rig = new Rig(24)) {
      rig.plug();
      rig.running();
      rig.target.send(new byte[] {(byte) SrpOpcode.RSP, 0, 0});
      rig.await(() -> rig.disk.figures().logins() == 2, "a second login");
      assertThat(rig.log).anyMatch(line -> line.contains("RSP of 3 bytes"));
      assertThat(rig.run(BlockOperation.READ, 0, 8, rig.memory(4096), 1)).isEqualTo(BlockStatus.OK);
    }
  }

  @Test
  void shouldRefuseMoreThanItsQueue() {
    try (Rig rig = new Rig(9, "queue.size", 4)) {
      DmaMemory data = rig.memory(512);
      for (int i = 0; i < 4; i++) {
        assertThat(
                rig.disk.submit(
                    rig.request(new CompletableFuture<>(), BlockOperation.FLUSH, 0, 0, data, 0)))
            .isTrue();
      }
      assertThat(
              rig.disk.submit(
                  rig.request(new CompletableFuture<>(), BlockOperation.FLUSH, 0, 0, data, 0)))
          .isFalse();
      // Whoever drives the disk just now takes them over.
      rig.await(() -> rig.disk.figures().held() == 4, "held requests");
      rig.plug();
      rig.running();
      rig.await(() -> rig.disk.finished() == 4, "held requests");
      rig.checkLedger();
    }
  }

  @Test
  void shouldTreatAMappingFailureAsBackPressure() {
    try (Rig rig = new Rig(10)) {
      FakeHca hca = rig.plug();
      rig.running();
      hca.ops.failMaps(5);
      assertThat(rig.run(BlockOperation.READ, 0, 8, rig.memory(4096), 1)).isEqualTo(BlockStatus.OK);
      assertThat(rig.disk.figures().mappingFailures()).isEqualTo(5);
      SrpChannel channel = rig.disk.keeper().engine().current();
      assertThat(channel).isNotNull();
      rig.await(() -> channel.credits() == 32, "credits");
      rig.checkLedger();
    }
  }

  @Test
  void shouldGiveUpAMappingThatNeverSucceedsWithRetry() {
    try (Rig rig = new Rig(11)) {
      FakeHca hca = rig.plug();
      rig.running();
      hca.ops.failMaps(Integer.MAX_VALUE);
      CompletableFuture<BlockStatus> result =
          rig.start(BlockOperation.READ, 0, 8, rig.memory(4096), 1);
      rig.await(() -> rig.disk.figures().mappingFailures() > 3, "failures");
      rig.skippedNs.addAndGet(TimeUnit.SECONDS.toNanos(3));
      assertThat(rig.get(result)).isEqualTo(BlockStatus.RETRY);
      hca.ops.failMaps(0);
      assertThat(rig.run(BlockOperation.READ, 0, 8, rig.memory(4096), 1)).isEqualTo(BlockStatus.OK);
    }
  }

  @Test
  void shouldGiveUpAllThatWaitForAMappingAfterOneBoundAndNotOneAfterTheOther() {
    try (Rig rig = new Rig(13)) {
      FakeHca hca = rig.plug();
      rig.running();
      hca.ops.failMaps(Integer.MAX_VALUE);
      DmaMemory memory = rig.memory(4096);
      List<CompletableFuture<BlockStatus>> results = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        results.add(rig.start(BlockOperation.READ, 8 * i, 8, memory, 1));
      }
      rig.await(() -> rig.disk.figures().mappingFailures() > 3, "failures");
      rig.skippedNs.addAndGet(TimeUnit.SECONDS.toNanos(3));
      rig.await(() -> results.stream().allMatch(CompletableFuture::isDone), "all to be given up");
      assertThat(results).allMatch(result -> result.join() == BlockStatus.RETRY);
      rig.checkLedger();
    }
  }

  @Test
  void shouldRideThroughUnitAttentionAndBusy() {
    try (Rig rig = new Rig(12)) {
      rig.target.attentions = 3;
      rig.plug();
      rig.running();
      rig.target.attentions = 2;
      rig.target.busy = 2;
      assertThat(rig.run(BlockOperation.WRITE, 0, 8, rig.memory(4096), 2))
          .isEqualTo(BlockStatus.OK);
      assertThat(rig.disk.figures().resent()).isEqualTo(4);
      rig.checkLedger();
    }
  }

  @Test
  void shouldAskAgainWhenTheTargetHasNoRoomDuringDiscovery() {
    try (Rig rig = new Rig(14)) {
      rig.target.discoveryBusy = 5;
      rig.plug();
      rig.running();
      assertThat(rig.target.discoveryBusy).isZero();
      assertThat(rig.disk.figures().loginFailures()).isZero();
      rig.checkLedger();
    }
  }

  @Test
  void shouldRefuseAndCountASecondAnswer() {
    try (Rig rig = new Rig(21)) {
      rig.plug();
      rig.running();
      rig.target.answerTwice = true;
      assertThat(rig.run(BlockOperation.READ, 0, 8, rig.memory(4096), 1)).isEqualTo(BlockStatus.OK);
      rig.await(() -> rig.disk.figures().completedTwice() == 1, "the second answer");
      rig.target.answerTwice = false;
      assertThat(rig.run(BlockOperation.READ, 0, 8, rig.memory(4096), 1)).isEqualTo(BlockStatus.OK);
      assertThat(rig.disk.figures().completed()).isEqualTo(2);
      assertThat(rig.disk.figures().submitted()).isEqualTo(2);
    }
  }

  @Test
  void shouldExplainARefusedLoginAndKeepTrying() {
    try (Rig rig = new Rig(13)) {
      rig.target.rejectReason = 0x10003;
      rig.plug();
      rig.await(() -> rig.disk.figures().loginFailures() >= 2, "two attempts");
      assertThat(rig.disk.figures().lastEvent())
          .contains("0x10003", "I_T nexus", "127.81.0.2:5555")
          .contains("check id_ext");
      rig.target.rejectReason = 0;
      rig.running();
    }
  }

  @Test
  void shouldFailALoginToATargetWithTooSmallUnits() {
    try (Rig rig = new Rig(14)) {
      rig.target.maxIuBytes = 64;
      rig.plug();
      rig.await(() -> rig.disk.figures().loginFailures() >= 1, "a failure");
      assertThat(rig.disk.figures().lastEvent()).contains("64 bytes only");
    }
  }

  @Test
  void shouldAbortACommandThatIsNotAnsweredAndSendItAgain() {
    try (Rig rig = new Rig(15)) {
      rig.plug();
      rig.running();
      rig.target.mute = true;
      CompletableFuture<BlockStatus> result =
          rig.start(BlockOperation.READ, 0, 8, rig.memory(4096), 1);
      rig.await(() -> rig.target.sessions.getLast().outstanding == 1, "in flight");
      rig.target.mute = false;
      rig.skippedNs.addAndGet(TimeUnit.SECONDS.toNanos(31));
      assertThat(rig.get(result)).isEqualTo(BlockStatus.OK);
      assertThat(rig.target.tasks).contains(SrpTskMgmt.ABORT_TASK);
      assertThat(rig.disk.figures().logins()).isEqualTo(1);
      rig.checkLedger();
    }
  }

  @Test
  void shouldLogInAgainWhenAnAbortIsNotAnsweredEither() {
    try (Rig rig = new Rig(16)) {
      rig.plug();
      rig.running();
      rig.target.mute = true;
      rig.target.taskMute = true;
      CompletableFuture<BlockStatus> result =
          rig.start(BlockOperation.WRITE, 0, 8, rig.memory(4096), 1);
      rig.await(() -> rig.target.sessions.getLast().outstanding == 1, "in flight");
      rig.skippedNs.addAndGet(TimeUnit.SECONDS.toNanos(31));
      rig.await(() -> rig.target.tasks.contains(SrpTskMgmt.ABORT_TASK), "an abort");
      rig.target.mute = false;
      rig.target.taskMute = false;
      rig.skippedNs.addAndGet(TimeUnit.SECONDS.toNanos(6));
      assertThat(rig.get(result)).isEqualTo(BlockStatus.OK);
      assertThat(rig.target.sessions).hasSize(2);
      assertThat(rig.target.sessions.getLast().single).isTrue();
      assertThat(rig.target.tasks).containsExactly(SrpTskMgmt.ABORT_TASK, SrpTskMgmt.LUN_RESET);
      assertThat(rig.disk.figures().fences()).isEqualTo(1);
      rig.checkLedger();
    }
  }

  @Test
  void shouldHoldThenFailFastThenRecover() {
    try (Rig rig = new Rig(17)) {
      FakeHca hca = rig.plug();
      rig.running();
      rig.unplug(hca);
      assertThat(rig.disk.state()).isEqualTo(BlockDeviceState.BLOCKED);
      CompletableFuture<BlockStatus> held =
          rig.start(BlockOperation.READ, 0, 8, rig.memory(4096), 1);
      rig.await(() -> rig.disk.figures().held() == 1, "held");
      assertThat(held).isNotDone();
      rig.skippedNs.addAndGet(TimeUnit.SECONDS.toNanos(16));
      assertThat(rig.get(held)).isEqualTo(BlockStatus.TRANSPORT_FAILED);
      assertThat(rig.disk.state()).isEqualTo(BlockDeviceState.FAIL_FAST);
      assertThat(rig.run(BlockOperation.READ, 0, 8, rig.memory(4096), 1))
          .isEqualTo(BlockStatus.TRANSPORT_FAILED);
      rig.plug();
      rig.running();
      assertThat(rig.run(BlockOperation.READ, 0, 8, rig.memory(4096), 1)).isEqualTo(BlockStatus.OK);
      rig.checkLedger();
    }
  }

  @Test
  void shouldBeLostForGoodAfterTheDeviceLossTime() {
    try (Rig rig = new Rig(18)) {
      FakeHca hca = rig.plug();
      rig.running();
      rig.unplug(hca);
      rig.skippedNs.addAndGet(TimeUnit.SECONDS.toNanos(601));
      rig.await(() -> rig.disk.state() == BlockDeviceState.LOST, "lost");
      rig.plug();
      assertThat(rig.run(BlockOperation.READ, 0, 8, rig.memory(4096), 1))
          .isEqualTo(BlockStatus.TRANSPORT_FAILED);
      assertThat(rig.disk.figures().logins()).isEqualTo(1);
      assertThat(rig.lost).hasValue(1);
    }
  }

  @Test
  void shouldGiveUpALoginWhoseDeviceLeaves() {
    try (Rig rig = new Rig(19)) {
      rig.manager.noAnswer = true;
      FakeHca hca = rig.plug();
      rig.await(() -> hca.leftovers() > 5, "a login under way");
      rig.unplugInTime(hca);
      rig.manager.noAnswer = false;
      rig.plug();
      rig.running();
    }
  }

  @Test
  void shouldFailWhatIsHeldWhenTheDiskGoes() {
    CompletableFuture<BlockStatus> held;
    try (Rig rig = new Rig(20)) {
      held = rig.start(BlockOperation.FLUSH, 0, 0, rig.memory(512), 0);
    }
    assertThat(held).isCompletedWithValue(BlockStatus.TRANSPORT_FAILED);
  }

  private static SrpChannel channel(Rig rig) {
    SrpChannel channel = rig.disk.keeper().engine().current();
    assertThat(channel).isNotNull();
    return channel;
  }

  @Test
  void shouldLogInAgainWhenTheTargetTakesItsCreditBack() {
    try (Rig rig = new Rig(26)) {
      rig.plug();
      rig.running();
      rig.target.sendCreditRequest(-1000);
      SrpChannel channel = channel(rig);
      rig.await(() -> channel.credits() < 0, "no credit");
      CompletableFuture<BlockStatus> result =
          rig.start(BlockOperation.READ, 0, 8, rig.memory(4096), 1);
      rig.await(() -> rig.disk.figures().held() == 1, "held");
      rig.skippedNs.addAndGet(TimeUnit.SECONDS.toNanos(31));
      assertThat(rig.get(result)).isEqualTo(BlockStatus.OK);
      assertThat(rig.disk.figures().logins()).isEqualTo(2);
      assertThat(rig.log).anyMatch(line -> line.contains("granted no credit"));
      rig.checkLedger();
    }
  }

  @Test
  void shouldGiveUpWhatTwoLoginsGaveNoCreditFor() {
    try (Rig rig = new Rig(27, "fast.io.fail.seconds", "off", "dev.loss.seconds", "off")) {
      // What is left after the four commands of discovery is for task management.
      rig.target.requestLimit = 5;
      rig.target.grant = 0;
      rig.plug();
      rig.running();
      CompletableFuture<BlockStatus> result =
          rig.start(BlockOperation.READ, 0, 8, rig.memory(4096), 1);
      awaitInShortTime(rig, result);
      assertThat(result).isCompletedWithValue(BlockStatus.RETRY);
      rig.target.requestLimit = 32;
      rig.target.grant = 1;
      CompletableFuture<BlockStatus> next =
          rig.start(BlockOperation.READ, 0, 8, rig.memory(4096), 1);
      awaitInShortTime(rig, next);
      assertThat(next).isCompletedWithValue(BlockStatus.OK);
    }
  }

  /** Lets the disk's time pass a second at each look. */
  private static void awaitInShortTime(Rig rig, CompletableFuture<BlockStatus> result) {
    rig.await(
        () -> {
          rig.skippedNs.addAndGet(TimeUnit.SECONDS.toNanos(1));
          return result.isDone();
        },
        "an end");
  }

  @Test
  void shouldLogInAgainWhenThereIsNoCreditToAbortWhatIsNotAnswered() {
    try (Rig rig = new Rig(28)) {
      rig.plug();
      rig.running();
      rig.target.mute = true;
      CompletableFuture<BlockStatus> result =
          rig.start(BlockOperation.READ, 0, 8, rig.memory(4096), 1);
      rig.await(() -> rig.target.sessions.getLast().outstanding == 1, "in flight");
      rig.target.sendCreditRequest(-1000);
      SrpChannel channel = channel(rig);
      rig.await(() -> channel.credits() < 0, "no credit");
      rig.target.mute = false;
      rig.skippedNs.addAndGet(TimeUnit.SECONDS.toNanos(37));
      assertThat(rig.get(result)).isEqualTo(BlockStatus.OK);
      assertThat(rig.disk.figures().logins()).isEqualTo(2);
      rig.checkLedger();
    }
  }

  @Test
  void shouldGiveUpADiscoveryThatTakesTooLong() {
    try (Rig rig = new Rig(30)) {
      rig.target.discoveryBusy = 12;
      rig.plug();
      rig.await(() -> rig.target.discoveryBusy < 10, "discovery");
      rig.skippedNs.addAndGet(TimeUnit.SECONDS.toNanos(21));
      rig.running();
      assertThat(rig.disk.figures().loginFailures()).isEqualTo(1);
      assertThat(rig.log).anyMatch(line -> line.contains("discovery took longer than 20 s"));
    }
  }

  @Test
  void shouldRefuseADiskThatIsLargerThanAllAddresses() {
    try (Rig rig = new Rig(31)) {
      rig.target.lastBlock = Long.MAX_VALUE;
      rig.plug();
      rig.await(() -> rig.disk.figures().loginFailures() >= 1, "a failure");
      assertThat(rig.disk.figures().lastEvent()).contains("beyond all addresses");
    }
  }

  @Test
  void shouldKeepThePathWhenAMapThrowsAndGiveUpTheRequestInTheEnd() {
    try (Rig rig = new Rig(32)) {
      FakeHca hca = rig.plug();
      rig.running();
      hca.ops.throwAtMaps(3);
      assertThat(rig.run(BlockOperation.READ, 0, 8, rig.memory(4096), 1)).isEqualTo(BlockStatus.OK);
      hca.ops.throwAtMaps(Integer.MAX_VALUE);
      CompletableFuture<BlockStatus> result = new CompletableFuture<>();
      BlockRequest request = rig.request(result, BlockOperation.READ, 0, 8, rig.memory(4096), 1);
      assertThat(rig.disk.submit(request)).isTrue();
      rig.await(() -> rig.disk.figures().mappingFailures() > 5, "failures");
      rig.skippedNs.addAndGet(TimeUnit.SECONDS.toNanos(3));
      assertThat(rig.get(result)).isEqualTo(BlockStatus.RETRY);
      assertThat(request.message()).contains("a map that throws");
      hca.ops.throwAtMaps(0);
      assertThat(rig.run(BlockOperation.READ, 0, 8, rig.memory(4096), 1)).isEqualTo(BlockStatus.OK);
      assertThat(rig.disk.figures().logins()).isEqualTo(1);
      rig.checkLedger();
    }
  }
}
