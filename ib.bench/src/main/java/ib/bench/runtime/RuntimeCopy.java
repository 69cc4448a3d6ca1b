// SPDX-License-Identifier: Apache-2.0
package ib.bench.runtime;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A runtime directory of its own for one benchmark: the bundles are links to those that were built,
 * the configurations are the benchmark's, the ports have addresses that no other run uses. Removed
 * on close.
 */
public final class RuntimeCopy implements AutoCloseable {
  /** Folder of the APIs below {@code bundles/}, by start level. */
  private static final String APIS = "05";

  private final Path home;
  private final String network;

  private RuntimeCopy(Path home, String network) {
    this.home = home;
    this.network = network;
  }

  /**
   * Makes a copy with two ports, {@code p0} and {@code p1}.
   *
   * @param runtime the assembled runtime directory
   * @param withApis whether the API bundles are in it; without, the launching class path has to
   *     offer their packages
   */
  public static RuntimeCopy make(Path runtime, boolean withApis) throws IOException {
    Path home = Files.createTempDirectory("openhca-bench").toRealPath();
    RuntimeCopy copy = new RuntimeCopy(home, freeNetwork());
    link(runtime.resolve("bin"), home.resolve("bin"));
    link(runtime.resolve("deploy"), home.resolve("deploy"));
    for (Path folder : sorted(runtime.resolve("bundles"))) {
      String level = String.valueOf(folder.getFileName());
      if (withApis || !level.equals(APIS)) {
        link(folder, home.resolve("bundles").resolve(level));
      }
    }
    Files.createDirectories(home.resolve("conf"));
    Files.copy(runtime.resolve("conf/config.properties"), home.resolve("conf/config.properties"));
    copy.quietLog(runtime.resolve("etc"));
    copy.configure("ib.port", "p0", Map.of("name", "p0", "address", copy.address(0)));
    copy.configure("ib.port", "p1", Map.of("name", "p1", "address", copy.address(1)));
    return copy;
  }

  /**
   * Three bytes of a loopback network, by process and copy, so that runs side by side do not meet.
   */
  private static String freeNetwork() {
    long mixed =
        (ProcessHandle.current().pid() << 20 ^ System.nanoTime() >>> 10) * 0x9E3779B97F4A7C15L;
    return "127." + (100 + (mixed >>> 58)) + "." + (mixed >>> 40 & 0xFF);
  }

  private static void link(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    for (Path file : sorted(from)) {
      Files.createSymbolicLink(to.resolve(file.getFileName()), file);
    }
  }

  static List<Path> sorted(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().toList();
    }
  }

  /** Logging as in the runtime, but warnings only: a log line is no part of what is measured. */
  private void quietLog(Path etc) throws IOException {
    Files.createDirectories(home.resolve("etc"));
    for (String name : List.of("logback.xml", "org.ops4j.pax.logging.cfg")) {
      String text = Files.readString(etc.resolve(name)).replace("level=\"INFO\"", "level=\"WARN\"");
      Files.writeString(home.resolve("etc").resolve(name), text);
    }
  }

  /** The directory. */
  public Path home() {
    return home;
  }

  /** Address of port {@code index}. */
  public String address(int index) {
    return network + "." + (index + 1);
  }

  /** Adds a line to the framework's settings; the last of a key counts. */
  void set(String key, String value) throws IOException {
    Path file = home.resolve("conf/config.properties");
    Files.writeString(file, Files.readString(file) + "\n" + key + "=" + value + "\n");
  }

  /** Writes a factory configuration; values are strings or string arrays. */
  public void configure(String pid, String instance, Map<String, ?> values) throws IOException {
    StringBuilder text = new StringBuilder();
    new TreeMap<>(values)
        .forEach((key, value) -> text.append(key).append(" = ").append(quote(value)).append('\n'));
    // File Install must not see half of it.
    Path half = home.resolve(pid + "-" + instance);
    Files.writeString(half, text, StandardCharsets.UTF_8);
    Files.move(half, file(pid, instance), StandardCopyOption.ATOMIC_MOVE);
  }

  /** Configures a device of a driver on a port. */
  public void addDevice(String driver, String device, String port) throws IOException {
    configure(
        "ib.driver." + driver,
        device,
        Map.of("ib.device", device, "port.target", "(ib.port=" + port + ")"));
  }

  /** Deletes a configuration. */
  public void unconfigure(String pid, String instance) throws IOException {
    Files.deleteIfExists(file(pid, instance));
  }

  private Path file(String pid, String instance) {
    return home.resolve("etc").resolve(pid + "-" + instance + ".config");
  }

  private static String quote(Object value) {
    if (value instanceof String[] many) {
      return "[ " + String.join(", ", Stream.of(many).map(RuntimeCopy::quote).toList()) + " ]";
    }
    String text = String.valueOf(value);
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("=", "\\=") + '"';
  }

  @Override
  public void close() throws IOException {
    try (Stream<Path> all = Files.walk(home)) {
      all.sorted(Comparator.reverseOrder()).forEach(RuntimeCopy::delete);
    } catch (UncheckedIOException e) {
      throw new IOException("could not remove " + home, e);
    }
  }

  private static void delete(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
