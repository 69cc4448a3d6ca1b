// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.block.BlockDevice;
import ib.block.DiskStatistics;
import ib.dma.DmaMemoryPool;
import ib.verbs.ConnectionManager;
import ib.verbs.RdmaDevice;
import java.util.Dictionary;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;
import org.osgi.service.metatype.annotations.Designate;

/**
 * An SRP disk out of a configuration: binds what the platform has, and registers the {@link
 * BlockDevice} after the first login. That service stays while there is no path, until the disk is
 * lost or its configuration goes.
 */
@Component(
    service = SrpInitiator.class,
    name = "ib.ulp.srp",
    configurationPid = "ib.ulp.srp",
    configurationPolicy = ConfigurationPolicy.REQUIRE,
    immediate = true)
@Designate(ocd = SrpOptions.class, factory = true)
public final class SrpInitiator implements EventLog, PathKeeper.Listener {
  private final BundleContext context;
  private final Logger log;
  private final SrpConfig config;
  private final SrpDisk disk;
  private final AtomicReference<@Nullable ServiceRegistration<?>> registration =
      new AtomicReference<>();
  private final AtomicBoolean registered = new AtomicBoolean();
  private volatile boolean withdrawn;

  /**
   * Creates a disk.
   *
   * @param context of this bundle
   * @param log for events of paths
   * @param properties the configuration
   */
  @Activate
  public SrpInitiator(
      BundleContext context,
      @Reference(service = LoggerFactory.class) Logger log,
      Map<String, Object> properties) {
    this.context = context;
    this.log = log;
    try {
      config = SrpConfig.of(properties);
    } catch (IllegalArgumentException e) {
      log.error(e.getMessage());
      throw e;
    }
    disk = new SrpDisk(config, System::nanoTime, this, this);
  }

  /** Starts; references are bound before. */
  @Activate
  void activate() {
    disk.keeper().start();
  }

  @Deactivate
  void deactivate() {
    withdrawn = true;
    unregister();
    disk.keeper().stop();
  }

  @Reference(
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindDevice(RdmaDevice device) {
    if (config.matches(device.portName(), device.name())) {
      disk.keeper().bind(device);
    }
  }

  void unbindDevice(RdmaDevice device) {
    disk.keeper().unbind(device);
  }

  @Reference(
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindManager(ConnectionManager manager) {
    disk.keeper().bind(manager);
  }

  void unbindManager(ConnectionManager manager) {
    disk.keeper().unbind(manager);
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindPool(DmaMemoryPool pool) {
    disk.keeper().pool(pool);
  }

  void unbindPool(DmaMemoryPool pool) {
    disk.keeper().poolLeft(pool);
  }

  /** The disk, for commands. */
  SrpDisk disk() {
    return disk;
  }

  /**
   * Registers the disk, on a thread of its own: who binds it may take long, and the disk's thread
   * has work.
   */
  @Override
  public void onReady() {
    if (registered.compareAndSet(false, true)) {
      Thread.ofPlatform().daemon().name("srp-register-" + config.name()).start(this::register);
    }
  }

  @Override
  public void onLost() {
    withdrawn = true;
    Thread.ofPlatform().daemon().name("srp-unregister-" + config.name()).start(this::unregister);
  }

  private void register() {
    if (withdrawn) {
      return;
    }
    Dictionary<String, ?> properties =
        FrameworkUtil.asDictionary(Map.of(BlockDevice.NAME, config.name()));
    registration.set(
        context.registerService(
            new String[] {BlockDevice.class.getName(), DiskStatistics.class.getName()},
            disk,
            properties));
    if (withdrawn) {
      unregister();
    }
  }

  private void unregister() {
    ServiceRegistration<?> mine = registration.getAndSet(null);
    if (mine != null) {
      mine.unregister();
    }
  }

  @Override
  public void info(String words) {
    log.info(words);
  }

  @Override
  public void warn(String words) {
    log.warn(words);
  }
}
