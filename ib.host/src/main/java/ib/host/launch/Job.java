// SPDX-License-Identifier: Apache-2.0
package ib.host.launch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.util.tracker.ServiceTracker;

/**
 * A command that starts a host, lets a service in it do the work, and ends with its exit code. The
 * service is a {@link Function} (a type that both sides share) with the property {@code
 * openhca.command}.
 */
final class Job {
  private static final long SERVICE_WAIT_MS = TimeUnit.SECONDS.toMillis(20);

  /** Nobody types: the shell only runs what it is given. */
  private static final String NO_TERMINAL = "--nointeractive";

  private Job() {}

  /**
   * {@code exec [--etc DIR] COMMANDS}: on the runtime's own folders, but with a bundle cache of its
   * own.
   */
  static int exec(Path home, List<String> args) throws Exception {
    boolean ownEtc = !args.isEmpty() && args.get(0).equals("--etc");
    if (ownEtc && args.size() == 1) {
      throw new Main.UsageException("--etc needs a folder; give exec --etc DIR 'COMMANDS'");
    }
    Path etc = ownEtc ? Path.of(args.get(1)).toAbsolutePath().normalize() : home.resolve("etc");
    if (!Files.isDirectory(etc)) {
      throw new Main.UsageException("--etc " + etc + ": no such folder");
    }
    return inWorkFolder(
        work -> run(work, home, etc, "exec", ownEtc ? args.subList(2, args.size()) : args));
  }

  /**
   * {@code demo}: on copies of the runtime's folders, since it drops, overwrites and deletes files
   * there.
   */
  static int demo(Path home, List<String> args) throws Exception {
    return inWorkFolder(
        work -> {
          copy(home.resolve("deploy"), work.resolve("deploy"), name -> true);
          // The demonstration configures its own target and disk.
          copy(home.resolve("etc"), work.resolve("etc"), name -> !name.startsWith("ib.ulp."));
          ownAddresses(work.resolve("etc"));
          System.setProperty(
              "felix.fileinstall.dir", work.resolve("etc") + "," + work.resolve("deploy"));
          return run(work, home, work.resolve("etc"), "demo", args);
        });
  }

  /** {@code tool NAME ...}: like exec with one command, on a host made for it where it talks. */
  static int tool(Path home, List<String> args) throws Exception {
    ToolJob job = ToolJob.of(args);
    String command = job.command();
    if (!job.ownHost()) {
      Path etc = job.etc(home);
      return inWorkFolder(work -> run(work, home, etc, "exec", List.of(command)));
    }
    return inWorkFolder(
        work -> {
          Path etc = work.resolve("etc");
          copy(home.resolve("etc"), etc, name -> !name.startsWith("ib."));
          job.configure(etc, ownNetwork() + "1");
          return run(work, home, etc, "exec", List.of(command));
        });
  }

  /** The first three numbers of addresses that no other host on this machine is likely to use. */
  private static String ownNetwork() {
    long process = ProcessHandle.current().pid();
    return "127.%d.%d.".formatted(64 + (process >> 8) % 128, process & 0xFF);
  }

  private static void ownAddresses(Path etc) throws IOException {
    String network = ownNetwork();
    for (int i = 0; i < 2; i++) {
      String text = "name = \"p%d\"%naddress = \"%s%d\"%n".formatted(i, network, i + 1);
      Files.writeString(etc.resolve("ib.port-p" + i + ".config"), text);
    }
  }

  private interface InFolder {
    int run(WorkFolder work) throws Exception;
  }

  private static int inWorkFolder(InFolder job) throws Exception {
    try (WorkFolder work = WorkFolder.create()) {
      System.setProperty("openhca.work", work.path().toString());
      System.setProperty("gosh.args", NO_TERMINAL);
      return job.run(work);
    }
  }

  private static int run(WorkFolder work, Path home, Path etc, String command, List<String> args)
      throws IOException, BundleException, InterruptedException {
    return call(work.start(home, etc).context(), command, args);
  }

  @SuppressWarnings(
      "unchecked") // the property openhca.command promises Function<String[], Integer>
  private static int call(BundleContext context, String command, List<String> args)
      throws InterruptedException {
    ServiceTracker<Object, Object> tracker =
        new ServiceTracker<>(context, filter("(openhca.command=" + command + ")"), null);
    tracker.open();
    try {
      Object service = tracker.waitForService(SERVICE_WAIT_MS);
      if (service == null) {
        System.err.println(
            "ib: the host offers no "
                + command
                + " within "
                + SERVICE_WAIT_MS / 1000
                + " s; the log above tells which bundle is missing something");
        return 1;
      }
      return ((Function<String[], Integer>) service).apply(args.toArray(String[]::new));
    } finally {
      tracker.close();
    }
  }

  private static org.osgi.framework.Filter filter(String text) {
    try {
      return FrameworkUtil.createFilter(text);
    } catch (InvalidSyntaxException e) {
      throw new IllegalArgumentException(text, e);
    }
  }

  private static void copy(Path from, Path to, java.util.function.Predicate<String> which)
      throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = String.valueOf(file.getFileName());
        if (which.test(name)) {
          Files.copy(file, to.resolve(name));
        }
      }
    }
  }
}
