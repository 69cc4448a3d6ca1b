// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.core.internal.attach.Pairing.DeviceEntry;
import ib.core.internal.attach.Pairing.OpsEntry;
import ib.core.internal.dma.DefaultDmaOps;
import ib.core.internal.dma.HostMemoryPool;
import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDmaInterposer;
import ib.dma.IbDmaOps;
import ib.verbs.AsyncEventType;
import ib.verbs.DetachRecord;
import ib.verbs.DeviceState;
import ib.verbs.DeviceStatus;
import ib.verbs.RdmaException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Version;

/** How devices come, go and take over from each other, without a framework. */
class AttachmentsTest {
  private static final Deadlines QUICK = Deadlines.ofMillis(1500, 1500, 500, 700, 500, 6000);

  private final ExecutorService executor = Executors.newCachedThreadPool();
  private final FakePublisher users = new FakePublisher();
  private final List<String> log = new CopyOnWriteArrayList<>();
  private final List<IbDmaInterposer> interposers = new CopyOnWriteArrayList<>();
  private final Host host = new Host(QUICK, reporter(), users, executor);
  private final Attachments attachments = new Attachments(host, name -> interposers);
  private final HostMemoryPool pool = new HostMemoryPool(64L << 20);
  private final DefaultDmaOps ops = new DefaultDmaOps(pool);
  private final List<FakeDriver> drivers = new ArrayList<>();
  private long nextService = 1;

  private Reporter reporter() {
    return new Reporter() {
      @Override
      public void info(String message) {
        log.add("info " + message);
      }

      @Override
      public void warn(String message, @Nullable Throwable cause) {
        log.add("warn " + message);
      }
    };
  }

  /** A bundle with one device of the name. */
  private final class Bundle {
    final FakeDriver device;
    DeviceEntry deviceEntry;
    final OpsEntry opsEntry;

    Bundle(String name, long bundleId, String symbolicName, String version, int ranking) {
      device = new FakeDriver(name, symbolicName);
      drivers.add(device);
      Driver driver = new Driver(bundleId, symbolicName, new Version(version));
      deviceEntry = new DeviceEntry(nextService++, driver, device, ranking, "etc/" + name);
      opsEntry = new OpsEntry(nextService++, bundleId, name, ops);
    }

    Bundle(String name, long bundleId, String version) {
      this(name, bundleId, "ib.driver.fake", version, 0);
    }

    Bundle start() {
      attachments.pairing().add(deviceEntry);
      attachments.pairing().add(opsEntry);
      return this;
    }

    void stop() {
      attachments.pairing().remove(opsEntry);
      attachments.pairing().remove(deviceEntry);
    }

    void rank(int ranking) {
      DeviceEntry after =
          new DeviceEntry(
              deviceEntry.serviceId(), deviceEntry.driver(), device, ranking, "etc/ranked");
      attachments.pairing().replace(deviceEntry, after);
      deviceEntry = after;
    }

    DeviceStatus status() {
      return attachments.devices().stream()
          .filter(s -> s.driverBundleId() == deviceEntry.driver().bundleId())
          .filter(s -> s.name().equals(device.name()))
          .findFirst()
          .orElse(null);
    }

    DeviceState state() {
      DeviceStatus status = status();
      return status == null ? null : status.state();
    }

    /** Opened anew after it was superseded. */
    void awaitStandby() {
      await(
          () -> device.opens.get() == 2 && status().reasons().getLast().startsWith("opened"),
          () -> "stands by " + status());
    }

    Bundle awaitState(DeviceState expected) {
      await(() -> state() == expected, () -> "state " + status() + " instead of " + expected);
      return this;
    }
  }

  private void await(BooleanSupplier condition, java.util.function.Supplier<String> what) {
    long endNs = System.nanoTime() + 10_000_000_000L;
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as(() -> what.get() + "\n" + log).isLessThan(endNs);
      try {
        Thread.sleep(2);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  private void awaitOffered(int count) {
    await(() -> users.offered.size() == count, () -> "offered " + users.events);
  }

  @AfterEach
  void stopAll() {
    drivers.forEach(driver -> driver.hang.countDown());
    attachments.close();
    executor.shutdownNow();
  }

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
    long startNs = System.nanoTime();
    driver.stop();
    assertThat(System.nanoTime() - startNs).isLessThan(QUICK.callbackNs());
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
    Bundle bad = new Bundle("mthca0", 1, "1.0.0").start().awaitState(DeviceState.ACTIVE);
    DmaBus bus = bad.device.context.bus();
    bad.device.closeHangs = true;
    long startNs = System.nanoTime();
    bad.stop();
    assertThat(System.nanoTime() - startNs).isLessThan(QUICK.callbackNs());
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
    assertThat(users.events).containsExactly("+1", "-1", "+2");
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
