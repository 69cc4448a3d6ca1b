// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import java.io.PrintStream;
import java.net.InetAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What the tools have in common: options beyond those of the programs that they are like. */
final class Common {
  static final String DEVICE = "--device";
  static final String TIMEOUT = "--timeout";

  /** Shown in every usage. */
  static final String OPTIONS = " [--device NAME] [--timeout SECONDS]";

  private static final int TIMEOUT_S = 600;
  private static final int DAY_S = 86_400;

  /** How long one operation may take before the run is given up. */
  static final long OPERATION_NS = TimeUnit.SECONDS.toNanos(30);

  static final int MAX_PORT = 65_535;

  private Common() {}

  static Arguments arguments(String usage) {
    return new Arguments("usage: " + usage + OPTIONS).value(DEVICE).value(TIMEOUT);
  }

  /** What a command answers if its usage is all that was asked for, else null. */
  static @Nullable String help(String usage, String... args) {
    return Arguments.askForHelp(args) ? "usage: " + usage + OPTIONS : null;
  }

  /** An address that a client must have. */
  static InetAddress given(@Nullable InetAddress server) throws ToolException {
    if (server == null) {
      throw new ToolException("a client needs the server's address");
    }
    return server;
  }

  /** Says where a server can be reached. */
  static void listening(Run run, String where, PrintStream out) {
    Local local = run.local();
    out.printf(
        "listening on %s, %s %s%n",
        local.device().name(), local.manager().localAddress().getHostAddress(), where);
  }

  /** How long a server waits for somebody to connect. */
  static int timeoutS(Arguments arguments) throws ToolException {
    return arguments.number(TIMEOUT, TIMEOUT_S, 1, DAY_S);
  }
}
