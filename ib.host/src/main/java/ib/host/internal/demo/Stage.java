// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.demo;

import ib.verbs.DeviceInventory;
import ib.verbs.DeviceState;
import ib.verbs.DeviceStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** What the swaps see and move: bundles, files, devices. One thread. */
final class Stage {
  static final String DRIVER_PREFIX = "ib.driver.";
  private static final long STEP_MS = 20_000;

  private final BundleContext context;
  private final DeviceInventory inventory;
  private final Folders folders;
  private final Path pristine;
  private final Map<String, String> files = new HashMap<>();
  private int builds;
  private int instances;

  Stage(BundleContext context, DeviceInventory inventory, Folders folders, Path pristine) {
    this.context = context;
    this.inventory = inventory;
    this.folders = folders;
    this.pristine = pristine;
  }

  Folders folders() {
    return folders;
  }

  /** The version of a next build; each is newer than all before. */
  String nextVersion() {
    return "1.0." + ++builds;
  }

  int nextInstance() {
    return ++instances;
  }

  /** The jar as it was built. */
  private Path pristine(String driver) throws IOException {
    try (Stream<Path> jars = Files.list(pristine)) {
      return jars.filter(jar -> String.valueOf(jar.getFileName()).startsWith(driver + "-"))
          .findFirst()
          .orElseThrow(() -> new IOException("no jar of " + driver + " in " + pristine));
    }
  }

  /** The file that holds the driver in the deploy folder now. */
  String fileOf(String driver) throws IOException {
    String moved = files.get(driver);
    return moved != null ? moved : String.valueOf(pristine(driver).getFileName());
  }

  void setFile(String driver, String fileName) {
    files.put(driver, fileName);
  }

  /** Deploys the driver under a file name, as a newer build. */
  String deploy(String driver, String fileName) throws IOException {
    String version = nextVersion();
    folders.deploy(pristine(driver), fileName, version);
    return version;
  }

  Bundle bundle(String driver) throws DemoException {
    return Arrays.stream(context.getBundles())
        .filter(bundle -> driver.equals(bundle.getSymbolicName()))
        .max(Comparator.comparing(Bundle::getVersion))
        .orElseThrow(() -> new DemoException("no bundle " + driver + " is installed"));
  }

  boolean hasVersion(String driver, String version) {
    return Arrays.stream(context.getBundles())
        .anyMatch(
            bundle ->
                driver.equals(bundle.getSymbolicName())
                    && version.equals(bundle.getVersion().toString()));
  }

  @Nullable DeviceStatus active(String device) {
    return inventory.devices().stream()
        .filter(status -> status.name().equals(device) && status.state() == DeviceState.ACTIVE)
        .findFirst()
        .orElse(null);
  }

  /** The generation that serves under a name now, 0 if none. */
  long generation(String device) {
    DeviceStatus status = active(device);
    return status == null ? 0 : status.generation();
  }

  void awaitActive(Side side, long newerThan) throws DemoException {
    await(
        side.device + " did not come back on " + side.port,
        () -> generation(side.device) > newerThan);
  }

  void awaitVersion(Side side, String version) throws DemoException {
    await(
        side.device + " was not promoted to version " + version,
        () -> {
          DeviceStatus status = active(side.device);
          return status != null && status.driverVersion().equals(version);
        });
  }

  void awaitGone(Side side) throws DemoException {
    await(side.device + " did not leave", () -> generation(side.device) == 0);
  }

  void await(String problem, BooleanSupplier condition) throws DemoException {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STEP_MS);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new DemoException(
            problem + " within " + STEP_MS / 1000 + " s. Devices: " + inventory.devices());
      }
      pause(5);
    }
  }

  void pause(long millis) throws DemoException {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DemoException("interrupted", e);
    }
  }
}
