// SPDX-License-Identifier: Apache-2.0
package it;

import static org.ops4j.pax.exam.CoreOptions.bundle;
import static org.ops4j.pax.exam.CoreOptions.composite;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;
import static org.ops4j.pax.exam.CoreOptions.frameworkStartLevel;
import static org.ops4j.pax.exam.CoreOptions.junitBundles;
import static org.ops4j.pax.exam.CoreOptions.systemProperty;
import static org.ops4j.pax.exam.CoreOptions.vmOptions;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.ops4j.pax.exam.Option;

/**
 * What a container is made of, as options to be put together.
 *
 * <p>The bundles are those of the runtime that {@code ib.host} assembles, each at the start level
 * that its folder names, so that the tests run what ships and no second list is kept. Everything is
 * a file: nothing is resolved from a repository when a test runs.
 */
public final class ContainerOptions {
  /** The start level that File Install gives to what it finds in {@code deploy/}. */
  public static final int DEPLOY_LEVEL = 15;

  private static final int PROTOCOL_LEVEL = 20;
  private static final int TOOLS_LEVEL = 24;
  private static final int OPERATOR_LEVEL = 25;

  private ContainerOptions() {}

  /** The assembled runtime's directory. */
  public static Path home() {
    return Path.of(required("openhca.home"));
  }

  /** The jar in {@code deploy/} whose file name begins with {@code symbolicName}. */
  public static Path driverJar(String symbolicName) {
    return jars(home().resolve("deploy")).stream()
        .filter(jar -> jar.getFileName().toString().startsWith(symbolicName + "-"))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("deploy/ holds no " + symbolicName));
  }

  /**
   * What every container needs: strict resolution, JUnit, AssertJ, and nothing left of old runs.
   */
  public static Option base() {
    return composite(
        systemProperty("pax.exam.osgi.unresolved.fail").value("true"),
        systemProperty("org.ops4j.pax.logging.DefaultServiceLog.level").value("WARN"),
        frameworkProperty("org.osgi.framework.storage.clean").value("onFirstInit"),
        frameworkStartLevel(100),
        junitBundles(),
        folder(Path.of(required("openhca.testBundles")), 4));
  }

  /** Logging, Configuration Admin, Declarative Services, Gogo. */
  public static Option services() {
    return composite(level(2), level(3));
  }

  /** The API bundles. */
  public static Option apis() {
    return level(5);
  }

  /** Transport, connection manager and core. */
  public static Option platform() {
    return level(10);
  }

  /** File Install; which folders it watches is for the test to say. */
  public static Option fileInstall() {
    return level(12);
  }

  /** All drivers, installed as bundles from the start. */
  public static Option drivers() {
    return folder(home().resolve("deploy"), DEPLOY_LEVEL);
  }

  /** The one driver of that symbolic name, installed as a bundle from the start. */
  public static Option driver(String symbolicName) {
    return jar(driverJar(symbolicName), DEPLOY_LEVEL);
  }

  /** SRP target and initiator, the target first. */
  public static Option protocols() {
    return composite(
        levels()
            .filter(level -> level >= PROTOCOL_LEVEL && level < TOOLS_LEVEL)
            .map(ContainerOptions::level)
            .toArray(Option[]::new));
  }

  /** The tools, as commands of the shell. */
  public static Option tools() {
    return level(TOOLS_LEVEL);
  }

  /** Everything that the runtime starts but its shell. */
  public static Option house() {
    return composite(base(), services(), apis(), platform(), drivers(), protocols());
  }

  /** The platform without any driver or protocol: for drivers that tests bring with them. */
  public static Option[] core() {
    return new Option[] {base(), services(), apis(), platform()};
  }

  /** The host's bundles with their start levels, without its watcher's folders and its shell. */
  public static Map<Path, Integer> jarsOfTheHost() {
    Map<Path, Integer> jars = new LinkedHashMap<>();
    levels()
        .filter(level -> level < OPERATOR_LEVEL)
        .forEach(level -> jars(folder(level)).forEach(jar -> jars.put(jar, level)));
    jars(home().resolve("deploy")).forEach(jar -> jars.put(jar, DEPLOY_LEVEL));
    return jars;
  }

  /** For a forked container: the flags that the launcher gives to its JVM. */
  public static Option jvmFlags() {
    Path file = home().resolve("bin").resolve("java.options");
    try (Stream<String> lines = Files.lines(file)) {
      return vmOptions(lines.filter(line -> line.startsWith("-")).toArray(String[]::new));
    } catch (IOException e) {
      throw new UncheckedIOException("no JVM flags at " + file, e);
    }
  }

  private static Option level(int level) {
    return folder(folder(level), level);
  }

  private static Path folder(int level) {
    return home().resolve("bundles").resolve("%02d".formatted(level));
  }

  /** The start levels that the runtime has bundles for, ascending. */
  private static Stream<Integer> levels() {
    try (Stream<Path> folders = Files.list(home().resolve("bundles"))) {
      return folders
          .map(folder -> Integer.valueOf(folder.getFileName().toString()))
          .sorted()
          .toList()
          .stream();
    } catch (IOException e) {
      throw new UncheckedIOException("no assembled runtime at " + home(), e);
    }
  }

  private static Option folder(Path folder, int level) {
    return composite(jars(folder).stream().map(jar -> jar(jar, level)).toArray(Option[]::new));
  }

  private static Option jar(Path jar, int level) {
    return bundle(jar.toUri().toString()).startLevel(level);
  }

  private static List<Path> jars(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".jar")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException("no assembled runtime at " + folder, e);
    }
  }

  private static String required(String property) {
    String value = System.getProperty(property);
    if (value == null) {
      throw new IllegalStateException("system property " + property + " is not set; run by Maven");
    }
    return value;
  }
}
