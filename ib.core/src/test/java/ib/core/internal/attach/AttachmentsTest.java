// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.core.internal.attach.Pairing.DeviceEntry;
import ib.core.internal.attach.Pairing.OpsEntry;
import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.verbs.DetachRecord;
import ib.verbs.DeviceState;
import ib.verbs.DeviceStatus;
import ib.verbs.RdmaException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.osgi.framework.Version;

/** How devices come and go, also those of bad drivers. */
@Timeout(180)
class AttachmentsTest extends AttachmentsRig {
  // ---- coming and going

  @Test
  void shouldPromoteInWhateverOrderDeviceAndOpsAppear() {
    Bundle first = new Bundle("mthca0", 1, "1.0.0").start();
    first.awaitState(DeviceState.ACTIVE);
    Bundle second = new Bundle("ehca0", 2, "1.0.0");
    attachments.pairing().add(second.opsEntry);
    assertThat(second.state()).isNull();
    attachments.pairing().add(second.deviceEntry);
    second.awaitState(DeviceState.ACTIVE);
    assertThat(first.status().sharedOps()).isTrue();
    assertThat(first.status().owners()).hasSize(2);
    assertThat(first.status().owners().getFirst().dma().coherent()).isEqualTo(1);
    assertThat(second.status().generation()).isGreaterThan(first.status().generation());
  }

  @Test
  void shouldJoinOnlyDeviceAndOpsOfTheSameBundle() {
    Bundle one = new Bundle("mthca0", 1, "1.0.0");
    Bundle two = new Bundle("mthca0", 2, "1.0.0");
    attachments.pairing().add(one.deviceEntry);
    attachments.pairing().add(two.opsEntry);
    assertThat(one.state()).isEqualTo(DeviceState.WAITING);
    assertThat(one.status().reasons()).first().asString().contains("waits for ops");
    assertThat(one.device.opens.get()).isZero();
    attachments.pairing().add(one.opsEntry);
    one.awaitState(DeviceState.ACTIVE);
  }

  @Test
  void shouldSayWhenThereIsNoHcaBehindADevice() {
    IbDevice bare = new IbDevice("bare0", 1, -1, 4096, -1, "d");
    Driver driver = new Driver(9, "d", Version.emptyVersion);
    attachments.pairing().add(new DeviceEntry(1, driver, bare, 0, "etc/bare"));
    attachments.pairing().add(new OpsEntry(2, 9, "bare0", ops));
    DeviceStatus status = attachments.devices().getFirst();
    assertThat(status.state()).isEqualTo(DeviceState.WAITING);
    assertThat(status.reasons()).containsExactly("no HCA behind it");
  }

  @Test
  void shouldWithdrawUsersBeforeItClosesTheHardwareAndLeaveNothingOver() {
    Bundle driver = new Bundle("mthca0", 1, "1.0.0").start().awaitState(DeviceState.ACTIVE);
    AtomicInteger runningAtDrain = new AtomicInteger(-1);
    users.drain = handle -> runningAtDrain.set(driver.device.running.get());
    Handle handle = users.handle();
    driver.stop();
    assertThat(runningAtDrain.get()).isEqualTo(1);
    assertThat(driver.device.running.get()).isZero();
    assertThat(users.offered).isEmpty();
    assertThat(handle.isWithdrawn()).isTrue();
    assertThatThrownBy(handle::allocPd)
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("withdrawn");
    assertThat(attachments.devices()).isEmpty();
    assertThat(attachments.detaches())
        .extracting(DetachRecord::owner)
        .containsExactly(FakePublisher.USER, "ib.driver.fake");
    assertThat(attachments.leftOverTotal()).isZero();
    assertThat(attachments.detachCount()).isEqualTo(2);
    assertThat(pool.usedBytes()).isZero();
  }

  @Test
  void shouldReportByNameWhatAUserLeftAndReclaimIt() throws Exception {
    Bundle driver = new Bundle("mthca0", 1, "1.0.0").start().awaitState(DeviceState.ACTIVE);
    Handle handle = users.handle();
    handle.allocPd();
    handle.createCq(1, null);
    handle.createCq(1, null).close();
    DmaMemory memory = pool.allocate(100);
    handle.dma().mapSingle(memory, 0, 100, DmaDirection.TO_DEVICE);
    assertThat(handle.usage().resources()).isEqualTo(2);
    driver.stop();
    DetachRecord left = attachments.detaches().getFirst();
    assertThat(left.owner()).isEqualTo(FakePublisher.USER);
    assertThat(left.device()).isEqualTo("mthca0");
    assertThat(left.dma()).isEqualTo(new DmaUsage(1, 0, 0, 100));
    assertThat(left.resources()).containsExactly("cq 2", "pd 1");
    assertThat(attachments.leftOverTotal()).isEqualTo(3);
    assertThat(memory.pinCount()).isZero();
    assertThat(handle.usage().resources()).isZero();
    assertThat(log).anyMatch(line -> line.startsWith("warn " + FakePublisher.USER));
  }

  @Test
  void shouldCountWhatTheDriverItselfLeft() {
    Bundle driver = new Bundle("mthca0", 1, "1.0.0").start().awaitState(DeviceState.ACTIVE);
    driver.device.leaks = true;
    driver.stop();
    assertThat(attachments.detaches().getLast().owner()).isEqualTo("ib.driver.fake");
    assertThat(attachments.detaches().getLast().dma().coherent()).isEqualTo(1);
    assertThat(pool.usedBytes()).isZero();
  }

  @Test
  void shouldWithdrawWithinABoundWhenAUserHangs() {
    begin(Deadlines.ofMillis(60_000, 60_000, 60_000, 700, 60_000, 300_000));
    Bundle driver = new Bundle("mthca0", 1, "1.0.0").start().awaitState(DeviceState.ACTIVE);
    CountDownLatch never = new CountDownLatch(1);
    users.drain =
        handle -> {
          while (never.getCount() > 0) {
            try {
              never.await();
            } catch (InterruptedException e) {
              // holds on
            }
          }
        };
    driver.stop();
    assertThat(never.getCount()).as("the user still holds on").isPositive();
    assertThat(driver.device.running.get()).isZero();
    assertThat(log).anyMatch(l -> l.contains("still held") && l.contains(FakePublisher.USER));
    never.countDown();
  }

  // ---- bad drivers

  @Test
  void shouldKeepADriverThatFailsToOpenToItself() {
    Bundle bad = new Bundle("mthca0", 1, "1.0.0");
    bad.device.openFails = true;
    bad.start().awaitState(DeviceState.FAILED);
    assertThat(bad.status().reasons()).anyMatch(r -> r.contains("no such hardware"));
    Bundle good = new Bundle("ehca0", 2, "1.0.0").start().awaitState(DeviceState.ACTIVE);
    bad.stop();
    assertThat(good.state()).isEqualTo(DeviceState.ACTIVE);
    assertThat(attachments.devices()).hasSize(1);
  }

  @Test
  void shouldNameTheThreadOfADriverThatHangsInOpenAndGoOn() {
    begin(Deadlines.ofMillis(2_000, 60_000, 60_000, 60_000, 60_000, 300_000));
    Bundle bad = new Bundle("mthca0", 1, "1.0.0");
    bad.device.openHangs = true;
    bad.start().awaitState(DeviceState.ZOMBIE);
    assertThat(bad.status().zombieThreads()).hasSize(1).first().asString().contains("open mthca0");
    Bundle other = new Bundle("mthca0", 2, "2.0.0").start().awaitState(DeviceState.ACTIVE);
    bad.device.hang.countDown();
    await(() -> bad.device.closes.get() == 1, () -> "what opened too late is closed");
    assertThat(other.state()).isEqualTo(DeviceState.ACTIVE);
  }

  @Test
  void shouldMarkADriverThatHangsInCloseAndTakeItsMemoryBack() {
    begin(Deadlines.ofMillis(60_000, 60_000, 500, 60_000, 60_000, 300_000));
    Bundle bad = new Bundle("mthca0", 1, "1.0.0").start().awaitState(DeviceState.ACTIVE);
    DmaBus bus = bad.device.context.bus();
    bad.device.closeHangs = true;
    bad.stop();
    assertThat(bad.state()).isEqualTo(DeviceState.ZOMBIE);
    assertThat(bad.status().zombieThreads()).first().asString().contains("close mthca0");
    assertThat(bus.resolve(4096, 1, DmaAccess.READ, new BusWindow())).isEqualTo(DmaFault.DETACHED);
    assertThat(pool.usedBytes()).isZero();
    assertThat(attachments.detaches().getLast().dma().coherent()).isEqualTo(1);
    new Bundle("mthca0", 2, "1.0.0").start().awaitState(DeviceState.ACTIVE);
    bad.device.hang.countDown();
    await(
        () -> {
          attachments.tick();
          return bad.state() == null;
        },
        () -> "the zombie goes when its thread ends");
  }

  @Test
  void shouldSurviveADriverThatThrowsInClose() {
    Bundle bad = new Bundle("mthca0", 1, "1.0.0").start().awaitState(DeviceState.ACTIVE);
    bad.device.closeFails = true;
    bad.stop();
    assertThat(bad.state()).isNull();
    assertThat(log).anyMatch(line -> line.contains("close is broken"));
  }

  @Test
  void shouldCloseADriverThatLeavesWhileItOpens() {
    Bundle driver = new Bundle("mthca0", 1, "1.0.0");
    driver.device.openTakesMs = 100;
    driver.start();
    await(() -> driver.device.opens.get() == 1, () -> "opens");
    driver.stop();
    assertThat(driver.device.running.get()).isZero();
    assertThat(driver.device.closes.get()).isEqualTo(1);
    assertThat(users.events).isEmpty();
    assertThat(attachments.devices()).isEmpty();
  }
}
