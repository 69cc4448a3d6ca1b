// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.tools.internal.PerfOptions.Operation;
import ib.verbs.AtomicCap;
import ib.verbs.RdmaException;
import ib.verbs.SendWr;
import ib.verbs.WcOpcode;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.util.Arrays;

/** The active end of a measurement. */
final class PerfClient {
  private static final String RULE = "-".repeat(87);
  private static final byte FIRST = 0x21;

  private final Run run;
  private final PerfOptions options;
  private final Operation operation;
  private final PrintStream out;
  private final PerfEnd end;
  private RpingInfo peer = new RpingInfo(0, 0, 0);

  PerfClient(Run run, PerfOptions options, Operation operation, PrintStream out)
      throws RdmaException, ToolException {
    this.run = run;
    this.options = options;
    this.operation = operation;
    this.out = out;
    boolean atomics = operation == Operation.ATOMIC;
    if (atomics && run.local().device().query().capabilities().atomicCap() == AtomicCap.NONE) {
      throw new ToolException(
          run.local().device().name() + " has no atomic operations; choose another with -d");
    }
    this.end = new PerfEnd(run, options.txDepth() + 1, options.maxSize(), false);
  }

  /** Connects, measures each size, and checks the data. */
  void measure(String host) throws RdmaException, ToolException {
    boolean sends = operation == Operation.SEND;
    byte[] hello =
        new PerfHello.Request(
                sends,
                operation == Operation.ATOMIC,
                sends && options.latency(),
                options.maxSize(),
                options.txDepth())
            .toBytes();
    end.link.endWithRun(
        run.local()
            .manager()
            .connect(
                end.qp,
                new InetSocketAddress(Arguments.resolve(host), options.port()),
                end.params(hello),
                end.link));
    end.link.awaitEstablished();
    peer = PerfHello.parseReply(end.link.privateData());
    header();
    for (int size : options.sizes()) {
      fill(size);
      if (options.latency()) {
        latency(size);
      } else {
        bandwidth(size);
      }
      check(size);
    }
    out.println(RULE);
  }

  private void header() {
    out.println(RULE);
    out.printf(
        "                    %s %s Test%n", operation.title, options.latency() ? "Latency" : "BW");
    out.printf(" Device         : %s%n", run.local().device().name());
    out.printf(" Number of qps   : 1\t\tTransport type : IB%n");
    out.printf(" Connection type : RC\t\tUsing SRQ      : OFF%n");
    out.printf(" TX depth        : %d%n", options.latency() ? 1 : options.txDepth());
    out.printf(" Mtu             : %d[B]%n", end.qp.query().pathMtuBytes());
    out.printf(" Link type       : Ethernet%n");
    out.printf(" rdma_cm QPs     : ON%n Data ex. method : rdma_cm%n");
    out.println(RULE);
    if (options.latency()) {
      out.println(
          " #bytes #iterations    t_min[usec]    t_max[usec]  t_typical[usec]    t_avg[usec]"
              + "    t_stdev[usec]   99% percentile[usec]   99.9% percentile[usec]");
    } else {
      out.println(
          " #bytes     #iterations    BW peak[MiB/sec]    BW average[MiB/sec]   MsgRate[Mpps]");
    }
  }

  private void fill(int size) {
    MemorySegment memory = end.region.segment();
    for (int i = 0; i < size; i++) {
      memory.set(ValueLayout.JAVA_BYTE, i, (byte) (FIRST + i));
    }
    end.region.forDevice();
  }

  private void post(int size) throws ToolException {
    SendWr request = end.channel.send();
    switch (operation) {
      case WRITE -> request.reset(0, WrOpcode.RDMA_WRITE).remote(peer.address(), peer.rkey());
      case READ -> request.reset(0, WrOpcode.RDMA_READ).remote(peer.address(), peer.rkey());
      case SEND -> request.reset(0, WrOpcode.SEND);
      case ATOMIC ->
          request
              .reset(0, WrOpcode.ATOMIC_FETCH_AND_ADD)
              .fetchAdd(1)
              .remote(peer.address(), peer.rkey());
    }
    request.sges().add(end.region.address(), size, end.region.lkey());
    end.channel.post(end.qp, request);
  }

  private WcOpcode next() throws ToolException {
    WorkCompletion completion = end.channel.next(end.link::isOver, Common.OPERATION_NS);
    if (!end.isGood(completion) || completion == null) {
      throw new ToolException("the server disconnected before the end");
    }
    return completion.opcode();
  }

  private void bandwidth(int size) throws ToolException {
    long beganNs = System.nanoTime();
    long windowNs = beganNs;
    double peak = 0;
    int posted = 0;
    for (int done = 0; done < options.iterations(); done++) {
      while (posted < options.iterations() && posted - done < options.txDepth()) {
        post(size);
        posted++;
      }
      next();
      if ((done + 1) % options.txDepth() == 0) {
        long nowNs = System.nanoTime();
        peak = Math.max(peak, mib(size, options.txDepth(), nowNs - windowNs));
        windowNs = nowNs;
      }
    }
    long spentNs = System.nanoTime() - beganNs;
    double average = mib(size, options.iterations(), spentNs);
    out.printf(
        " %-10d %-14d %-19.2f %-21.2f %.6f%n",
        size,
        options.iterations(),
        Math.max(peak, average),
        average,
        options.iterations() * 1e3 / spentNs);
  }

  private static double mib(int size, int messages, long ns) {
    return (double) size * messages / (1 << 20) / (ns / 1e9);
  }

  /** Of SEND half a round trip, as perftest has it; of the others until their completion. */
  private void latency(int size) throws ToolException {
    double[] usec = new double[options.iterations()];
    boolean sends = operation == Operation.SEND;
    for (int i = 0; i < usec.length; i++) {
      if (sends) {
        end.postReceive();
      }
      long beganNs = System.nanoTime();
      post(size);
      if (sends) {
        awaitReply();
      } else {
        next();
      }
      usec[i] = (System.nanoTime() - beganNs) / (sends ? 2e3 : 1e3);
    }
    Arrays.sort(usec);
    double average = Arrays.stream(usec).average().orElse(0);
    double variance = Arrays.stream(usec).map(t -> (t - average) * (t - average)).sum();
    out.printf(
        " %-7d %-14d %-14.2f %-12.2f %-16.2f %-14.2f %-16.2f %-22.2f %.2f%n",
        size,
        usec.length,
        usec[0],
        usec[usec.length - 1],
        usec[usec.length / 2],
        average,
        Math.sqrt(variance / usec.length),
        usec[(int) (usec.length * 0.99)],
        usec[(int) (usec.length * 0.999)]);
  }

  private void awaitReply() throws ToolException {
    boolean sent = false;
    boolean received = false;
    while (!sent || !received) {
      if (next() == WcOpcode.RECV) {
        received = true;
      } else {
        sent = true;
      }
    }
  }

  /** What was written is read back, what was read is what was there, what was added is the sum. */
  private void check(int size) throws ToolException {
    switch (operation) {
      case WRITE -> {
        end.region.forCpu();
        end.region.segment().asSlice(0, size).fill((byte) 0);
        end.region.forDevice();
        readBack(size);
        end.region.forCpu();
        checkPattern(size, 0, FIRST);
      }
      case SEND -> {
        // Only replies tell what arrived.
        end.region.forCpu();
        if (options.latency()) {
          checkPattern(size, options.maxSize(), FIRST);
        }
      }
      case READ -> {
        end.region.forCpu();
        checkPattern(size, 0, PerfServer.FIRST);
      }
      case ATOMIC -> {
        end.region.forCpu();
        long last = end.region.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
        if (last != options.iterations() - 1) {
          throw new ToolException(
              "the last of %d additions found %d".formatted(options.iterations(), last));
        }
      }
    }
  }

  private void readBack(int size) throws ToolException {
    SendWr request = end.channel.send().reset(0, WrOpcode.RDMA_READ);
    request.remote(peer.address(), peer.rkey());
    request.sges().add(end.region.address(), size, end.region.lkey());
    end.channel.post(end.qp, request);
    next();
  }

  private void checkPattern(int size, int at, byte first) throws ToolException {
    for (int i = 0; i < size; i++) {
      if (end.region.segment().get(ValueLayout.JAVA_BYTE, at + i) != (byte) (first + i)) {
        throw new ToolException("data mismatch at byte %d of %d".formatted(i, size));
      }
    }
  }
}
