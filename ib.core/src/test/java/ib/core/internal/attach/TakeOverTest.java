// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.core.internal.attach.Pairing.DeviceEntry;
import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.IbDevice;
import ib.dma.IbDmaInterposer;
import ib.dma.IbDmaOps;
import ib.verbs.AsyncEventType;
import ib.verbs.DeviceState;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** How devices take over from each other, and what interposers and races do to that. */
class TakeOverTest extends AttachmentsRig {
  // ---- taking over

  @Test
  void shouldMakeBeforeBreakWhenANewerVersionAppears() {
    Bundle old = new Bundle("mthca0", 1, "1.0.0").start().awaitState(DeviceState.ACTIVE);
    Bundle next = new Bundle("mthca0", 2, "1.0.1").start().awaitState(DeviceState.ACTIVE);
    old.awaitState(DeviceState.SUPERSEDED);
    assertThat(users.events).containsExactly("+1", "+2", "-1");
    old.awaitStandby();
    old.stop();
    assertThat(next.state()).isEqualTo(DeviceState.ACTIVE);
    assertThat(users.events).hasSize(3);
    assertThat(attachments.leftOverTotal()).isZero();
  }

  @Test
  void shouldKeepAnOlderVersionAsStandby() {
    Bundle active = new Bundle("mthca0", 1, "2.0.0").start().awaitState(DeviceState.ACTIVE);
    Bundle standby = new Bundle("mthca0", 2, "1.0.0").start().awaitState(DeviceState.STANDBY);
    assertThat(users.events).containsExactly("+1");
    active.stop();
    standby.awaitState(DeviceState.ACTIVE);
    // The standby may be offered while the users of the leaving one still let go.
    assertThat(users.events).startsWith("+1").containsExactlyInAnyOrder("+1", "-1", "+2");
  }

  @Test
  void shouldRollBackWhenTheNewerFailsLater() {
    Bundle old = new Bundle("mthca0", 1, "1.0.0").start().awaitState(DeviceState.ACTIVE);
    Bundle next = new Bundle("mthca0", 2, "2.0.0").start().awaitState(DeviceState.ACTIVE);
    old.awaitState(DeviceState.SUPERSEDED);
    old.awaitStandby();
    next.device.event(AsyncEventType.DEVICE_FATAL);
    old.awaitState(DeviceState.ACTIVE);
    next.awaitState(DeviceState.FAILED);
    assertThat(users.events).startsWith("+1", "+2", "-1", "+3");
    await(() -> next.device.running.get() == 0, () -> "dead hardware is closed");
    assertThat(next.status().reasons()).anyMatch(r -> r.contains("DEVICE_FATAL"));
    assertThat(attachments.leftOverTotal()).isZero();
  }

  @Test
  void shouldNotPromoteANewerDriverThatFailsItsProbe() {
    Bundle old = new Bundle("mthca0", 1, "1.0.0").start().awaitState(DeviceState.ACTIVE);
    Bundle next = new Bundle("mthca0", 2, "2.0.0");
    next.device.probeFails = true;
    next.start().awaitState(DeviceState.FAILED);
    assertThat(next.status().reasons()).anyMatch(r -> r.contains("self-test failed"));
    assertThat(next.device.running.get()).isZero();
    assertThat(old.state()).isEqualTo(DeviceState.ACTIVE);
    assertThat(users.events).containsExactly("+1");
  }

  @Test
  void shouldFollowAChangeOfRanking() {
    Bundle one = new Bundle("mthca0", 1, "1.0.0").start().awaitState(DeviceState.ACTIVE);
    Bundle two = new Bundle("mthca0", 2, "1.0.1").start().awaitState(DeviceState.ACTIVE);
    one.awaitState(DeviceState.SUPERSEDED);
    one.awaitStandby();
    one.rank(10);
    one.awaitState(DeviceState.ACTIVE);
    two.awaitState(DeviceState.SUPERSEDED);
    assertThat(users.events).containsExactly("+1", "+2", "-1", "+3", "-2");
  }

  @Test
  void shouldExchangeADriverForAnotherUnderTheSameName() {
    new Bundle("hca0", 1, "ib.driver.mthca", "9.0.0", 0).start().awaitState(DeviceState.ACTIVE);
    Bundle ipath = new Bundle("hca0", 2, "ib.driver.ipath", "1.0.0", 0).start();
    ipath.awaitState(DeviceState.ACTIVE);
    assertThat(users.events).startsWith("+1", "+2");
  }

  @Test
  void shouldWaitForThePort() {
    Bundle driver = new Bundle("mthca0", 1, "1.0.0");
    driver.device.portUp = false;
    driver.start().awaitState(DeviceState.STANDBY);
    assertThat(driver.status().reasons()).anyMatch(r -> r.contains("p0 is down"));
    driver.device.portUp = true;
    attachments.tick();
    driver.awaitState(DeviceState.ACTIVE);
    driver.device.portUp = false;
    driver.device.event(AsyncEventType.PORT_ERR);
    driver.awaitState(DeviceState.STANDBY);
    awaitOffered(0);
    await(() -> driver.device.opens.get() == 2 && driver.device.running.get() == 1, () -> "again");
    driver.device.portUp = true;
    await(
        () -> {
          attachments.tick();
          return driver.state() == DeviceState.ACTIVE;
        },
        () -> "active again");
    assertThat(users.events).containsExactly("+1", "-1", "+2");
  }

  @Test
  void shouldHeedAPortThatGoesDownWhileItIsAskedForItsState() {
    Bundle driver = new Bundle("mthca0", 1, "1.0.0");
    AtomicInteger looks = new AtomicInteger();
    driver.device.afterPortLook =
        () -> {
          if (looks.getAndIncrement() == 0) {
            driver.device.portUp = false;
            driver.device.event(AsyncEventType.PORT_ERR);
            await(
                () -> driver.status().reasons().stream().anyMatch(r -> r.contains("PORT_ERR")),
                () -> "the event is heard");
          }
        };
    driver.start().awaitState(DeviceState.STANDBY);
    assertThat(users.events).isEmpty();
    driver.device.portUp = true;
    attachments.tick();
    driver.awaitState(DeviceState.ACTIVE);
  }

  @Test
  void shouldGiveNoDeviceToWhoBindsItWhileItIsTakenBack() {
    Bundle driver = new Bundle("mthca0", 1, "1.0.0").start().awaitState(DeviceState.ACTIVE);
    Publication offered = users.offered.getFirst();
    driver.device.closeHangs = true;
    Thread stop = Thread.ofPlatform().start(driver::stop);
    await(() -> driver.device.closes.get() == 1, () -> "closing");
    Handle late = offered.acquire("late");
    assertThat(late.isWithdrawn()).isTrue();
    assertThatThrownBy(() -> late.createCq(1, null)).hasMessageContaining("withdrawn");
    driver.device.hang.countDown();
    await(() -> !stop.isAlive(), () -> "stopped");
    assertThat(attachments.leftOverTotal()).isZero();
  }

  @Test
  void shouldTellUsersOfEventsOfThePortAndOwnersOfThoseOfTheirObjects() throws Exception {
    Bundle driver = new Bundle("mthca0", 1, "1.0.0").start().awaitState(DeviceState.ACTIVE);
    Publication offered = users.offered.getFirst();
    Handle one = offered.acquire("ulp.one");
    Handle two = offered.acquire("ulp.two");
    List<String> told = new CopyOnWriteArrayList<>();
    one.setAsyncEventHandler(event -> told.add("one " + event.type()));
    two.setAsyncEventHandler(event -> told.add("two " + event.type()));
    driver.device.event(AsyncEventType.PORT_ACTIVE);
    await(() -> told.size() == 2, () -> "told " + told);
    assertThat(told).containsExactlyInAnyOrder("one PORT_ACTIVE", "two PORT_ACTIVE");
    told.clear();
    // What a driver says of an object reaches its owner alone.
    driver.device.event(AsyncEventType.CQ_ERR);
    driver.device.tellOwner(one.createCq(1, null), AsyncEventType.CQ_ERR);
    await(() -> told.size() == 1, () -> "told " + told);
    assertThat(told).containsExactly("one CQ_ERR");
    two.setAsyncEventHandler(null);
    offered.release(one);
    offered.release(two);
  }

  @Test
  void shouldRefuseTheSameNameInTwoConfigurationsAndTakeItUpWhenTheFirstGoes() {
    Bundle one = new Bundle("mthca0", 1, "1.0.0");
    one.start().awaitState(DeviceState.ACTIVE);
    Bundle two = new Bundle("mthca0", 1, "1.0.0");
    DeviceEntry second =
        new DeviceEntry(
            two.deviceEntry.serviceId(), two.deviceEntry.driver(), two.device, 0, "etc/second");
    attachments.pairing().add(second);
    attachments.pairing().add(two.opsEntry);
    assertThat(log)
        .anyMatch(
            l -> l.contains("etc/mthca0") && l.contains("etc/second") && l.contains("refused"));
    assertThat(attachments.devices()).hasSize(2);
    assertThat(attachments.devices().getLast().state()).isEqualTo(DeviceState.FAILED);
    assertThat(two.device.opens.get()).isZero();
    one.stop();
    await(() -> two.device.opens.get() == 1, () -> "the second is used now");
    awaitOffered(1);
  }

  // ---- interposers

  @Test
  void shouldBuildANewGenerationWhenInterposersChange() {
    Bundle driver = new Bundle("mthca0", 1, "1.0.0").start().awaitState(DeviceState.ACTIVE);
    AtomicInteger wrapped = new AtomicInteger();
    IbDmaInterposer counting =
        new IbDmaInterposer() {
          @Override
          public IbDmaOps wrapOps(IbDevice device, IbDmaOps below) {
            wrapped.incrementAndGet();
            return below;
          }

          @Override
          public DmaBus wrapBus(IbDevice device, DmaBus bus) {
            wrapped.incrementAndGet();
            return (address, length, access, window) -> DmaFault.OUT_OF_BOUNDS;
          }
        };
    interposers.add(counting);
    attachments.interposersChanged(name -> true);
    awaitOffered(1);
    driver.awaitState(DeviceState.ACTIVE);
    assertThat(users.events).containsExactly("+1", "-1", "+2");
    assertThat(wrapped.get()).isEqualTo(2);
    assertThat(driver.device.context.bus().resolve(1, 1, DmaAccess.READ, new BusWindow()))
        .isEqualTo(DmaFault.OUT_OF_BOUNDS);
    interposers.clear();
    attachments.interposersChanged(name -> name.equals("mthca0"));
    awaitOffered(1);
    assertThat(users.events).containsExactly("+1", "-1", "+2", "-2", "+3");
    assertThat(attachments.leftOverTotal()).isZero();
  }

  @Test
  void shouldReportAnInterposerThatThrows() {
    interposers.add(
        new IbDmaInterposer() {
          @Override
          public IbDmaOps wrapOps(IbDevice device, IbDmaOps below) {
            throw new IllegalStateException("broken interposer");
          }

          @Override
          public DmaBus wrapBus(IbDevice device, DmaBus bus) {
            return bus;
          }
        });
    Bundle driver = new Bundle("mthca0", 1, "1.0.0").start().awaitState(DeviceState.FAILED);
    assertThat(driver.status().reasons()).anyMatch(r -> r.contains("broken interposer"));
    interposers.clear();
    attachments.interposersChanged(name -> true);
    driver.awaitState(DeviceState.ACTIVE);
  }

  @Test
  void shouldNeverCloseWhatUsersHoldWhenInterposersChangeTwiceAtOnce() throws Exception {
    Bundle driver = new Bundle("mthca0", 1, "1.0.0").start().awaitState(DeviceState.ACTIVE);
    DmaMemory memory = pool.allocate(100);
    for (int round = 0; round < 20; round++) {
      List<Thread> changes = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        changes.add(Thread.ofPlatform().start(() -> attachments.interposersChanged(name -> true)));
      }
      for (Thread change : changes) {
        change.join();
      }
      driver.awaitState(DeviceState.ACTIVE);
      awaitOffered(1);
      assertThat(users.handle().dma().mapSingle(memory, 0, 100, DmaDirection.TO_DEVICE))
          .as("round %d: the space that users hold is open", round)
          .isNotEqualTo(-1L);
      assertThat(driver.device.running.get()).isEqualTo(1);
    }
  }

  // ---- races

  @Test
  void shouldKeepOneInstanceOpenAtATimeWhenADriverIsModifiedQuickly() {
    Bundle last = null;
    for (int i = 0; i < 30; i++) {
      last = new Bundle("mthca0", 1, "1.0.0").start();
      if (i < 29) {
        last.stop();
        assertThat(last.device.running.get()).isZero();
      }
    }
    last.awaitState(DeviceState.ACTIVE);
    assertThat(attachments.leftOverTotal()).isZero();
    for (FakeDriver driver : drivers) {
      assertThat(driver.opens.get()).isLessThanOrEqualTo(1);
    }
  }

  @Test
  void shouldEndWithTheBestOfWhatIsLeftAfterAnyHistory() {
    for (long seed = 1; seed <= 20; seed++) {
      Random random = new Random(seed);
      List<Bundle> running = new CopyOnWriteArrayList<>();
      List<Thread> stopping = new ArrayList<>();
      for (int step = 0; step < 40; step++) {
        int what = random.nextInt(10);
        if (what < 4 || running.isEmpty()) {
          Bundle bundle = new Bundle("mthca0", 1000 * seed + step, "1.0." + random.nextInt(50));
          running.add(bundle.start());
        } else if (what < 8) {
          Bundle bundle = running.remove(random.nextInt(running.size()));
          stopping.add(Thread.ofPlatform().start(bundle::stop));
        } else if (what == 8) {
          running.get(random.nextInt(running.size())).rank(random.nextInt(3));
        } else {
          stopping.add(
              Thread.ofPlatform().start(() -> attachments.interposersChanged(name -> true)));
        }
      }
      for (Thread thread : stopping) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      }
      long now = seed;
      if (!running.isEmpty()) {
        await(
            () ->
                users.offered.size() == 1
                    && attachments.devices().stream()
                        .allMatch(
                            s ->
                                s.state() == DeviceState.ACTIVE
                                    || s.state() == DeviceState.STANDBY
                                    || s.state() == DeviceState.SUPERSEDED),
            () -> "seed " + now + ": " + attachments.devices());
      }
      running.forEach(Bundle::stop);
      awaitOffered(0);
      assertThat(attachments.devices()).as("seed %d", seed).isEmpty();
      assertThat(attachments.leftOverTotal()).as("seed %d", seed).isZero();
      assertThat(pool.usedBytes()).as("seed %d", seed).isZero();
      for (FakeDriver driver : drivers) {
        assertThat(driver.running.get()).as("seed %d", seed).isZero();
      }
    }
    assertThat(ops.statistics()).isEmpty();
  }
}
