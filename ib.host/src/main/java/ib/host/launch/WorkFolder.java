// SPDX-License-Identifier: Apache-2.0
package ib.host.launch;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleException;

/**
 * A folder that one run of a command has for itself, with the host that it starts: both end with
 * it, also where a signal ends the JVM.
 */
final class WorkFolder implements AutoCloseable {
  /** A start takes a second or two; one that takes longer is not waited for. */
  private static final long START_MS = 20_000;

  private static final String STORAGE = "org.osgi.framework.storage";

  private final Path path;
  private final Thread onSignal = new Thread(this::endBySignal, "openhca-shutdown");

  // Guarded by this.
  private @Nullable Host host;
  private boolean starting;
  private boolean ended;

  private WorkFolder(Path path) {
    this.path = path;
  }

  static WorkFolder create() throws IOException {
    WorkFolder work = new WorkFolder(Files.createTempDirectory("openhca"));
    Runtime.getRuntime().addShutdownHook(work.onSignal);
    return work;
  }

  Path path() {
    return path;
  }

  Path resolve(String name) {
    return path.resolve(name);
  }

  /**
   * Starts the one host. The framework's cache is here unless a place is given: it is emptied at
   * the start, and another host may run on the same runtime directory.
   */
  Host start(Path home, Path etc) throws IOException, BundleException {
    if (System.getProperty(STORAGE) == null) {
      System.setProperty(STORAGE, resolve("cache").toString());
    }
    begin();
    Host started = null;
    try {
      started = Host.start(home, etc);
      return started;
    } finally {
      begun(started);
    }
  }

  private synchronized void begin() {
    starting = true;
  }

  private synchronized void begun(@Nullable Host started) {
    starting = false;
    host = started;
    notifyAll();
  }

  /** Stops the host and deletes the folder; where a signal does that already, waits for it. */
  @Override
  public void close() throws IOException {
    end();
    try {
      Runtime.getRuntime().removeShutdownHook(onSignal);
    } catch (IllegalStateException e) {
      // The JVM ends: nothing is left to do, here or there.
      return;
    }
  }

  private void endBySignal() {
    try {
      end();
    } catch (IOException e) {
      System.err.println("ib: " + e.getMessage());
    }
  }

  private synchronized void end() throws IOException {
    if (ended) {
      return;
    }
    ended = true;
    awaitStart();
    if (host != null) {
      host.close();
    }
    delete();
  }

  /** A framework can't be stopped, and its folder not deleted, while it starts. */
  private synchronized void awaitStart() {
    long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_MS);
    long leftMs = START_MS;
    while (starting && leftMs > 0) {
      try {
        wait(leftMs);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
      leftMs = TimeUnit.NANOSECONDS.toMillis(endNs - System.nanoTime());
    }
  }

  private void delete() throws IOException {
    try (Stream<Path> all = Files.walk(path)) {
      all.sorted(Comparator.reverseOrder()).forEach(WorkFolder::deleteOne);
    } catch (UncheckedIOException e) {
      throw new IOException("could not remove " + path + ": " + e.getMessage(), e);
    }
  }

  private static void deleteOne(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
