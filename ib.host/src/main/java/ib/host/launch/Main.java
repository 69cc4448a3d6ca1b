// SPDX-License-Identifier: Apache-2.0
package ib.host.launch;

import ib.host.internal.decode.DecodeMain;
import ib.host.internal.restamp.Restamp;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The command line behind {@code ./ib}: the first argument names the command. */
public final class Main {
  private static final int EXIT_USAGE = 2;

  private Main() {}

  /** Runs one command and ends the JVM with its exit code. */
  public static void main(String[] args) throws Exception {
    try {
      System.exit(run(List.of(args)));
    } catch (UsageException e) {
      System.err.println("ib: " + e.getMessage());
      System.exit(EXIT_USAGE);
    }
  }

  private static int run(List<String> args) throws Exception {
    if (args.isEmpty()) {
      throw new UsageException("no command given; ./ib help lists them");
    }
    List<String> rest = args.subList(1, args.size());
    return switch (args.get(0)) {
      case "run" -> runInForeground(rest);
      case "exec" -> Job.exec(home(), rest);
      case "tool" -> Job.tool(home(), rest);
      case "restamp" -> Restamp.main(rest);
      case "demo" -> Job.demo(home(), rest);
      case "decode" -> DecodeMain.run(rest);
      default ->
          throw new UsageException("unknown command: " + args.get(0) + "; ./ib help lists them");
    };
  }

  private static int runInForeground(List<String> args) throws Exception {
    Path home = home();
    Path etc = home.resolve("etc");
    if (args.size() == 2 && args.get(0).equals("--etc")) {
      etc = Path.of(args.get(1)).toAbsolutePath().normalize();
      if (!Files.isDirectory(etc)) {
        throw new UsageException("--etc " + args.get(1) + ": no such folder");
      }
    } else if (!args.isEmpty()) {
      throw new UsageException("run takes --etc DIR and nothing else, not: " + args);
    }
    try (WorkFolder work = WorkFolder.create()) {
      work.start(home, etc).awaitStop();
    }
    return 0;
  }

  private static Path home() throws UsageException {
    String home = System.getProperty("openhca.home");
    if (home == null || !Files.isDirectory(Path.of(home, "bundles"))) {
      throw new UsageException(
          "system property openhca.home (" + home + ") names no runtime directory; start by ./ib");
    }
    return Path.of(home).toAbsolutePath().normalize();
  }

  /** A command line that can't be run as it stands; the message says why. */
  static final class UsageException extends Exception {
    private static final long serialVersionUID = 1L;

    UsageException(String message) {
      super(message);
    }
  }
}
