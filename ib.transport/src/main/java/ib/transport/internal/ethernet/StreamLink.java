// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import ib.transport.internal.counters.EnumCounters;
import ib.transport.internal.io.DatagramIoOpenException;
import ib.transport.internal.io.DatagramIoOptions;
import ib.transport.internal.io.IoCounter;
import ib.transport.internal.io.PeerAddress;
import ib.transport.internal.io.ReceiveBatch;
import ib.transport.internal.io.SendBatch;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SocketChannel;

/**
 * Frames over a Unix socket, each behind its length in four bytes, highest first: QEMU's {@code
 * -netdev stream}.
 */
final class StreamLink implements FrameLink {
  private static final int LENGTH_BYTES = 4;
  private static final int BUFFER_BYTES = 1 << 20;

  /** The longest that QEMU passes on (NET_BUFSIZE): what is longer than a slot is no Ethernet. */
  private static final int LONGEST_FRAME = 4096 + 65_536;

  /** Frames are for {@link #sendBatch()} all the same; this says nothing. */
  private static final PeerAddress PEER = PeerAddress.of(InetAddress.getLoopbackAddress(), 1);

  private final EnumCounters<IoCounter> counters = new EnumCounters<>(IoCounter.class);
  private final LinkAddress.Stream address;
  private final SocketChannel channel;
  private final SendBatch batch;
  private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private final MemorySegment inMemory = MemorySegment.ofBuffer(in.duplicate().clear());
  private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private final MemorySegment outMemory = MemorySegment.ofBuffer(out.duplicate().clear());
  private long nowNs;

  private StreamLink(LinkAddress.Stream address, SocketChannel channel, DatagramIoOptions options) {
    this.address = address;
    this.channel = channel;
    this.batch = SendBatch.numbered(options.sendPackets(), options.maxPacketBytes());
    in.flip();
  }

  static StreamLink connect(LinkAddress.Stream address, DatagramIoOptions options)
      throws DatagramIoOpenException {
    try {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        connect(address, channel);
        return new StreamLink(address, channel, options);
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (IOException | UnsupportedOperationException e) {
      throw new DatagramIoOpenException(
          address.toString(),
          String.valueOf(e.getMessage()),
          "start QEMU with -netdev stream,server=on,addr.type=unix,addr.path="
              + address.path()
              + ", which serves one at a time",
          e);
    }
  }

  /** QEMU serves one, and does not accept others: once some wait, one more would for ever. */
  private static void connect(LinkAddress.Stream address, SocketChannel channel)
      throws IOException {
    channel.configureBlocking(false);
    if (!channel.connect(UnixDomainSocketAddress.of(address.path()))) {
      throw new IOException("as many wait for the other end as may");
    }
  }

  @Override
  public SelectableChannel channel() {
    return channel;
  }

  @Override
  public boolean wantsWrite() {
    return out.position() > 0;
  }

  @Override
  public String description() {
    return address.toString();
  }

  @Override
  public int receiveBufferBytes() {
    return BUFFER_BYTES;
  }

  @Override
  public int sendBufferBytes() {
    return BUFFER_BYTES;
  }

  @Override
  public int receive(ReceiveBatch into) throws IOException {
    into.clear();
    in.compact();
    int read = channel.read(in);
    in.flip();
    while (into.hasRoom() && in.remaining() >= LENGTH_BYTES) {
      int length = in.getInt(in.position());
      if (length < 0 || length > LONGEST_FRAME) {
        throw new IOException(
            address + ": a frame of " + Integer.toUnsignedString(length) + " bytes is none");
      }
      if (in.remaining() < LENGTH_BYTES + length) {
        break;
      }
      take(into, length);
    }
    into.rewind();
    if (read < 0 && into.packets() == 0) {
      throw new EOFException(address + ": the other end closed the link");
    }
    return into.packets();
  }

  private void take(ReceiveBatch into, int length) {
    counters.add(IoCounter.RX_BUFFERS, 1);
    if (length > ReceiveBatch.SLOT_BYTES) {
      counters.add(IoCounter.RX_TRUNCATED, 1);
    } else {
      into.append(inMemory, in.position() + LENGTH_BYTES, length);
      counters.add(IoCounter.RX_PACKETS, 1);
      counters.add(IoCounter.RX_BYTES, length);
    }
    in.position(in.position() + LENGTH_BYTES + length);
  }

  /** Frames that the last batch had no room for are here: the socket does not tell of them. */
  @Override
  public long nextDeadlineNs() {
    boolean whole =
        in.remaining() >= LENGTH_BYTES && in.remaining() - LENGTH_BYTES >= in.getInt(in.position());
    return whole ? nowNs : Long.MAX_VALUE;
  }

  @Override
  public SendBatch sendBatch() {
    return batch;
  }

  @Override
  public PeerAddress peer() {
    return PEER;
  }

  @Override
  public int flush() throws IOException {
    int done = 0;
    while (done < batch.queued()) {
      int length = batch.length(done);
      if (out.remaining() < LENGTH_BYTES + length && !write(LENGTH_BYTES + length)) {
        counters.add(IoCounter.TX_WOULD_BLOCK, 1);
        break;
      }
      out.putInt(length);
      if (!batch.copyTo(outMemory, out.position(), done)) {
        counters.add(IoCounter.TX_PAYLOAD_GONE, 1);
      }
      out.position(out.position() + length);
      counters.add(IoCounter.TX_PACKETS, 1);
      counters.add(IoCounter.TX_BYTES, length);
      done++;
    }
    write(0);
    batch.remove(done);
    return done;
  }

  /** Writes what is buffered; whether there is room for so many bytes now. */
  private boolean write(int wanted) throws IOException {
    out.flip();
    try {
      channel.write(out);
    } finally {
      out.compact();
    }
    return out.remaining() >= wanted;
  }

  @Override
  public void onTurn(long now) throws IOException {
    nowNs = now;
    if (out.position() > 0) {
      write(0);
    }
  }

  @Override
  public long counter(IoCounter counter) {
    return counters.get(counter);
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      counters.add(IoCounter.TX_OTHER_ERRORS, 1);
    }
  }
}
