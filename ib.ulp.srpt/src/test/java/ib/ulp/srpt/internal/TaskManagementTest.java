// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.srp.SrpIu;
import ib.srp.SrpLun;
import ib.srp.SrpRsp;
import ib.srp.SrpTskMgmt;
import ib.ulp.srpt.internal.FakeInitiator.Desc;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TaskManagementTest {
  private static final int TASK_ABORTED = 0x40;

  private Rig rig;
  private FakeHca hca;
  private FakeInitiator mine;
  private FakeInitiator other;

  @BeforeEach
  void login() {
    rig = new Rig();
    hca = rig.plug();
    mine = rig.login();
    other = rig.login(Rig.OTHER_ID, iu -> {});
  }

  @AfterEach
  void close() {
    hca.holdReads(false);
    rig.close();
  }

  private static void writeTo(FakeInitiator initiator, long tag, int lun) {
    initiator.send(
        FakeInitiator.command(
            tag,
            SrpLun.encode(lun),
            FakeInitiator.rw10(true, 0, 8),
            Desc.direct(0, 4096),
            Desc.NONE));
  }

  private int done(FakeInitiator initiator, long tag) {
    MemorySegment rsp = initiator.response();
    assertThat(SrpIu.tag(rsp, 0)).isEqualTo(tag);
    return SrpRsp.taskResponse(rsp, 0);
  }

  @ParameterizedTest
  @CsvSource({"1,0,0", "2,0,0", "4,0,0", "8,0,0", "64,0,0", "8,7,2", "2,7,2", "3,0,4", "128,0,4"})
  void shouldAnswerEachFunction(int function, int lun, int response) {
    mine.send(FakeInitiator.task(5, lun, function, 99));
    assertThat(done(mine, 5)).isEqualTo(response);
    assertThat(mine.credits.get()).isEqualTo(16);
  }

  @Test
  void shouldEndOneTaskAndGiveItsCreditBackWithTheAnswer() {
    hca.holdReads(true);
    writeTo(mine, 1, 0);
    writeTo(mine, 2, 0);
    mine.send(FakeInitiator.task(3, 0, SrpTskMgmt.ABORT_TASK, 1));
    rig.settle(hca);
    assertThat(mine.responseWithin(0)).as("its data still moves").isNull();
    hca.holdReads(false);
    assertThat(done(mine, 3)).isEqualTo(SrpRsp.TASK_COMPLETE);
    mine.good(2);
    assertThat(mine.responseWithin(50)).as("no response for the ended one").isNull();
    assertThat(mine.credits.get()).isEqualTo(16);
    assertThat(rig.disk.writes.get()).isEqualTo(1);
    Rig.await(rig.target.buffers()::isIdle, "buffers came back");
  }

  /** If all credits were spent on ended commands, nothing else would bring them back. */
  @Test
  void shouldGiveAllCreditsBackWhenAllCommandsAreEnded() {
    hca.holdReads(true);
    for (int i = 0; i < 15; i++) {
      writeTo(mine, i, 0);
    }
    mine.send(FakeInitiator.task(50, 0, SrpTskMgmt.LUN_RESET, 0));
    assertThat(mine.credits.get()).isZero();
    rig.settle(hca);
    hca.holdReads(false);
    assertThat(done(mine, 50)).isEqualTo(SrpRsp.TASK_COMPLETE);
    assertThat(mine.credits.get()).isEqualTo(16);
    assertThat(rig.disk.writes.get()).isZero();
  }

  @Test
  void shouldEndOnlyOwnTasksOfTheUnitWithAbortTaskSet() {
    hca.holdReads(true);
    writeTo(mine, 1, 0);
    writeTo(mine, 2, 1);
    writeTo(other, 3, 0);
    mine.send(FakeInitiator.task(4, 0, SrpTskMgmt.ABORT_TASK_SET, 0));
    rig.settle(hca);
    hca.holdReads(false);
    assertThat(done(mine, 4)).isEqualTo(SrpRsp.TASK_COMPLETE);
    mine.good(2);
    other.good(3);
    assertThat(rig.disk.writes.get()).isEqualTo(1);
    assertThat(rig.second.writes.get()).isEqualTo(1);
    assertThat(mine.credits.get()).isEqualTo(16);
  }

  @ParameterizedTest
  @ValueSource(ints = {SrpTskMgmt.CLEAR_TASK_SET, SrpTskMgmt.LUN_RESET})
  void shouldTellOthersThatTheirTasksWereEnded(int function) {
    hca.holdReads(true);
    writeTo(mine, 1, 0);
    writeTo(other, 3, 0);
    writeTo(other, 4, 1);
    Rig.await(() -> rig.ledger().received() == 2, "arrived");
    mine.send(FakeInitiator.task(5, 0, function, 0));
    rig.settle(hca);
    assertThat(mine.responseWithin(0)).isNull();
    hca.holdReads(false);
    assertThat(done(mine, 5)).isEqualTo(SrpRsp.TASK_COMPLETE);
    MemorySegment ended = other.response();
    assertThat(SrpIu.tag(ended, 0)).isEqualTo(3);
    assertThat(SrpRsp.status(ended, 0)).isEqualTo(TASK_ABORTED);
    other.good(4);
    assertThat(other.credits.get()).isEqualTo(16);
    assertThat(mine.credits.get()).isEqualTo(16);
    assertThat(rig.disk.writes.get()).isZero();
    writeTo(other, 6, 0);
    if (function == SrpTskMgmt.LUN_RESET) {
      assertThat(other.sense()).as("unit attention, once").isEqualTo(0x629);
      writeTo(other, 7, 0);
      other.good(7);
    } else {
      other.good(6);
    }
    writeTo(mine, 8, 0);
    mine.good(8);
  }

  @Test
  void shouldEndAFlushAtOnceAndIgnoreItsLateEnd() {
    CountDownLatch gate = new CountDownLatch(1);
    rig.disk.flushGate = gate;
    byte[] flush = {0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    mine.send(FakeInitiator.command(1, 0, flush, Desc.NONE, Desc.NONE));
    mine.send(FakeInitiator.task(2, 0, SrpTskMgmt.ABORT_TASK, 1));
    assertThat(done(mine, 2)).isEqualTo(SrpRsp.TASK_COMPLETE);
    assertThat(mine.credits.get()).isEqualTo(16);
    gate.countDown();
    rig.settle(hca);
    assertThat(mine.responseWithin(0)).isNull();
    writeTo(mine, 3, 0);
    mine.good(3);
  }

  @Test
  void shouldAnswerWhenTheChannelOfAnEndedTaskCloses() {
    hca.holdReads(true);
    writeTo(other, 3, 0);
    Rig.await(() -> rig.ledger().received() == 1, "arrived");
    mine.send(FakeInitiator.task(5, 0, SrpTskMgmt.LUN_RESET, 0));
    rig.settle(hca);
    assertThat(mine.responseWithin(0)).isNull();
    other.qp.breakLink();
    assertThat(done(mine, 5)).isEqualTo(SrpRsp.TASK_COMPLETE);
  }

  @Test
  void shouldForgetAFunctionWhoseOwnChannelCloses() {
    hca.holdReads(true);
    writeTo(other, 3, 0);
    Rig.await(() -> rig.ledger().received() == 1, "arrived");
    mine.send(FakeInitiator.task(5, 0, SrpTskMgmt.LUN_RESET, 0));
    rig.settle(hca);
    assertThat(mine.responseWithin(0)).isNull();
    mine.qp.breakLink();
    Rig.await(() -> !mine.qp.open, "closed");
    hca.holdReads(false);
    assertThat(SrpRsp.status(other.response(), 0)).isEqualTo(TASK_ABORTED);
  }

  /** Ending a command lets the next in the backlog begin, in the middle of the function. */
  @Test
  void shouldEndNoTaskTwiceWhenAFunctionBeginsWithinAnother() {
    CountDownLatch gate = new CountDownLatch(1);
    rig.disk.flushGate = gate;
    mine.qp.held = true;
    // All commands are busy: 46 whose responses are not acknowledged, and two that run.
    int before = mine.credits.get();
    for (int i = 0; i < 46; i++) {
      mine.raw(FakeInitiator.command(i, 0, new byte[6], Desc.NONE, Desc.NONE));
      rig.settle(hca);
    }
    byte[] flush = {0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    mine.raw(FakeInitiator.command(100, 0, flush, Desc.NONE, Desc.NONE));
    mine.raw(FakeInitiator.command(101, 0, flush, Desc.NONE, Desc.NONE));
    mine.raw(FakeInitiator.task(102, 0, SrpTskMgmt.ABORT_TASK_SET, 0));
    mine.raw(FakeInitiator.task(103, 0, SrpTskMgmt.ABORT_TASK_SET, 0));
    rig.settle(hca);
    mine.qp.letGo();
    for (int i = 0; i < 46; i++) {
      mine.good(i);
    }
    assertThat(done(mine, 103)).isEqualTo(SrpRsp.TASK_COMPLETE);
    assertThat(done(mine, 102)).isEqualTo(SrpRsp.TASK_COMPLETE);
    gate.countDown();
    rig.settle(hca);
    assertThat(mine.credits.get() - before).as("credits for 50 units").isEqualTo(50);
    for (int i = 0; i < 48; i++) {
      writeTo(mine, 200 + i, 0);
      mine.good(200 + i);
    }
  }
}
