// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.RdmaException;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

/** rping's client: has its data read, and written back, and looks at what came back. */
final class RpingClient extends RpingEnd {
  /** The data go from A to z, beginning one later with each ping. */
  private static final int FIRST = 'A';

  private static final int LETTERS = 'z' - 'A' + 1;

  private final Region start;
  private final Region sink;

  RpingClient(Run run, RpingOptions options, PrintStream out) throws RdmaException, ToolException {
    super(run, options, out);
    this.start = region();
    this.sink = region();
  }

  /** Connects and pings; the pings that came back. */
  int ping(InetAddress server) throws RdmaException, ToolException {
    link.endWithRun(
        run.local()
            .manager()
            .connect(qp, new InetSocketAddress(server, options.port()), PARAMS, link));
    link.awaitEstablished();
    int done = 0;
    while ((options.count() == 0 || done < options.count()) && pingOnce(done)) {
      done++;
    }
    if (options.count() != 0 && done < options.count()) {
      throw new ToolException(
          "the server disconnected after %d of %d pings".formatted(done, options.count()));
    }
    return done;
  }

  private boolean pingOnce(int number) throws ToolException {
    fill(start.segment(), number, options.sizeBytes());
    start.forDevice();
    sink.forDevice();
    send(new RpingInfo(start.address(), start.rkey(), options.sizeBytes()));
    if (receive() == null) {
      return false;
    }
    send(new RpingInfo(sink.address(), sink.rkey(), options.sizeBytes()));
    if (receive() == null) {
      return false;
    }
    sink.forCpu();
    if (options.validate()) {
      validate(number);
    }
    if (options.verbose()) {
      out.println("ping data: " + text(sink.segment().asSlice(0, options.sizeBytes())));
    }
    return true;
  }

  static void fill(MemorySegment data, int number, int sizeBytes) {
    byte[] beginning = ("rdma-ping-" + number + ": ").getBytes(StandardCharsets.US_ASCII);
    MemorySegment.copy(beginning, 0, data, ValueLayout.JAVA_BYTE, 0, beginning.length);
    int letter = number % LETTERS;
    for (int i = beginning.length; i < sizeBytes - 1; i++) {
      data.set(ValueLayout.JAVA_BYTE, i, (byte) (FIRST + letter));
      letter = (letter + 1) % LETTERS;
    }
    data.set(ValueLayout.JAVA_BYTE, sizeBytes - 1L, (byte) 0);
  }

  private void validate(int number) throws ToolException {
    MemorySegment wanted = start.segment().asSlice(0, options.sizeBytes());
    long at = wanted.mismatch(sink.segment().asSlice(0, options.sizeBytes()));
    if (at >= 0) {
      throw new ToolException("data mismatch! Ping %d differs at byte %d".formatted(number, at));
    }
  }
}
