// SPDX-License-Identifier: Apache-2.0
package ib.bench.runtime;

import ib.bench.BenchException;
import ib.host.launch.Host;
import ib.verbs.RdmaDevice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.jar.JarFile;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/**
 * The real host, with every bundle but the APIs: their packages come from the class path of this
 * JVM, so that a benchmark, which is no bundle, gets the services that a protocol gets, with all
 * that core wraps around them, and calls them without a detour.
 */
public final class BenchHost implements AutoCloseable {
  private static final long WAIT_S = 30;

  private final RuntimeCopy copy;
  private final Host host;

  private BenchHost(RuntimeCopy copy, Host host) {
    this.copy = copy;
    this.host = host;
  }

  /**
   * Starts a host with two ports and no device.
   *
   * @param runtime the assembled runtime directory
   */
  public static BenchHost start(Path runtime) throws BenchException {
    try {
      RuntimeCopy copy = RuntimeCopy.make(runtime, false);
      copy.set("org.osgi.framework.system.packages.extra", exportsOfApis(runtime));
      copy.set("felix.fileinstall.dir", "${openhca.etc},${openhca.home}/deploy");
      // Configurations change between measurements: they are seen soon.
      copy.set("felix.fileinstall.poll", "100");
      System.setProperty("gosh.args", "--nointeractive");
      return new BenchHost(copy, Host.start(copy.home(), copy.home().resolve("etc")));
    } catch (IOException | BundleException e) {
      throw new BenchException("the host does not start: " + e.getMessage(), e);
    }
  }

  private static String exportsOfApis(Path runtime) throws IOException {
    List<String> exports = new ArrayList<>();
    for (Path jar : RuntimeCopy.sorted(runtime.resolve("bundles/05"))) {
      try (JarFile file = new JarFile(jar.toFile())) {
        exports.add(file.getManifest().getMainAttributes().getValue(Constants.EXPORT_PACKAGE));
      }
    }
    return String.join(",", exports);
  }

  /** Folders and addresses. */
  public RuntimeCopy files() {
    return copy;
  }

  /** Makes a device of a driver on a port; see {@link #device} for when it is there. */
  public void addDevice(String driver, String device, String port) throws BenchException {
    try {
      copy.addDevice(driver, device, port);
    } catch (IOException e) {
      throw new BenchException("a configuration can't be written: " + e.getMessage(), e);
    }
  }

  /** Writes a configuration. */
  public void configure(String pid, String instance, Map<String, ?> values) throws BenchException {
    try {
      copy.configure(pid, instance, values);
    } catch (IOException e) {
      throw new BenchException("a configuration can't be written: " + e.getMessage(), e);
    }
  }

  /** Takes a device away and waits until it is gone. */
  public void removeDevice(String driver, String device) throws BenchException {
    try {
      copy.unconfigure("ib.driver." + driver, device);
    } catch (IOException e) {
      throw new BenchException("a configuration can't be deleted: " + e.getMessage(), e);
    }
    await(
        device + " did not leave", () -> reference(RdmaDevice.class, deviceFilter(device)) == null);
  }

  /** A device, once it is promoted. */
  public RdmaDevice device(String name) throws BenchException {
    return service(RdmaDevice.class, deviceFilter(name));
  }

  private static String deviceFilter(String name) {
    return "(" + RdmaDevice.DEVICE + "=" + name + ")";
  }

  /** A service, once it is there. */
  public <T> T service(Class<T> type, @Nullable String filter) throws BenchException {
    await(
        "no " + type.getSimpleName() + " " + (filter == null ? "" : filter),
        () -> reference(type, filter) != null);
    ServiceReference<T> reference = reference(type, filter);
    T service = reference == null ? null : context().getService(reference);
    if (service == null) {
      throw new BenchException(type.getSimpleName() + " " + filter + " went away at once");
    }
    return service;
  }

  private <T> @Nullable ServiceReference<T> reference(Class<T> type, @Nullable String filter) {
    try {
      return context().getServiceReferences(type, filter).stream().findFirst().orElse(null);
    } catch (InvalidSyntaxException e) {
      throw new IllegalArgumentException("filter " + filter, e);
    }
  }

  private BundleContext context() {
    return host.context();
  }

  /** Waits for something, within a bound. */
  public static void await(String problem, BooleanSupplier condition) throws BenchException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_S);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new BenchException(problem + " within " + WAIT_S + " s; the log above may say why");
      }
      pause(TimeUnit.MILLISECONDS.toNanos(2));
    }
  }

  /** Sleeps. */
  public static void pause(long ns) throws BenchException {
    try {
      TimeUnit.NANOSECONDS.sleep(ns);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchException("interrupted", e);
    }
  }

  @Override
  public void close() throws BenchException {
    host.close();
    try {
      copy.close();
    } catch (IOException e) {
      throw new BenchException("the host's folder could not be removed: " + e.getMessage(), e);
    }
  }
}
