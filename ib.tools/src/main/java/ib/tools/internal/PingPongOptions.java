// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.QpType;
import org.jspecify.annotations.Nullable;

/**
 * How pingpong was called; the spellings are those of the {@code ibv_*_pingpong} programs.
 *
 * @param type RC, UC or UD
 * @param shared {@code --srq}: queue pairs that share their receives
 * @param host of the server; null at the server
 * @param port TCP port of the side channel
 * @param sizeBytes of a message
 * @param mtuBytes path MTU of RC and UC
 * @param rxDepth receives posted at a time
 * @param iterations exchanges
 * @param queuePairs 1; with {@code --srq} as many as asked for
 * @param device {@code -d}
 * @param timeoutS {@code --timeout}
 */
record PingPongOptions(
    QpType type,
    boolean shared,
    @Nullable String host,
    int port,
    int sizeBytes,
    int mtuBytes,
    int rxDepth,
    int iterations,
    int queuePairs,
    @Nullable String device,
    int timeoutS) {
  static final String USAGE =
      "pingpong --rc|--uc|--ud|--srq [-p port] [-d dev] [-s size] [-m mtu] [-r rx-depth]"
          + " [-n iters] [-q num-qp] [host]";

  /**
   * The programs always exchange so many addresses with shared receives, whatever is in use
   * (rdma-core, {@code libibverbs/examples/srq_pingpong.c}).
   */
  static final int TOLD_QPS = 256;

  /** Most queue pairs that we use, and as many as the programs do unless told otherwise. */
  static final int MAX_QP = 16;

  private static final int PORT = 18_515;
  private static final int SIZE = 4096;
  private static final int UD_SIZE = 2048;
  private static final int MTU = 1024;
  private static final int RX_DEPTH = 500;
  private static final int ITERATIONS = 1000;
  private static final int MAX_SIZE = 1 << 24;
  private static final int MAX_RX_DEPTH = 1 << 16;

  static PingPongOptions parse(String... args) throws ToolException {
    Arguments given =
        Common.arguments(USAGE)
            .flag("--rc")
            .flag("--uc")
            .flag("--ud")
            .flag("--srq")
            .flag("-e", "--events")
            .value("-d", "--ib-dev", Common.DEVICE)
            .value("-p", "--port")
            .value("-i", "--ib-port")
            .value("-s", "--size")
            .value("-m", "--mtu")
            .value("-r", "--rx-depth")
            .value("-n", "--iters")
            .value("-q", "--num-qp")
            .value("-l", "--sl")
            .value("-g", "--gid-idx")
            .parse(args);
    boolean shared = given.has("--srq");
    QpType type = type(given, shared);
    int queuePairs = given.number("--num-qp", shared ? MAX_QP : 1, 1, MAX_QP);
    if (queuePairs > 1 && !shared) {
      throw new ToolException("more than one queue pair only with --srq; usage: " + USAGE);
    }
    int rxDepth = given.number("--rx-depth", RX_DEPTH, 1, MAX_RX_DEPTH);
    if (queuePairs > rxDepth) {
      throw new ToolException(
          "rx_depth %d is too small for %d QPs; give one receive per QP at least"
              .formatted(rxDepth, queuePairs));
    }
    return new PingPongOptions(
        type,
        shared,
        given.host(),
        given.number("--port", PORT, 1, Common.MAX_PORT),
        given.number("--size", type == QpType.UD ? UD_SIZE : SIZE, 1, MAX_SIZE),
        mtu(given.number("--mtu", MTU, 256, 4096)),
        rxDepth,
        given.number("--iters", ITERATIONS, 1, Integer.MAX_VALUE),
        queuePairs,
        given.text(Common.DEVICE),
        Common.timeoutS(given));
  }

  private static QpType type(Arguments given, boolean shared) throws ToolException {
    int kinds = 0;
    for (String kind : new String[] {"--rc", "--uc", "--ud", "--srq"}) {
      kinds += given.has(kind) ? 1 : 0;
    }
    if (kinds != 1) {
      throw new ToolException("give one of --rc, --uc, --ud and --srq; usage: " + USAGE);
    }
    if (given.has("--uc")) {
      return QpType.UC;
    }
    return given.has("--ud") && !shared ? QpType.UD : QpType.RC;
  }

  private static int mtu(int bytes) throws ToolException {
    if (Integer.bitCount(bytes) != 1) {
      throw new ToolException("--mtu " + bytes + "; give 256, 512, 1024, 2048 or 4096");
    }
    return bytes;
  }
}
