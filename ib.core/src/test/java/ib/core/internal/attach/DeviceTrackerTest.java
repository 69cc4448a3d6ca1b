// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import static org.assertj.core.api.Assertions.assertThat;

import ib.core.internal.dma.DefaultDmaOps;
import ib.core.internal.dma.DmaModes;
import ib.core.internal.dma.DmaSettings;
import ib.core.internal.dma.HostMemoryPool;
import ib.dma.DmaBus;
import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.IbDevice;
import ib.dma.IbDmaInterposer;
import ib.dma.IbDmaOps;
import ib.verbs.DetachRecord;
import ib.verbs.DeviceState;
import ib.verbs.RdmaDevice;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.apache.felix.framework.FrameworkFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.framework.launch.Framework;
import org.osgi.util.tracker.ServiceTracker;
import org.osgi.util.tracker.ServiceTrackerCustomizer;

/** Core's trackers and publisher in a framework, with empty bundles for drivers and users. */
@Timeout(180)
class DeviceTrackerTest {
  private static final long AWAIT_NS = 60_000_000_000L;

  private final HostMemoryPool pool = new HostMemoryPool(64L << 20);
  private final DmaModes modes = new DmaModes(DmaSettings.DEFAULT);
  private final DefaultDmaOps ops = new DefaultDmaOps(pool, modes);
  private final List<String> log = new CopyOnWriteArrayList<>();
  private Framework framework;
  private DeviceTracker core;

  @BeforeEach
  void startFramework(@TempDir Path cache) throws Exception {
    framework =
        new FrameworkFactory()
            .newFramework(
                Map.of(
                    Constants.FRAMEWORK_STORAGE, cache.toString(),
                    Constants.FRAMEWORK_STORAGE_CLEAN, "onFirstInit",
                    Constants.FRAMEWORK_SYSTEMPACKAGES_EXTRA, "ib.dma,ib.verbs,ib.verbs.spi"));
    framework.start();
    Bundle coreBundle = bundle("ib.core", "1.0.0");
    core =
        new DeviceTracker(coreBundle.getBundleContext(), modes, reporter(), AttachmentsRig.PATIENT);
  }

  @AfterEach
  void stopFramework() throws Exception {
    core.close();
    framework.stop();
    framework.waitForStop(5000);
  }

  private Reporter reporter() {
    return new Reporter() {
      @Override
      public void info(String message) {
        log.add(message);
      }

      @Override
      public void warn(String message, @Nullable Throwable cause) {
        log.add(message);
      }
    };
  }

  private Bundle bundle(String symbolicName, String version) throws Exception {
    Manifest manifest = new Manifest();
    Attributes headers = manifest.getMainAttributes();
    headers.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    headers.putValue(Constants.BUNDLE_MANIFESTVERSION, "2");
    headers.putValue(Constants.BUNDLE_SYMBOLICNAME, symbolicName);
    headers.putValue(Constants.BUNDLE_VERSION, version);
    headers.putValue(Constants.IMPORT_PACKAGE, "ib.dma,ib.verbs");
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    new JarOutputStream(bytes, manifest).close();
    try (InputStream jar = new ByteArrayInputStream(bytes.toByteArray())) {
      Bundle bundle = framework.getBundleContext().installBundle(symbolicName + "-" + version, jar);
      bundle.start();
      return bundle;
    }
  }

  private static <T> ServiceRegistration<T> register(
      Bundle bundle, Class<T> type, T service, Object... properties) {
    Hashtable<String, Object> dictionary = new Hashtable<>();
    for (int i = 0; i < properties.length; i += 2) {
      dictionary.put((String) properties[i], properties[i + 1]);
    }
    return bundle.getBundleContext().registerService(type, service, dictionary);
  }

  private Bundle driver(String symbolicName, String version, FakeDriver... devices)
      throws Exception {
    Bundle bundle = bundle(symbolicName, version);
    for (FakeDriver device : devices) {
      register(bundle, IbDmaOps.class, ops, IbDevice.DEVICE, device.name());
      register(bundle, IbDevice.class, device, IbDevice.DEVICE, device.name());
    }
    return bundle;
  }

  private void await(BooleanSupplier condition) throws InterruptedException {
    long beganNs = System.nanoTime();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - beganNs)
          .as(() -> core.devices() + "\n" + log)
          .isLessThan(AWAIT_NS);
      Thread.sleep(2);
    }
  }

  private void awaitActive(String device, long generation) throws InterruptedException {
    await(
        () ->
            core.devices().stream()
                .anyMatch(
                    s ->
                        s.state() == DeviceState.ACTIVE
                            && s.name().equals(device)
                            && s.generation() == generation));
  }

  /** A user that binds every device of its choice, leaking or not. */
  private static final class User implements ServiceTrackerCustomizer<RdmaDevice, User.Bound> {
    record Bound(RdmaDevice device, DmaMemory memory, long address) {}

    private final BundleContext context;
    private final HostMemoryPool pool;
    private final boolean tidy;
    private final List<String> events = new CopyOnWriteArrayList<>();
    private final List<Bound> bound = new CopyOnWriteArrayList<>();
    private final ServiceTracker<RdmaDevice, Bound> tracker;

    User(Bundle bundle, HostMemoryPool pool, boolean tidy) {
      this.context = bundle.getBundleContext();
      this.pool = pool;
      this.tidy = tidy;
      this.tracker = new ServiceTracker<>(context, RdmaDevice.class, this);
      tracker.open();
    }

    @Override
    public Bound addingService(ServiceReference<RdmaDevice> reference) {
      RdmaDevice device = context.getService(reference);
      DmaMemory memory = pool.allocate(4096);
      long address = device.dma().mapSingle(memory, 0, 4096, DmaDirection.TO_DEVICE);
      Bound one = new Bound(device, memory, address);
      bound.add(one);
      events.add("+" + device.name() + device.generation());
      return one;
    }

    @Override
    public void modifiedService(ServiceReference<RdmaDevice> reference, Bound one) {}

    @Override
    public void removedService(ServiceReference<RdmaDevice> reference, Bound one) {
      if (tidy) {
        one.device.dma().unmapSingle(one.address, 4096, DmaDirection.TO_DEVICE);
      }
      one.memory.close();
      bound.remove(one);
      events.add("-" + one.device.name() + one.device.generation());
      context.ungetService(reference);
    }
  }

  @Test
  void shouldGiveEachBundleAHandleOfItsOwn() throws Exception {
    driver("ib.driver.mthca", "1.0.0", new FakeDriver("mthca0", "ib.driver.mthca"));
    awaitActive("mthca0", 1);
    User srp = new User(bundle("ib.ulp.srp", "1.0.0"), pool, true);
    User srpt = new User(bundle("ib.ulp.srpt", "1.0.0"), pool, true);
    assertThat(srp.bound).hasSize(1);
    RdmaDevice device = srp.bound.getFirst().device;
    assertThat(device).isNotSameAs(srpt.bound.getFirst().device);
    assertThat(core.devices().getFirst().owners())
        .extracting(o -> o.owner() + "=" + o.dma().total())
        .containsExactly("ib.driver.mthca=1", "ib.ulp.srp=1", "ib.ulp.srpt=1");
    ServiceReference<RdmaDevice> reference = srp.tracker.getServiceReference();
    assertThat(reference.getProperty(RdmaDevice.DEVICE)).isEqualTo("mthca0");
    assertThat(reference.getProperty(RdmaDevice.PORT)).isEqualTo("p0");
    assertThat(reference.getProperty(RdmaDevice.GENERATION)).isEqualTo(1L);
    assertThat(reference.getProperty(RdmaDevice.DRIVER)).isEqualTo("ib.driver.mthca");
    assertThat(reference.getProperty(Constants.SERVICE_RANKING)).isEqualTo(1);
    assertThat(device.portName()).isEqualTo("p0");
    assertThat(device.query().maxQp()).isEqualTo(1);
  }

  @Test
  void shouldLetUsersGoBeforeTheDriverHasStopped() throws Exception {
    FakeDriver device = new FakeDriver("mthca0", "ib.driver.mthca");
    Bundle driver = driver("ib.driver.mthca", "1.0.0", device);
    awaitActive("mthca0", 1);
    User user = new User(bundle("ib.ulp.srp", "1.0.0"), pool, true);
    driver.stop();
    assertThat(user.events).containsExactly("+mthca01", "-mthca01");
    assertThat(device.running.get()).isZero();
    assertThat(core.devices()).isEmpty();
    assertThat(core.leftOverTotal()).isZero();
    assertThat(pool.usedBytes()).isZero();
  }

  @Test
  void shouldDrainAStoppingBundlesDevicesSideBySide() throws Exception {
    FakeDriver one = new FakeDriver("mthca0", "ib.driver.mthca");
    FakeDriver two = new FakeDriver("mthca1", "ib.driver.mthca");
    // Neither close returns before the other has begun.
    CountDownLatch both = new CountDownLatch(2);
    one.closeTogether = both;
    two.closeTogether = both;
    Bundle driver = driver("ib.driver.mthca", "1.0.0", one, two);
    await(() -> one.running.get() + two.running.get() == 2);
    driver.stop();
    assertThat(one.running.get() + two.running.get()).isZero();
    assertThat(core.devices()).isEmpty();
  }

  @Test
  void shouldReportABundleThatStopsWithoutTidyingUp() throws Exception {
    driver("ib.driver.mthca", "1.0.0", new FakeDriver("mthca0", "ib.driver.mthca"));
    awaitActive("mthca0", 1);
    Bundle leaky = bundle("ib.ulp.leaky", "1.0.0");
    User user = new User(leaky, pool, true);
    DmaMemory memory = user.bound.getFirst().memory;
    leaky.stop();
    DetachRecord detach = core.detaches().getLast();
    assertThat(detach.owner()).isEqualTo("ib.ulp.leaky");
    assertThat(detach.leftOver()).isEqualTo(1);
    assertThat(memory.pinCount()).isZero();
    assertThat(log).anyMatch(line -> line.startsWith("ib.ulp.leaky on mthca0"));
  }

  @Test
  void shouldBindTheNewerBeforeItLetsGoOfTheOlder() throws Exception {
    User user = new User(bundle("ib.ulp.srp", "1.0.0"), pool, true);
    Bundle old = driver("ib.driver.mthca", "1.0.0", new FakeDriver("mthca0", "ib.driver.mthca"));
    awaitActive("mthca0", 1);
    driver("ib.driver.mthca", "1.0.1", new FakeDriver("mthca0", "ib.driver.mthca"));
    awaitActive("mthca0", 2);
    await(() -> user.events.size() == 3);
    assertThat(user.events).containsExactly("+mthca01", "+mthca02", "-mthca01");
    old.uninstall();
    assertThat(user.events).hasSize(3);
    assertThat(core.devices()).hasSize(1);
    assertThat(core.leftOverTotal()).isZero();
  }

  @Test
  void shouldFollowTheRankingAnOperatorSets() throws Exception {
    Bundle one = bundle("ib.driver.mthca", "1.0.0");
    FakeDriver first = new FakeDriver("hca0", "ib.driver.mthca");
    register(one, IbDmaOps.class, ops, IbDevice.DEVICE, "hca0");
    ServiceRegistration<IbDevice> registration =
        register(one, IbDevice.class, first, IbDevice.DEVICE, "hca0");
    awaitActive("hca0", 1);
    driver("ib.driver.ipath", "1.0.0", new FakeDriver("hca0", "ib.driver.ipath"));
    awaitActive("hca0", 2);
    Hashtable<String, Object> properties = new Hashtable<>();
    properties.put(IbDevice.DEVICE, "hca0");
    properties.put(Constants.SERVICE_RANKING, 5);
    registration.setProperties(properties);
    awaitActive("hca0", 3);
    assertThat(core.devices().getFirst().driver()).isEqualTo("ib.driver.mthca");
  }

  @Test
  void shouldNeverPairTheDefaultOpsThatHaveNoKey() throws Exception {
    Bundle coreBundle = framework.getBundleContext().getBundle("ib.core-1.0.0");
    register(coreBundle, IbDmaOps.class, ops, IbDmaOps.DEFAULT, true);
    Bundle driver = bundle("ib.driver.mthca", "1.0.0");
    FakeDriver device = new FakeDriver("mthca0", "ib.driver.mthca");
    register(driver, IbDevice.class, device, IbDevice.DEVICE, "mthca0");
    assertThat(core.devices().getFirst().state()).isEqualTo(DeviceState.WAITING);
    register(driver, IbDmaOps.class, ops, IbDevice.DEVICE, "mthca0");
    awaitActive("mthca0", 1);
    assertThat(core.devices().getFirst().sharedOps()).isTrue();
  }

  @Test
  void shouldWrapWithTheHighestRankingOutermostAndOnlyTheDeviceNamed() throws Exception {
    List<String> wraps = new ArrayList<>();
    Bundle debug = bundle("ib.debug", "1.0.0");
    register(debug, IbDmaInterposer.class, naming("outer", wraps), Constants.SERVICE_RANKING, 9);
    register(debug, IbDmaInterposer.class, naming("inner", wraps), Constants.SERVICE_RANKING, 1);
    register(
        debug, IbDmaInterposer.class, naming("other", wraps), IbDevice.DEVICE, "somebody-elses");
    driver("ib.driver.mthca", "1.0.0", new FakeDriver("mthca0", "ib.driver.mthca"));
    awaitActive("mthca0", 1);
    assertThat(wraps).containsExactly("ops inner", "ops outer", "bus inner", "bus outer");
    User user = new User(bundle("ib.ulp.srp", "1.0.0"), pool, true);
    debug.stop();
    await(() -> user.bound.size() == 1 && user.bound.getFirst().device.generation() > 1);
    assertThat(wraps).as("nobody is left at the end").doesNotContain("ops other");
    assertThat(core.leftOverTotal()).isZero();
  }

  private static IbDmaInterposer naming(String name, List<String> wraps) {
    return new IbDmaInterposer() {
      @Override
      public IbDmaOps wrapOps(IbDevice device, IbDmaOps below) {
        wraps.add("ops " + name);
        return below;
      }

      @Override
      public DmaBus wrapBus(IbDevice device, DmaBus bus) {
        wraps.add("bus " + name);
        return bus;
      }
    };
  }

  @Test
  void shouldTakeEverythingAwayWhenCoreStops() throws Exception {
    FakeDriver device = new FakeDriver("mthca0", "ib.driver.mthca");
    driver("ib.driver.mthca", "1.0.0", device);
    awaitActive("mthca0", 1);
    User user = new User(bundle("ib.ulp.srp", "1.0.0"), pool, true);
    core.close();
    assertThat(user.bound).isEmpty();
    assertThat(device.running.get()).isZero();
    assertThat(core.leftOverTotal()).isZero();
  }
}
