// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.block.BlockDevice;
import ib.block.DiskStatistics;
import ib.config.ConfigException;
import ib.dma.DmaMemoryPool;
import ib.verbs.ConnectionManager;
import ib.verbs.RdmaDevice;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
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
 * BlockDevice} and its {@link DiskStatistics} after the first login. A configuration that is wrong
 * leaves a component that only says so.
 */
@Component(
    service = SrpInitiator.class,
    name = SrpInitiator.PID,
    configurationPid = SrpInitiator.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE,
    immediate = true)
@Designate(ocd = SrpOptions.class, factory = true)
public final class SrpInitiator {
  /** Factory PID. */
  static final String PID = "ib.ulp.srp";

  private final @Nullable SrpConfig config;
  private final @Nullable SrpDisk disk;
  private final @Nullable DiskRegistration registration;
  private final String problem;

  /** Made by Declarative Services. */
  @Activate
  public SrpInitiator(
      BundleContext context,
      @Reference(service = LoggerFactory.class) Logger log,
      Map<String, Object> properties) {
    SrpConfig read = null;
    String wrong = "";
    try {
      read = SrpConfig.of(properties);
    } catch (ConfigException e) {
      wrong = String.valueOf(e.getMessage());
      log.error("a disk is not started: {}", wrong);
    }
    config = read;
    problem = wrong;
    registration = read == null ? null : new DiskRegistration(context, read.name());
    disk =
        read == null || registration == null
            ? null
            : new SrpDisk(read, System::nanoTime, new ToLog(log), registration);
  }

  /** Events of paths for the log. */
  private record ToLog(Logger log) implements EventLog {
    @Override
    public void info(String words) {
      log.info(words);
    }

    @Override
    public void warn(String words) {
      log.warn(words);
    }
  }

  /** Starts; references are bound before. */
  @Activate
  void activate() {
    if (disk != null && registration != null) {
      registration.of(disk);
      disk.keeper().start();
    }
  }

  @Deactivate
  void deactivate() {
    if (disk != null && registration != null) {
      registration.withdraw();
      disk.keeper().stop();
    }
  }

  @Reference(
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindDevice(RdmaDevice device) {
    if (disk != null && config != null && config.matches(device.portName(), device.name())) {
      disk.keeper().bind(device);
    }
  }

  void unbindDevice(RdmaDevice device) {
    if (disk != null) {
      disk.keeper().unbind(device);
    }
  }

  @Reference(
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindManager(ConnectionManager manager) {
    if (disk != null) {
      disk.keeper().bind(manager);
    }
  }

  void unbindManager(ConnectionManager manager) {
    if (disk != null) {
      disk.keeper().unbind(manager);
    }
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindPool(DmaMemoryPool pool) {
    if (disk != null) {
      disk.keeper().pool(pool);
    }
  }

  void unbindPool(DmaMemoryPool pool) {
    if (disk != null) {
      disk.keeper().poolLeft(pool);
    }
  }

  /** Lines for operators. */
  String describe() {
    return disk != null
        ? DisksCommand.describe(disk)
        : "a disk is not started: " + problem + System.lineSeparator();
  }
}
