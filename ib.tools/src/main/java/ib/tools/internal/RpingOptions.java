// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * How rping was called.
 *
 * @param server {@code -s}, else {@code -c}
 * @param address {@code -a}: of the server; null at a server for any
 * @param source {@code -I}: of a client's own port; null for any
 * @param port {@code -p}
 * @param sizeBytes {@code -S}: ping data
 * @param count {@code -C}: pings of a client, 0 = until ended
 * @param verbose {@code -v}: shows the data
 * @param validate {@code -V}: compares what came back
 * @param persistent {@code -P}: a server that takes connection after connection
 * @param device {@code --device}
 * @param timeoutS {@code --timeout}
 */
record RpingOptions(
    boolean server,
    @Nullable InetAddress address,
    @Nullable InetAddress source,
    int port,
    int sizeBytes,
    int count,
    boolean verbose,
    boolean validate,
    boolean persistent,
    @Nullable String device,
    int timeoutS) {
  static final String USAGE =
      "rping -s [-vVP] [-C count] [-S size] [-a addr] [-p port]"
          + " | rping -c [-vV] [-S size] [-C count] [-I addr] -a addr [-p port]";

  private static final int PORT = 7174;
  private static final int SIZE = 64;

  /** Room for the longest beginning of ping data, and the most that rping takes. */
  private static final int MIN_SIZE = 24;

  private static final int MAX_SIZE = 64 * 1024 - 1;

  static RpingOptions parse(String... args) throws ToolException {
    Arguments given =
        Common.arguments(USAGE)
            .flag("-s")
            .flag("-c")
            .flag("-v")
            .flag("-V")
            .flag("-P")
            .flag("-d")
            .flag("-q")
            .value("-a")
            .value("-I")
            .value("-p")
            .value("-S")
            .value("-C")
            .parse(args);
    if (given.has("-s") == given.has("-c") || !given.rest().isEmpty()) {
      throw new ToolException("give either -s or -c; usage: " + USAGE + Common.OPTIONS);
    }
    if (given.has("-c") && !given.has("-a")) {
      throw new ToolException("a client needs the server's address, -a addr; usage: " + USAGE);
    }
    return new RpingOptions(
        given.has("-s"),
        given.address("-a"),
        given.address("-I"),
        given.number("-p", PORT, 1, Common.MAX_PORT),
        given.number("-S", SIZE, MIN_SIZE, MAX_SIZE),
        given.number("-C", 0, 0, Integer.MAX_VALUE),
        given.has("-v"),
        given.has("-V"),
        given.has("-P"),
        given.text(Common.DEVICE),
        Common.timeoutS(given));
  }
}
