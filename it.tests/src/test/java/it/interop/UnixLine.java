// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

/** Text over a Unix socket, every wait bounded. */
final class UnixLine implements AutoCloseable {
  private final SocketChannel channel;
  private final Selector selector;
  private final ByteBuffer buffer = ByteBuffer.allocate(1 << 16);

  UnixLine(Path socket) throws IOException {
    channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    channel.configureBlocking(false);
    selector = Selector.open();
    channel.register(selector, SelectionKey.OP_READ);
  }

  void send(String text) throws IOException {
    ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
    long endNs = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (bytes.hasRemaining()) {
      if (channel.write(bytes) == 0) {
        if (System.nanoTime() - endNs > 0) {
          throw new IOException("the other end takes no input");
        }
        Thread.yield();
      }
    }
  }

  /** Appends what arrives until the text ends as wanted; false if that takes too long. */
  boolean read(StringBuilder into, String wanted, Duration limit) throws IOException {
    long endNs = System.nanoTime() + limit.toNanos();
    int searched = 0;
    while (true) {
      int found = into.indexOf(wanted, searched);
      if (found >= 0 && into.indexOf("\n", found) >= 0) {
        return true;
      }
      searched = found >= 0 ? found : Math.max(0, into.length() - wanted.length());
      long leftMs = (endNs - System.nanoTime()) / 1_000_000;
      if (leftMs <= 0) {
        return false;
      }
      selector.select(leftMs);
      selector.selectedKeys().clear();
      buffer.clear();
      if (channel.read(buffer) < 0) {
        throw new EOFException("the other end is gone");
      }
      into.append(StandardCharsets.ISO_8859_1.decode(buffer.flip()));
    }
  }

  @Override
  public void close() throws IOException {
    selector.close();
    channel.close();
  }
}
