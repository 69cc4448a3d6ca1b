// SPDX-License-Identifier: Apache-2.0
package ib.host.launch;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleException;

/**
 * A folder that one run of a command has for itself, with the host that it starts: both end with
 * it, also where a signal ends the JVM.
 */
final class WorkFolder implements AutoCloseable {
  private final Path path;
  private final Thread onSignal = new Thread(this::endBySignal, "openhca-shutdown");

  // Guarded by this.
  private @Nullable Host host;
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

  /** Starts the one host. */
  Host start(Path home, Path etc) throws IOException, BundleException {
    Host started = Host.start(home, etc);
    if (!keep(started)) {
      started.close();
    }
    return started;
  }

  private synchronized boolean keep(Host started) {
    host = started;
    return !ended;
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
    if (host != null) {
      host.close();
    }
    delete();
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
