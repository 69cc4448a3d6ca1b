// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.QpType;
import ib.verbs.SendWr;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * How perf was called; spellings, defaults and what follows from what are perftest's ({@code
 * perftest_parameters.c} of version 6.06, the one of release 4.5-0.17). Immutable.
 */
final class PerfOptions {
  /** What is measured. */
  enum Operation {
    WRITE("RDMA_Write"),
    READ("RDMA_Read"),
    SEND("Send"),
    ATOMIC("Atomic FETCH_AND_ADD");

    /** perftest's name. */
    final String title;

    Operation(String title) {
      this.title = title;
    }
  }

  static final String USAGE =
      "perf write|read|send|atomic bw|lat [-c RC|UC|UD] [-s size] [-a] [-n iters | -D seconds]"
          + " [-m mtu] [-t tx-depth] [-r rx-depth] [-Q cq-mod] [-I inline] [-o reads] [-u timeout]"
          + " [-x 0] [-q qps] [-b] [-F] [-R] [-p port] [-d dev] [host]";

  /** Largest message: what a region of all our devices holds. perftest goes to 8 MiB. */
  static final int MAX_SIZE = 1 << 20;

  /** Length of what an atomic operation changes. */
  static final int ATOMIC_BYTES = 8;

  private static final int PORT = 18_515;
  private static final int BW_SIZE = 65_536;
  private static final int LAT_SIZE = 2;
  private static final int ITERATIONS = 1000;
  private static final int WRITE_ITERATIONS = 5000;
  private static final int MIN_ITERATIONS = 5;
  private static final int MAX_ITERATIONS = 100_000_000;

  /** Of latency, where the time of each is kept. */
  private static final int MAX_LAT_ITERATIONS = 10_000_000;

  private static final int TX_DEPTH = 128;
  private static final int MAX_TX_DEPTH = 8000;
  private static final int RX_DEPTH = 512;
  private static final int MAX_RX_DEPTH = 16_000;
  private static final int CQ_MODERATION = 100;
  private static final int MAX_CQ_MODERATION = 1024;
  private static final int LARGEST_MODERATED = 8192;
  private static final int ACK_TIMEOUT = 14;
  private static final int MAX_ACK_TIMEOUT = 31;
  private static final int MAX_READS = 128;
  private static final int DAY_S = 86_400;
  private static final int MIN_DURATION_S = 3;
  private static final int MIN_MTU = 256;
  private static final int MAX_MTU = 4096;
  private static final int FIRST_OF_ALL = 2;

  /** Most queue pairs that we use; perftest's are 16384. */
  private static final int MAX_QP = 64;

  final Operation operation;

  /** {@code lat}, else {@code bw}. */
  final boolean latency;

  /** Of the server; null at the server. */
  final @Nullable String host;

  final QpType type;

  /** Each with {@link #txDepth} requests outstanding. */
  final int queuePairs;

  /** {@code -b}: both ends do the operation at once. */
  final boolean bidirectional;

  /** TCP port of the side channel, or RDMA-CM port with {@link #rdmaCm}. */
  final int port;

  /** Of a message in bytes, those to be measured in turn; more than one with {@code -a}. */
  private final List<Integer> sizes;

  private final boolean sizeGiven;

  /** Of each size; 0 if it is a time that is given. */
  final int iterations;

  /** How long to measure, margins included; 0 if it is a number that is given. */
  final int durationS;

  /** Asked for; 0 for the port's. */
  final int mtuBytes;

  /** Requests outstanding. */
  final int txDepth;

  /** Receives posted at a time, of SEND; else 1. */
  final int rxDepth;

  /** One in so many requests is signaled. */
  final int cqModeration;

  /** Messages of so many bytes and fewer are sent inline. */
  final int inlineBytes;

  /** READs and atomics outstanding that are asked for; 0 for the device's. */
  final int reads;

  final int ackTimeoutCode;

  /** {@code -R}: the connection manager brings the ends together. */
  final boolean rdmaCm;

  final @Nullable String device;
  final int timeoutS;

  private PerfOptions(Arguments given) throws ToolException {
    List<String> rest = given.rest();
    if (rest.size() < 2 || rest.size() > 3) {
      throw new ToolException(
          "name operation and measure, at the client also the host; usage: " + USAGE);
    }
    operation = operation(rest.getFirst());
    latency = isLatency(rest.get(1));
    host = rest.size() > 2 ? rest.getLast() : null;
    type = type(given.text("--connection", "RC"));
    queuePairs = given.number("--qp", 1, 1, MAX_QP);
    bidirectional = given.has("--bidirectional");
    port = given.number("--port", PORT, 1, Common.MAX_PORT);
    boolean all = given.has("--all");
    sizes = sizes(given, all);
    sizeGiven = given.has("--size");
    durationS = given.number("--duration", 0, MIN_DURATION_S, DAY_S);
    if (durationS > 0 && (given.has("--iters") || all)) {
      throw new ToolException("-D goes neither with -n nor with -a; usage: " + USAGE);
    }
    boolean writes = operation == Operation.WRITE && !latency;
    int count =
        given.number(
            "--iters",
            writes ? WRITE_ITERATIONS : ITERATIONS,
            MIN_ITERATIONS,
            latency ? MAX_LAT_ITERATIONS : MAX_ITERATIONS);
    iterations = durationS > 0 ? 0 : count;
    int most = durationS > 0 ? Integer.MAX_VALUE : iterations;
    mtuBytes = mtu(given.number("--mtu", 0, MIN_MTU, MAX_MTU));
    int depth = given.number("--tx-depth", latency ? 1 : TX_DEPTH, 1, MAX_TX_DEPTH);
    txDepth = latency ? 1 : Math.min(depth, most);
    int receives =
        given.number(
            "--rx-depth",
            type == QpType.RC || durationS > 0 ? RX_DEPTH : MAX_RX_DEPTH,
            1,
            MAX_RX_DEPTH);
    rxDepth = operation == Operation.SEND ? Math.min(receives, most) : 1;
    boolean moderated = all || type == QpType.UD || sizes.getLast() <= LARGEST_MODERATED;
    int moderation = given.number("--cq-mod", moderated ? CQ_MODERATION : 1, 1, MAX_CQ_MODERATION);
    cqModeration = Math.min(moderation, txDepth);
    inlineBytes = given.number("--inline_size", 0, 0, SendWr.MAX_INLINE_BYTES);
    reads = given.number("--outs", 0, 1, MAX_READS);
    ackTimeoutCode = given.number("--qp-timeout", ACK_TIMEOUT, 0, MAX_ACK_TIMEOUT);
    rdmaCm = given.has("--rdma_cm");
    device = given.text(Common.DEVICE);
    timeoutS = Common.timeoutS(given);
    checkOnly(given);
  }

  static PerfOptions parse(String... args) throws ToolException {
    return new PerfOptions(
        Common.arguments(USAGE)
            .value("-d", "--ib-dev", Common.DEVICE)
            .value("-i", "--ib-port")
            .value("-p", "--port")
            .value("-c", "--connection")
            .value("-m", "--mtu")
            .value("-s", "--size")
            .flag("-a", "--all")
            .value("-n", "--iters")
            .value("-D", "--duration")
            .value("-t", "--tx-depth")
            .value("-r", "--rx-depth")
            .value("-Q", "--cq-mod")
            .value("-I", "--inline_size")
            .value("-o", "--outs")
            .value("-u", "--qp-timeout")
            .value("-x", "--gid-index")
            .value("-q", "--qp")
            .flag("-b", "--bidirectional")
            .flag("-F", "--CPU-freq")
            .flag("-R", "--rdma_cm")
            .parse(args));
  }

  /** What perftest has and we have one value of. */
  private void checkOnly(Arguments given) throws ToolException {
    if (latency && (queuePairs > 1 || bidirectional)) {
      throw new ToolException(
          (bidirectional ? "-b" : "-q " + queuePairs)
              + ": a latency is of one operation at a time; measure bw with it");
    }
    if (!given.text("--gid-index", "0").equals("0")) {
      throw new ToolException(
          "-x " + given.text("--gid-index") + ": a port has one GID here, of index 0");
    }
    if (!given.text("--ib-port", "1").equals("1")) {
      throw new ToolException("-i " + given.text("--ib-port") + ": a device has one port, 1");
    }
    if (rdmaCm && type != QpType.RC) {
      throw new ToolException("-R: the connection manager connects RC here; give -c RC");
    }
    if (type == QpType.UC && fetches()) {
      throw new ToolException("-c UC: there is no READ and no ATOMIC on UC; give -c RC");
    }
    if (type == QpType.UD && operation != Operation.SEND) {
      throw new ToolException("-c UD: UD has SEND only; give -c RC");
    }
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

  private static QpType type(String name) throws ToolException {
    return switch (name) {
      case "RC" -> QpType.RC;
      case "UC" -> QpType.UC;
      case "UD" -> QpType.UD;
      default -> throw new ToolException("-c " + name + "; give RC, UC or UD");
    };
  }

  private static int mtu(int bytes) throws ToolException {
    if (bytes != 0 && Integer.bitCount(bytes) != 1) {
      throw new ToolException("--mtu " + bytes + "; give 256, 512, 1024, 2048 or 4096");
    }
    return bytes;
  }

  private List<Integer> sizes(Arguments given, boolean all) throws ToolException {
    if (operation == Operation.ATOMIC) {
      given.number("--size", ATOMIC_BYTES, ATOMIC_BYTES, ATOMIC_BYTES);
      return List.of(ATOMIC_BYTES);
    }
    return all
        ? IntStream.iterate(FIRST_OF_ALL, bytes -> bytes <= MAX_SIZE, bytes -> 2 * bytes)
            .boxed()
            .toList()
        : List.of(given.bytes("--size", latency ? LAT_SIZE : BW_SIZE, 1, MAX_SIZE));
  }

  /** Whether we are the client. */
  boolean isClient() {
    return host != null;
  }

  /** Whether all sizes are measured in turn. */
  boolean isAll() {
    return sizes.size() > 1;
  }

  /**
   * Sizes of messages in bytes, ascending; of UD none is larger than the path MTU.
   *
   * @throws ToolException if it is that was asked for
   */
  List<Integer> sizes(int pathMtuBytes) throws ToolException {
    if (type != QpType.UD || sizes.getLast() <= pathMtuBytes) {
      return sizes;
    }
    if (sizeGiven) {
      throw new ToolException(
          "-s %d: a message on UD cannot be greater than the path MTU, %d"
              .formatted(sizes.getLast(), pathMtuBytes));
    }
    return isAll()
        ? sizes.stream().filter(size -> size <= pathMtuBytes).toList()
        : List.of(pathMtuBytes);
  }

  /** Whether something comes from the peer's memory. */
  boolean fetches() {
    return operation == Operation.READ || operation == Operation.ATOMIC;
  }

  /** Operations of an end of each size, those of all queue pairs together. */
  long operations() {
    return (long) iterations * queuePairs;
  }

  /** Whether messages are sent and received, else memory is reached. */
  boolean sends() {
    return operation == Operation.SEND;
  }
}
