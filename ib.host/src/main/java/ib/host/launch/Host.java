// SPDX-License-Identifier: Apache-2.0
package ib.host.launch;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.ServiceLoader;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;
import org.osgi.framework.startlevel.BundleStartLevel;

/**
 * A running framework on a runtime directory.
 *
 * <p>A folder below {@code bundles/} is named by the start level of the bundles in it. Drivers are
 * not installed here: File Install finds them in {@code deploy/}.
 */
public final class Host implements AutoCloseable {
  /** A stop that takes longer is given up; the JVM ends anyway. */
  private static final long STOP_TIMEOUT_MS = TimeUnit.SECONDS.toMillis(20);

  private static final Pattern VARIABLE = Pattern.compile("\\$\\{([^}]+)}");

  private final Framework framework;

  private Host(Framework framework) {
    this.framework = framework;
  }

  /**
   * Starts the framework and returns when it has reached its start level.
   *
   * @param home the runtime directory
   * @param etc the folder of configurations
   * @throws IOException if the runtime directory can't be read; the message names the file
   * @throws BundleException if a bundle can't be installed or the framework can't start
   */
  public static Host start(Path home, Path etc) throws IOException, BundleException {
    Map<String, String> settings = settings(home, etc);
    FrameworkFactory factory =
        ServiceLoader.load(FrameworkFactory.class)
            .findFirst()
            .orElseThrow(() -> new IOException("no OSGi framework on the class path"));
    Framework framework = factory.newFramework(settings);
    framework.init();
    install(framework.getBundleContext(), home.resolve("bundles"));
    framework.start();
    return new Host(framework);
  }

  /** The framework's own context. */
  public BundleContext context() {
    return framework.getBundleContext();
  }

  /** Waits until somebody stops the framework: the shell, or {@link #close}. */
  public void awaitStop() throws InterruptedException {
    framework.waitForStop(0);
  }

  /** Stops the framework, protocols first, and waits within a bound. Harmless when repeated. */
  @Override
  public void close() {
    try {
      framework.stop();
      framework.waitForStop(STOP_TIMEOUT_MS);
    } catch (BundleException e) {
      System.err.println("ib: the framework did not stop: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void install(BundleContext context, Path bundles)
      throws IOException, BundleException {
    for (Path folder : sorted(bundles)) {
      int level = Integer.parseInt(String.valueOf(folder.getFileName()));
      for (Path jar : sorted(folder)) {
        Bundle bundle = context.installBundle(jar.toUri().toString());
        bundle.adapt(BundleStartLevel.class).setStartLevel(level);
        if (bundle.getHeaders().get(Constants.FRAGMENT_HOST) == null) {
          bundle.start();
        }
      }
    }
  }

  private static List<Path> sorted(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().toList();
    }
  }

  /**
   * Reads {@code conf/config.properties}; a variable is a system property or one of {@code
   * openhca.home} and {@code openhca.etc}, which bundles see as well.
   */
  private static Map<String, String> settings(Path home, Path etc) throws IOException {
    System.setProperty("openhca.home", home.toString());
    System.setProperty("openhca.etc", etc.toString());
    Properties file = new Properties();
    try (Reader reader = Files.newBufferedReader(home.resolve("conf/config.properties"))) {
      file.load(reader);
    }
    Map<String, String> settings = new HashMap<>();
    for (String key : file.stringPropertyNames()) {
      settings.put(key, System.getProperty(key, substitute(file.getProperty(key))));
    }
    return settings;
  }

  private static String substitute(String value) {
    return VARIABLE
        .matcher(value)
        .replaceAll(
            variable ->
                Matcher.quoteReplacement(System.getProperty(variable.group(1), variable.group())));
  }
}
