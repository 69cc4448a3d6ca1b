// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PushbackInputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The TCP connection over which the ends of a pingpong or a perf tell each other their addresses.
 */
final class SideChannel {
  /** How often a wait looks whether the run was ended. */
  private static final int SLICE_MS = 200;

  private static final int ANSWER_S = 30;
  private static final int ANSWER_MS = 1000 * ANSWER_S;
  private static final byte[] DONE = "done\0".getBytes(StandardCharsets.US_ASCII);

  /** What can be told of the other side without waiting. */
  enum Peer {
    /** It has sent nothing that was not read. */
    SILENT,
    /** It has sent something. */
    SPOKE,
    /** It has closed, or is gone. */
    GONE
  }

  private final Run run;
  private final Socket socket;
  private final PushbackInputStream in;
  private final String peer;

  private SideChannel(Run run, Socket socket) throws IOException {
    this.run = run;
    this.socket = socket;
    this.in = new PushbackInputStream(socket.getInputStream());
    this.peer = String.valueOf(socket.getRemoteSocketAddress());
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(ANSWER_MS);
  }

  /** Connects to a server. */
  static SideChannel connect(Run run, String host, int port) throws ToolException {
    Socket socket = run.add(new Socket());
    try {
      socket.connect(new InetSocketAddress(Arguments.resolve(host), port), ANSWER_MS);
      return new SideChannel(run, socket);
    } catch (IOException e) {
      throw new ToolException(
          "couldn't connect to %s:%d (%s); start the server first"
              .formatted(host, port, e.getMessage()),
          e);
    }
  }

  /** Waits for a client. */
  static SideChannel accept(Run run, ServerSocket server, int timeoutS) throws ToolException {
    long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(timeoutS);
    while (true) {
      try {
        server.setSoTimeout(SLICE_MS);
        return new SideChannel(run, run.add(server.accept()));
      } catch (SocketTimeoutException e) {
        run.check();
        if (System.nanoTime() - endNs > 0) {
          throw new ToolException(
              "nobody connected within %d s; wait longer with --timeout SECONDS"
                  .formatted(timeoutS),
              e);
        }
      } catch (IOException e) {
        throw new ToolException("can't accept on TCP port " + server.getLocalPort(), e);
      }
    }
  }

  /** Opens a server's TCP port. */
  static ServerSocket listen(Run run, int port) throws ToolException {
    try {
      ServerSocket server = run.add(new ServerSocket());
      server.setReuseAddress(true);
      server.bind(new InetSocketAddress(port));
      return server;
    } catch (IOException e) {
      throw new ToolException(
          "couldn't listen to TCP port %d (%s); choose another with -p"
              .formatted(port, e.getMessage()),
          e);
    }
  }

  /** Writes one message, in one piece: perftest reads each with one call. */
  void write(byte[] message) throws ToolException {
    try {
      socket.getOutputStream().write(message);
    } catch (IOException e) {
      throw failed("couldn't send", e);
    }
  }

  /** Looks what the other side does; waits for it at most so long. */
  Peer peer(int waitMs) throws ToolException {
    try {
      socket.setSoTimeout(waitMs);
      int next = in.read();
      if (next < 0) {
        return Peer.GONE;
      }
      in.unread(next);
      socket.setSoTimeout(ANSWER_MS);
      return Peer.SPOKE;
    } catch (SocketTimeoutException e) {
      run.check();
      return Peer.SILENT;
    } catch (IOException e) {
      return Peer.GONE;
    }
  }

  /** Waits until the other side says something, or is gone. */
  void awaitPeer(String what, int timeoutS) throws ToolException {
    awaitPeer(what, timeoutS, "wait longer with --timeout SECONDS");
  }

  private void awaitPeer(String what, int timeoutS, String remedy) throws ToolException {
    long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(timeoutS);
    while (peer(SLICE_MS) == Peer.SILENT) {
      if (System.nanoTime() - endNs > 0) {
        throw new ToolException(
            "%s (%s): nothing came within %d s; %s".formatted(what, peer, timeoutS, remedy));
      }
    }
  }

  void write(List<PingPongAddress> addresses) throws ToolException {
    try {
      OutputStream out = socket.getOutputStream();
      for (PingPongAddress address : addresses) {
        out.write(address.toMessage());
      }
      out.flush();
    } catch (IOException e) {
      throw failed("couldn't send local address", e);
    }
  }

  /**
   * Reads what the other side tells.
   *
   * @param told addresses that come
   * @param used addresses that mean something, the first ones; the others may hold anything
   */
  List<PingPongAddress> read(int told, int used) throws ToolException {
    List<PingPongAddress> addresses = new ArrayList<>();
    for (int i = 0; i < told; i++) {
      byte[] message = read("couldn't read remote address", PingPongAddress.BYTES);
      if (i < used) {
        addresses.add(PingPongAddress.parse(message));
      }
    }
    return addresses;
  }

  /** The last word. */
  void writeDone() throws ToolException {
    try {
      socket.getOutputStream().write(DONE);
    } catch (IOException e) {
      throw failed("couldn't tell that we are done", e);
    }
  }

  void readDone() throws ToolException {
    read("the client did not say that it is done", DONE.length);
  }

  byte[] read(String what, int bytes) throws ToolException {
    // A read of a socket is not ended by an interrupt: it begins when there is something.
    awaitPeer(what, ANSWER_S, "look at what the other end does");
    byte[] message = new byte[bytes];
    try {
      socket.setSoTimeout(ANSWER_MS);
      new DataInputStream(in).readFully(message);
      return message;
    } catch (EOFException e) {
      throw failed(what + ": it closed the connection", e);
    } catch (IOException e) {
      throw failed(what, e);
    }
  }

  private ToolException failed(String what, IOException e) {
    return new ToolException(what + " (" + peer + "): " + e.getMessage(), e);
  }
}
