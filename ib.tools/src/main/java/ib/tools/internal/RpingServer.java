// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.ConnectRequest;
import ib.verbs.RdmaException;
import ib.verbs.RejectReason;
import ib.verbs.WrOpcode;
import java.io.PrintStream;

/**
 * rping's server, for one connection: reads the client's data, and writes it back where the client
 * says, in turn, until the client disconnects.
 */
final class RpingServer extends RpingEnd {
  private static final RpingInfo GO_AHEAD = new RpingInfo(0, 0, 0);

  private final Region buffer;

  RpingServer(Run run, RpingOptions options, PrintStream out) throws RdmaException, ToolException {
    super(run, options, out);
    this.buffer = region();
  }

  /** Answers the request and serves until the end; the pings that were served. */
  int serve(ConnectRequest request) throws RdmaException, ToolException {
    try {
      link.endWithRun(request.accept(qp, PARAMS, link));
    } catch (RdmaException e) {
      request.reject(RejectReason.NO_RESOURCES, new byte[0]);
      throw e;
    }
    int pings = 0;
    while (ping()) {
      pings++;
    }
    out.println("server DISCONNECT EVENT...");
    return pings;
  }

  private boolean ping() throws ToolException {
    RpingInfo source = receive();
    if (source == null) {
      return false;
    }
    if (source.sizeBytes() < 1 || source.sizeBytes() > options.sizeBytes()) {
      throw new ToolException(
          "the client pings with %d bytes, but our buffer has %d; start the server with -S %d"
              .formatted(source.sizeBytes(), options.sizeBytes(), source.sizeBytes()));
    }
    buffer.forDevice();
    if (!rdma(WrOpcode.RDMA_READ, buffer, source.sizeBytes(), source)) {
      return false;
    }
    buffer.forCpu();
    String data = text(buffer.segment().asSlice(0, source.sizeBytes()));
    if (options.verbose()) {
      out.println("server ping data: " + data);
    }
    send(GO_AHEAD);
    RpingInfo sink = receive();
    if (sink == null) {
      return false;
    }
    buffer.forDevice();
    int length = Math.min(data.length() + 1, source.sizeBytes());
    if (!rdma(WrOpcode.RDMA_WRITE, buffer, length, sink)) {
      return false;
    }
    send(GO_AHEAD);
    return true;
  }
}
