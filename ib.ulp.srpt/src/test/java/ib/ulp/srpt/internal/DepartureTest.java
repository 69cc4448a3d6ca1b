// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.srp.SrpCmd;
import ib.srp.SrpIndirectBuf;
import ib.ulp.srpt.internal.FakeInitiator.Desc;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Devices, initiators and targets that go while commands are in flight. */
class DepartureTest {
  private static final int BLOCK = FakeInitiator.BLOCK;
  private static final byte[] FLUSH = {0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0};

  @Test
  void shouldFinishWhatIsInFlightWhenADeviceLeaves() {
    try (Rig rig = new Rig()) {
      FakeHca hca = rig.plug();
      FakeInitiator initiator = rig.login();
      hca.holdReads(true);
      for (int i = 0; i < 10; i++) {
        initiator.write(i, i, 1, Desc.direct(i * BLOCK, BLOCK));
      }
      Rig.await(() -> rig.ledger().received() == 10, "arrived");
      CompletableFuture<Long> left = CompletableFuture.supplyAsync(() -> rig.unplug(hca));
      Rig.await(
          () -> rig.target.describe().stream().anyMatch(line -> line.contains("draining")),
          "the drain begins");
      assertThat(left).isNotDone();
      hca.holdReads(false);
      left.join();
      for (int i = 0; i < 10; i++) {
        initiator.good(i);
      }
      assertThat(initiator.credits.get()).as("no credit is granted any more").isEqualTo(6);
      assertThat(initiator.disconnects.get()).isEqualTo(1);
      Rig.await(rig.target.buffers()::isIdle, "buffers came back");
      rig.plug();
      rig.login();
    }
  }

  @Test
  void shouldBreakWhatDoesNotFinishInTime() {
    try (Rig rig = new Rig()) {
      FakeHca hca = rig.plug();
      FakeInitiator initiator = rig.login();
      hca.holdReads(true);
      initiator.write(1, 0, 8, Desc.direct(0, 8 * BLOCK));
      Rig.await(() -> rig.ledger().received() == 1, "arrived");
      assertThat(rig.unplug(hca)).isGreaterThan(1500);
      Rig.await(rig.target.buffers()::isIdle, "buffers came back");
    }
  }

  @Test
  void shouldLeaveADeviceWhileAMediumDoesNotAnswer() {
    try (Rig rig = new Rig()) {
      FakeHca hca = rig.plug();
      FakeInitiator initiator = rig.login();
      CountDownLatch gate = new CountDownLatch(1);
      rig.disk.mediumGate = gate;
      initiator.write(1, 0, 8, Desc.direct(0, 8 * BLOCK));
      initiator.read(2, 0, 8, Desc.direct(0, 8 * BLOCK));
      Rig.await(() -> rig.ledger().received() >= 1, "arrived");
      rig.unplug(hca);
      assertThat(rig.target.buffers().isIdle()).as("the medium still uses buffers").isFalse();
      // Meanwhile a new device and a new login: answered only when the old I/O is over (fencing).
      rig.plug();
      FakeInitiator next = rig.ask(Rig.INITIATOR_ID, iu -> {});
      assertThat(next.answer).isNotDone();
      gate.countDown();
      assertThat(next.isRejected()).isFalse();
      next.hca = rig.devices.getLast();
      Rig.await(rig.target.buffers()::isIdle, "buffers came back");
      Arrays.fill(next.memory, 0, 8 * BLOCK, (byte) 3);
      rig.disk.mediumGate = null;
      next.read(3, 0, 8, Desc.direct(0, 8 * BLOCK));
      next.good(3);
      assertThat(next.memory[0]).isZero();
    }
  }

  @Test
  void shouldNotLetAFlushDelayTheDepartureBeyondTheDrain() {
    CountDownLatch gate = new CountDownLatch(1);
    try (Rig rig = new Rig()) {
      FakeHca hca = rig.plug();
      FakeInitiator initiator = rig.login();
      rig.disk.flushGate = gate;
      initiator.send(FakeInitiator.command(1, 0, FLUSH, Desc.NONE, Desc.NONE));
      Rig.await(() -> rig.ledger().received() == 1, "arrived");
      rig.unplug(hca);
      gate.countDown();
    }
  }

  @Test
  void shouldFenceAnOldChannelInMidTransfer() {
    try (Rig rig = new Rig()) {
      FakeHca hca = rig.plug();
      FakeInitiator old = rig.login();
      Arrays.fill(old.memory, (byte) 1);
      hca.holdReads(true);
      for (int i = 0; i < 8; i++) {
        old.write(i, 0, 64, Desc.direct(0, 64 * BLOCK));
      }
      Rig.await(() -> rig.ledger().received() == 8, "arrived");
      FakeInitiator now = rig.login();
      assertThat(old.qp.open).isFalse();
      int writes = rig.disk.writes.get();
      hca.holdReads(false);
      Arrays.fill(now.memory, (byte) 2);
      now.write(100, 0, 64, Desc.direct(0, 64 * BLOCK));
      now.good(100);
      assertThat(writes).isZero();
      assertThat(rig.disk.writes.get()).isEqualTo(1);
      assertThat(rig.disk.bytes[100]).isEqualTo((byte) 2);
      Rig.await(rig.target.buffers()::isIdle, "buffers came back");
    }
  }

  @Test
  void shouldStopUnderLoadAndLeaveNothing() {
    FakeInitiator initiator;
    try (Rig rig = new Rig()) {
      FakeHca hca = rig.plug();
      rig.plug();
      initiator = rig.login();
      rig.devices.forEach(each -> each.holdReads(true));
      for (int i = 0; i < 16; i++) {
        initiator.write(i, i * 8, 8, Desc.direct(0, 8 * BLOCK));
      }
      assertThat(hca.leftovers()).isPositive();
    }
    assertThat(initiator.qp.open).isFalse();
  }

  @Test
  void shouldStopWithinABoundWhileAMediumDoesNotAnswer() throws InterruptedException {
    CountDownLatch gate = new CountDownLatch(1);
    try (Rig rig = new Rig()) {
      FakeHca hca = rig.plug();
      FakeInitiator initiator = rig.login();
      rig.disk.mediumGate = gate;
      initiator.write(1, 0, 8, Desc.direct(0, 8 * BLOCK));
      Rig.await(() -> rig.ledger().received() == 1, "arrived");
      long begin = System.nanoTime();
      rig.target.close();
      assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin)).isLessThan(30_000);
      assertThat(hca.leftovers()).isZero();
      assertThat(rig.disk.closed).as("closed under the write").isFalse();
      assertThat(rig.pool.usedBytes()).as("memory that the medium uses").isPositive();
      gate.countDown();
    }
  }

  @Test
  void shouldComeAndGoTwiceFromDifferentThreads() {
    try (Rig rig = new Rig()) {
      FakeHca hca = rig.plug();
      rig.login();
      CompletableFuture<Void> one = CompletableFuture.runAsync(() -> rig.target.unbind(hca));
      FakeHca newer = rig.device();
      CompletableFuture<Void> two = CompletableFuture.runAsync(() -> rig.target.bind(newer));
      CompletableFuture<Void> again = CompletableFuture.runAsync(() -> rig.target.unbind(hca));
      CompletableFuture.allOf(one, two, again).join();
      assertThat(hca.leftovers()).isZero();
      assertThat(newer.leftovers()).isEqualTo(2);
      rig.login();
    }
  }

  @Test
  void shouldEndALoginThatTakesNothingSoThatOthersGetItsBuffers() {
    try (Rig rig = new Rig()) {
      FakeHca hca = rig.plug();
      FakeInitiator hostile = rig.login();
      FakeInitiator other = rig.login(Rig.OTHER_ID, iu -> {});
      hostile.qp.held = true;
      for (int i = 0; i < 4; i++) {
        hostile.read(i, 0, 2048, Desc.direct(0, 2048 * BLOCK));
      }
      rig.settle(hca);
      other.read(9, 0, 256, Desc.direct(0, 256 * BLOCK));
      rig.settle(hca);
      assertThat(other.responseWithin(0)).as("no buffers are left").isNull();
      rig.skippedNs.addAndGet(TimeUnit.SECONDS.toNanos(30));
      rig.settle(hca);
      assertThat(hostile.qp.open).as("it may be slow").isTrue();
      // The time runs from when the target first looks.
      Rig.await(
          () -> {
            rig.skippedNs.addAndGet(TimeUnit.SECONDS.toNanos(1));
            return !hostile.qp.open;
          },
          "the end of the login");
      other.good(9);
      assertThat(rig.logged("let nothing through for 60 s")).isTrue();
      Rig.await(rig.target.buffers()::isIdle, "buffers came back");
    }
  }

  @Test
  void shouldLeaveNothingOfALoginWhoseQueuePairCanNotBeClosed() {
    try (Rig rig = new Rig()) {
      FakeHca hca = rig.plug();
      FakeInitiator initiator = rig.login();
      hca.holdReads(true);
      initiator.write(1, 0, 8, Desc.direct(0, 8 * BLOCK));
      Rig.await(() -> rig.ledger().received() == 1, "arrived");
      initiator.qp.throwsAtClose = true;
      initiator.handler.onDisconnected(initiator.connection);
      Rig.await(rig.target.buffers()::isIdle, "buffers came back");
      rig.unplug(hca);
      rig.plug();
      rig.login();
    }
  }

  @Test
  void shouldTellOfFewMalformedUnitsOfALoginThatSendsMany() {
    try (Rig rig = new Rig()) {
      rig.plug();
      FakeInitiator initiator = rig.login();
      byte[] iu =
          FakeInitiator.command(
              1, 0, FakeInitiator.rw10(true, 0, 1), Desc.indirect(0, BLOCK), Desc.NONE);
      MemorySegment unit = MemorySegment.ofArray(iu);
      SrpIndirectBuf.totalLength(unit, SrpCmd.outDescriptor(unit, 0), 7);
      for (int i = 0; i < 100; i++) {
        initiator.send(iu);
        assertThat(initiator.sense()).isEqualTo(0x50E);
      }
      assertThat(rig.log.stream().filter(line -> line.contains("malformed"))).hasSize(7);
    }
  }
}
