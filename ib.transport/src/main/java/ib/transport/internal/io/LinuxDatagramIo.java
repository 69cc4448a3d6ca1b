// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

import ib.transport.internal.counters.EnumCounters;
import ib.transport.internal.posix.Errno;
import ib.transport.internal.posix.Posix;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * Datagrams through system calls of Linux: {@code sendmmsg} with {@code UDP_SEGMENT}, {@code
 * recvmmsg} with {@code UDP_GRO}.
 */
final class LinuxDatagramIo implements DatagramIo {
  private final Posix posix = new Posix();
  private final EnumCounters<IoCounter> counters = new EnumCounters<>(IoCounter.class);
  private final InetSocketAddress localAddress;
  private final int receiveBufferBytes;
  private final int sendBufferBytes;
  private final boolean coalesces;
  private final SendBatch batch;
  private final NativeSender sender;
  private NativeReceiver receiver;
  private boolean wantsWrite;

  /** The descriptor, or -1 when closed. */
  private volatile int fd;

  /**
   * Opens a socket.
   *
   * @param group interface on which to join the multicast group that {@code address} is then; else
   *     null
   */
  LinuxDatagramIo(
      InetSocketAddress address, DatagramIoOptions options, @Nullable NetworkInterface group)
      throws DatagramIoOpenException {
    LinuxSocket socket = new LinuxSocket(posix, address, options, group);
    fd = socket.fd();
    localAddress = socket.localAddress();
    receiveBufferBytes = socket.get(Sockets.SOL_SOCKET, Sockets.SO_RCVBUF);
    sendBufferBytes = socket.get(Sockets.SOL_SOCKET, Sockets.SO_SNDBUF);
    coalesces = socket.coalesces();
    batch = new SendBatch(options.sendPackets(), options.maxPacketBytes(), socket.segments());
    sender =
        new NativeSender(
            posix::sendmmsg,
            counters,
            new SendErrors(counters, options.errors()),
            batch,
            socket.segments());
    receiver = new NativeReceiver(posix, counters, 1);
  }

  @Override
  public int fd() {
    return fd;
  }

  @Override
  public boolean wantsWrite() {
    return wantsWrite;
  }

  @Override
  public InetSocketAddress localAddress() {
    return localAddress;
  }

  @Override
  public String description() {
    return "native" + (sender.trains() ? ", UDP_SEGMENT" : "") + (coalesces ? ", UDP_GRO" : "");
  }

  @Override
  public int receiveBufferBytes() {
    return receiveBufferBytes;
  }

  @Override
  public int sendBufferBytes() {
    return sendBufferBytes;
  }

  @Override
  public boolean gathersSends() {
    return true;
  }

  @Override
  public boolean offloadsSends() {
    return sender.trains();
  }

  @Override
  public boolean offloadsReceives() {
    return coalesces;
  }

  @Override
  public int receive(ReceiveBatch into) throws IOException {
    int socket = openFd();
    if (receiver.slots() < into.slots()) {
      receiver = new NativeReceiver(posix, counters, into.slots());
    }
    into.clear();
    int n = receiver.receive(socket, into);
    if (n > 0) {
      counters.add(IoCounter.RX_BUFFERS, n);
      counters.add(IoCounter.RX_PACKETS, into.packets());
      return into.packets();
    }
    if (n == -Errno.EBADF || n == -Errno.ENOTSOCK) {
      throw new IOException(this + " can't receive: " + Posix.errorText(-n));
    }
    if (n < 0 && n != -Errno.EAGAIN && n != -Errno.EINTR) {
      counters.add(IoCounter.RX_ERRORS, 1);
    }
    return 0;
  }

  @Override
  public SendBatch sendBatch() {
    return batch;
  }

  @Override
  public int flush() throws IOException {
    int socket = openFd();
    if (batch.queued() == 0) {
      return 0;
    }
    try {
      int done = sender.send(socket);
      batch.remove(done);
      wantsWrite = batch.queued() > 0;
      return done;
    } catch (NativeSender.FatalSendException e) {
      batch.remove(e.done);
      throw new IOException(this + " can't send: " + e.getMessage(), e);
    }
  }

  private int openFd() throws ClosedChannelException {
    int socket = fd;
    if (socket < 0) {
      throw new ClosedChannelException();
    }
    return socket;
  }

  @Override
  public long counter(IoCounter counter) {
    return counters.get(counter);
  }

  @Override
  public void close() {
    int socket = fd;
    if (socket >= 0) {
      fd = -1;
      wantsWrite = false;
      batch.clear();
      posix.close(socket);
    }
  }

  @Override
  public String toString() {
    return "UDP " + localAddress + " (" + description() + ")";
  }
}
