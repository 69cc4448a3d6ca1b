// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import static org.assertj.core.api.Assertions.assertThat;

import ib.core.internal.attach.Pairing.DeviceEntry;
import ib.core.internal.attach.Pairing.OpsEntry;
import ib.core.internal.dma.DefaultDmaOps;
import ib.core.internal.dma.HostMemoryPool;
import ib.dma.IbDmaInterposer;
import ib.verbs.DeviceState;
import ib.verbs.DeviceStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.osgi.framework.Version;

/** Attachments without a framework, and drivers and users for them. */
abstract class AttachmentsRig {
  /** None of them ends in a test in which everybody comes back, however busy the machine is. */
  static final Deadlines PATIENT =
      Deadlines.ofMillis(60_000, 60_000, 60_000, 60_000, 60_000, 300_000);

  private static final long AWAIT_NS = 60_000_000_000L;

  final ExecutorService executor = Executors.newCachedThreadPool();
  final FakePublisher users = new FakePublisher();
  final List<String> log = new CopyOnWriteArrayList<>();
  final List<IbDmaInterposer> interposers = new CopyOnWriteArrayList<>();
  Attachments attachments = attachments(PATIENT);
  final HostMemoryPool pool = new HostMemoryPool(64L << 20);
  final DefaultDmaOps ops = new DefaultDmaOps(pool);
  final List<FakeDriver> drivers = new ArrayList<>();
  long nextService = 1;

  private Attachments attachments(Deadlines deadlines) {
    return new Attachments(new Host(deadlines, reporter(), users, executor), name -> interposers);
  }

  /** Begins anew with waits of which one is short, because what it is for never comes. */
  void begin(Deadlines deadlines) {
    attachments.close();
    attachments = attachments(deadlines);
  }

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
  final class Bundle {
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

  void await(BooleanSupplier condition, java.util.function.Supplier<String> what) {
    long beganNs = System.nanoTime();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - beganNs)
          .as(() -> what.get() + "\n" + log)
          .isLessThan(AWAIT_NS);
      try {
        Thread.sleep(2);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  void awaitOffered(int count) {
    await(() -> users.offered.size() == count, () -> "offered " + users.events);
  }

  @AfterEach
  void stopAll() {
    drivers.forEach(driver -> driver.hang.countDown());
    attachments.close();
    executor.shutdownNow();
  }
}
