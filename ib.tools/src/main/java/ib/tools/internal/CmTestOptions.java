// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * How ucmatose or udaddy was called; the spellings are those of librdmacm's programs.
 *
 * @param server {@code -s}: address of the server; null at the server
 * @param bind {@code -b}: address of our own port; null for any
 * @param port {@code -p} of ucmatose; udaddy's is fixed
 * @param ibSpace {@code -P ib}: RDMA-CM's IB port space
 * @param connections {@code -c}
 * @param messages {@code -C} of a connection, each way
 * @param sizeBytes {@code -S} of a message
 * @param device {@code --device}
 * @param timeoutS {@code --timeout}
 */
record CmTestOptions(
    @Nullable InetAddress server,
    @Nullable InetAddress bind,
    int port,
    boolean ibSpace,
    int connections,
    int messages,
    int sizeBytes,
    @Nullable String device,
    int timeoutS) {
  private static final int MESSAGES = 10;
  private static final int SIZE = 100;
  private static final int MAX_CONNECTIONS = 64;
  private static final int MAX_MESSAGES = 4096;
  private static final int MAX_SIZE = 1 << 20;

  static CmTestOptions parse(String usage, int defaultPort, String... args) throws ToolException {
    Arguments given =
        Common.arguments(usage)
            .value("-s")
            .value("-b")
            .value("-f")
            .value("-P")
            .value("-p")
            .value("-c")
            .value("-C")
            .value("-S")
            .value("-t")
            .parse(args);
    if (!given.rest().isEmpty()) {
      throw new ToolException("what is " + given.rest() + "? usage: " + usage);
    }
    int size = given.number("-S", SIZE, 0, MAX_SIZE);
    return new CmTestOptions(
        given.address("-s"),
        given.address("-b"),
        given.number("-p", defaultPort, 1, Common.MAX_PORT),
        given.text("-P", "").startsWith("ib"),
        given.number("-c", 1, 1, MAX_CONNECTIONS),
        size == 0 ? 0 : given.number("-C", MESSAGES, 0, MAX_MESSAGES),
        size,
        given.text(Common.DEVICE),
        Common.timeoutS(given));
  }
}
