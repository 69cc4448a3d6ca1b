// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * How perf was called; the spellings are those of perftest. The client's decide, the server learns
 * them with the connection.
 *
 * @param operation what is measured; null at the server
 * @param latency {@code lat}, else {@code bw}
 * @param host of the server; null at the server
 * @param port RDMA-CM port
 * @param sizes of a message, those to be measured in turn
 * @param iterations of each size
 * @param txDepth operations outstanding in {@code bw}
 * @param device {@code -d}
 * @param timeoutS {@code --timeout}
 */
record PerfOptions(
    @Nullable Operation operation,
    boolean latency,
    @Nullable String host,
    int port,
    List<Integer> sizes,
    int iterations,
    int txDepth,
    @Nullable String device,
    int timeoutS) {
  /** What is measured. */
  enum Operation {
    WRITE("RDMA_Write"),
    READ("RDMA_Read"),
    SEND("Send"),
    ATOMIC("Atomic");

    /** perftest's name. */
    final String title;

    Operation(String title) {
      this.title = title;
    }
  }

  static final String USAGE =
      "perf [-p port] [-d dev] | perf write|read|send|atomic bw|lat [-s size] [-a] [-n iters]"
          + " [-t tx-depth] [-p port] [-d dev] host";

  /** Largest message. */
  static final int MAX_SIZE = 1 << 20;

  /** Most operations outstanding. */
  static final int MAX_DEPTH = 512;

  /** Length of what an atomic operation changes. */
  static final int ATOMIC_BYTES = 8;

  private static final int PORT = 18_515;
  private static final int BW_SIZE = 65_536;
  private static final int LAT_SIZE = 2;
  private static final int ITERATIONS = 1000;
  private static final int TX_DEPTH = 128;
  private static final int FIRST_OF_ALL = 2;

  static PerfOptions parse(String... args) throws ToolException {
    Arguments given =
        Common.arguments(USAGE)
            .value("-d", "--ib-dev", Common.DEVICE)
            .value("-p", "--port")
            .value("-s", "--size")
            .flag("-a", "--all")
            .value("-n", "--iters")
            .value("-t", "--tx-depth")
            .parse(args);
    List<String> rest = given.rest();
    if (!rest.isEmpty() && rest.size() != 3) {
      throw new ToolException(
          "name operation, measure and host, or none at the server; usage: " + USAGE);
    }
    Operation operation = rest.isEmpty() ? null : operation(rest.getFirst());
    boolean latency = operation != null && isLatency(rest.get(1));
    int size = given.number("--size", latency ? LAT_SIZE : BW_SIZE, 1, MAX_SIZE);
    return new PerfOptions(
        operation,
        latency,
        operation == null ? null : rest.getLast(),
        given.number("--port", PORT, 1, Common.MAX_PORT),
        sizes(operation, size, given.has("--all")),
        given.number("--iters", ITERATIONS, 1, Integer.MAX_VALUE),
        given.number("--tx-depth", TX_DEPTH, 1, MAX_DEPTH),
        given.text(Common.DEVICE),
        Common.timeoutS(given));
  }

  private static Operation operation(String name) throws ToolException {
    return switch (name) {
      case "write" -> Operation.WRITE;
      case "read" -> Operation.READ;
      case "send" -> Operation.SEND;
      case "atomic" -> Operation.ATOMIC;
      default ->
          throw new ToolException(
              name + " is no operation; give write, read, send or atomic; usage: " + USAGE);
    };
  }

  private static boolean isLatency(String measure) throws ToolException {
    if (!measure.equals("bw") && !measure.equals("lat")) {
      throw new ToolException(measure + " is no measure; give bw or lat; usage: " + USAGE);
    }
    return measure.equals("lat");
  }

  private static List<Integer> sizes(@Nullable Operation operation, int size, boolean all) {
    if (operation == Operation.ATOMIC) {
      return List.of(ATOMIC_BYTES);
    }
    return all
        ? IntStream.iterate(FIRST_OF_ALL, bytes -> bytes <= MAX_SIZE, bytes -> 2 * bytes)
            .boxed()
            .toList()
        : List.of(size);
  }

  /** The largest of the sizes. */
  int maxSize() {
    return sizes.getLast();
  }
}
