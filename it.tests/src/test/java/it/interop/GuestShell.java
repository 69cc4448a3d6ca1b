// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;

/**
 * {@code ./ib interop --shell}: a kernel and a host on a wire, and lines for both. The host is a
 * target of SRP too. Each line is a shell of its own in the guest.
 */
final class GuestShell {
  private static final Duration LIMIT = Duration.ofMinutes(10);
  private static final String OURS = "ib ";
  private static final String BEHIND = "&";

  private final Bench bench;
  private final BufferedReader in;
  private final PrintStream out;

  GuestShell(Bench bench, BufferedReader in, PrintStream out) {
    this.bench = bench;
    this.in = in;
    this.out = out;
  }

  /** Until there are no more lines; the exit code of the last. */
  int run(String version) throws InteropException {
    bench.prepare(Case.of("-", "shell", "-", 4096, unused -> "").with(Case.Host.TARGET));
    out.printf(
        """
        Linux %s is %s, device rxe0. OpenHCA is %s, device mthca0, with a disk:
          srp-login %s %s %s    (then fio-verify /dev/sda 4k 8 2M, srp-logout)
        A line is run by Linux; one that begins with "ib" by OpenHCA's shell ("ib help"), with & at its end while you go on.
          ib rdma:rping -s -v &
          rping -c -a %s -v -C 3
        Ctrl-D ends both.
        """,
        version,
        Guest.ADDRESS,
        Wire.ADDRESS,
        Wire.ADDRESS,
        Bench.SRP_PORT,
        Bench.TARGET_ID,
        Wire.ADDRESS);
    int code = 0;
    for (String line = next(); line != null; line = next()) {
      if (!line.isBlank()) {
        code = run1(line.strip());
      }
    }
    out.println();
    return code;
  }

  private String next() throws InteropException {
    out.print("linux# ");
    out.flush();
    try {
      return in.readLine();
    } catch (IOException e) {
      throw new InteropException("no more lines can be read: " + e.getMessage(), e);
    }
  }

  private int run1(String line) {
    try {
      if (!line.startsWith(OURS)) {
        Programs.Result result = bench.guest().tryRun(line, LIMIT);
        out.print(result.output());
        return result.code();
      }
      String command = line.substring(OURS.length()).strip();
      if (command.endsWith(BEHIND)) {
        String behind = command.substring(0, command.length() - BEHIND.length()).strip();
        HostProcess.Running running = bench.host().begin(behind);
        Thread.ofVirtual().start(() -> show(running));
        return 0;
      }
      return show(bench.host().begin(command));
    } catch (InteropException e) {
      out.println(e.getMessage());
      return 1;
    }
  }

  private int show(HostProcess.Running running) {
    try {
      out.println(HostProcess.unprompted(running.await(LIMIT)));
      return 0;
    } catch (InteropException e) {
      out.println(e.getMessage());
      return 1;
    }
  }
}
