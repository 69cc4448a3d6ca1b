// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.exec;

import ib.block.BlockDevice;
import ib.verbs.DeviceInventory;
import ib.verbs.DeviceState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Tells whether everything that is configured is there: devices promoted, disks found. */
@Component(service = Readiness.class)
public final class Readiness {
  private static final long WAIT_S = 15;
  private static final long POLL_MS = 20;

  private final BundleContext context;
  private final ConfigurationAdmin configurations;
  private final DeviceInventory inventory;

  /** Made by SCR. */
  @Activate
  public Readiness(
      BundleContext context,
      @Reference ConfigurationAdmin configurations,
      @Reference DeviceInventory inventory) {
    this.context = context;
    this.configurations = configurations;
    this.inventory = inventory;
  }

  /**
   * Waits, within a bound.
   *
   * @return what is still missing
   */
  List<String> await() {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_S);
    List<String> missing = missing();
    while (!missing.isEmpty() && System.nanoTime() - deadline < 0) {
      try {
        TimeUnit.MILLISECONDS.sleep(POLL_MS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return missing;
      }
      missing = missing();
    }
    return missing;
  }

  private List<String> missing() {
    List<String> missing = new ArrayList<>();
    for (Configuration configuration : all()) {
      String factory = configuration.getFactoryPid();
      if (factory == null) {
        continue;
      }
      var properties = configuration.getProperties();
      Object device = properties == null ? null : properties.get("ib.device");
      Object disk = properties == null ? null : properties.get("name");
      if (factory.startsWith("ib.driver.") && device != null && !isActive(device)) {
        missing.add("device " + device);
      } else if (factory.equals("ib.ulp.srp") && disk != null && !isDisk(disk)) {
        missing.add("disk " + disk);
      }
    }
    return missing;
  }

  private List<Configuration> all() {
    try {
      Configuration[] all = configurations.listConfigurations(null);
      return all == null ? List.of() : Arrays.asList(all);
    } catch (IOException | InvalidSyntaxException e) {
      throw new IllegalStateException("configurations can't be listed", e);
    }
  }

  private boolean isActive(Object device) {
    return inventory.devices().stream()
        .anyMatch(status -> status.name().equals(device) && status.state() == DeviceState.ACTIVE);
  }

  private boolean isDisk(Object name) {
    try {
      return !context
          .getServiceReferences(BlockDevice.class, "(" + BlockDevice.NAME + "=" + name + ")")
          .isEmpty();
    } catch (InvalidSyntaxException e) {
      return false;
    }
  }
}
