// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

import ib.transport.internal.counters.EnumCounters;
import ib.transport.internal.posix.Errno;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectableChannel;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;

/**
 * Datagrams through a {@link DatagramChannel}, one by one: for systems without our native way. The
 * JDK allocates an address for each packet received.
 *
 * <p>IPv6 peers that send a UDP checksum of 0 are not heard, since the JDK has no option to allow
 * it.
 */
final class ChannelDatagramIo implements DatagramIo {
  private final EnumCounters<IoCounter> counters = new EnumCounters<>(IoCounter.class);
  private final SendErrors errors;
  private final DatagramChannel channel;
  private final InetSocketAddress localAddress;
  private final int receiveBufferBytes;
  private final int sendBufferBytes;
  private final SendBatch batch;
  private final ByteBuffer sendView;
  private boolean wantsWrite;

  private ReceiveBatch receiveBatch = new ReceiveBatch(1);
  private ByteBuffer receiveView = receiveBatch.memory().asByteBuffer();
  private InetSocketAddress lastSource = new InetSocketAddress(0);
  private PeerAddress lastPeer = PeerAddress.of(InetAddress.getLoopbackAddress(), 1);

  ChannelDatagramIo(InetSocketAddress address, DatagramIoOptions options)
      throws DatagramIoOpenException {
    this(address, options, null);
  }

  /**
   * Opens a socket.
   *
   * @param group interface on which to join the multicast group that {@code address} is then; else
   *     null
   */
  ChannelDatagramIo(
      InetSocketAddress address, DatagramIoOptions options, @Nullable NetworkInterface group)
      throws DatagramIoOpenException {
    errors = new SendErrors(counters, options.errors());
    batch = new SendBatch(options.sendPackets(), options.maxPacketBytes(), false);
    sendView = batch.memory().asByteBuffer();
    try {
      channel = open(address, options, group);
    } catch (IOException | UnsupportedOperationException e) {
      throw new DatagramIoOpenException(
          address,
          String.valueOf(e.getMessage()),
          LinuxSocket.OpenErrors.remedy(e.getMessage()),
          e);
    }
    try {
      localAddress = (InetSocketAddress) channel.getLocalAddress();
      receiveBufferBytes = channel.getOption(StandardSocketOptions.SO_RCVBUF);
      sendBufferBytes = channel.getOption(StandardSocketOptions.SO_SNDBUF);
    } catch (IOException e) {
      close();
      throw new DatagramIoOpenException(
          address, String.valueOf(e.getMessage()), LinuxSocket.OpenErrors.remedy(0), e);
    }
  }

  private static DatagramChannel open(
      InetSocketAddress address, DatagramIoOptions options, @Nullable NetworkInterface group)
      throws IOException {
    boolean ipv6 = address.getAddress().getAddress().length == 16;
    DatagramChannel channel =
        DatagramChannel.open(ipv6 ? StandardProtocolFamily.INET6 : StandardProtocolFamily.INET);
    try {
      channel.configureBlocking(false);
      channel.setOption(ExtendedSocketOptions.IP_DONTFRAGMENT, true);
      channel.setOption(StandardSocketOptions.SO_RCVBUF, options.receiveBufferBytes());
      channel.setOption(StandardSocketOptions.SO_SNDBUF, options.sendBufferBytes());
      if (options.trafficClass() != 0) {
        channel.setOption(StandardSocketOptions.IP_TOS, options.trafficClass());
      }
      if (group != null) {
        channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        InetAddress ip = address.getAddress();
        if (ipv6) {
          // Groups of the interface and the link are not unique without it.
          ip = Inet6Address.getByAddress(null, ip.getAddress(), group.getIndex());
        }
        channel.bind(new InetSocketAddress(ip, address.getPort()));
        channel.join(address.getAddress(), group);
        return channel;
      }
      NetworkInterface own = Interfaces.of(address.getAddress());
      if (own != null) {
        channel.setOption(StandardSocketOptions.IP_MULTICAST_IF, own);
      }
      return channel.bind(address);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  @Override
  public SelectableChannel channel() {
    return channel;
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
    return "channel";
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
  public boolean offloadsSends() {
    return false;
  }

  @Override
  public boolean offloadsReceives() {
    return false;
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // a view belongs to that very batch
  public int receive(ReceiveBatch into) throws IOException {
    if (into != receiveBatch) {
      receiveBatch = into;
      receiveView = into.memory().asByteBuffer();
    }
    into.clear();
    for (int i = 0; i < into.slots(); i++) {
      int at = ReceiveBatch.slotOffset(i);
      receiveView.limit(at + ReceiveBatch.SLOT_BYTES).position(at);
      InetSocketAddress source;
      try {
        source = (InetSocketAddress) channel.receive(receiveView);
      } catch (ClosedChannelException e) {
        throw e;
      } catch (IOException e) {
        counters.add(IoCounter.RX_ERRORS, 1);
        break;
      }
      if (source == null) {
        break;
      }
      received(into, receiveView.position() - at, source);
    }
    return into.packets();
  }

  private void received(ReceiveBatch into, int length, InetSocketAddress source) {
    if (!source.equals(lastSource)) {
      lastPeer = PeerAddress.ofSource(source);
      lastSource = source;
    }
    into.put(length, 0, 0);
    into.source(lastPeer.isIpv6(), lastPeer.v6High(), lastPeer.v6Low(), lastPeer.port());
    counters.add(IoCounter.RX_BUFFERS, 1);
    counters.add(IoCounter.RX_PACKETS, 1);
    counters.add(IoCounter.RX_BYTES, length);
  }

  @Override
  public SendBatch sendBatch() {
    return batch;
  }

  @Override
  public int flush() throws IOException {
    if (!channel.isOpen()) {
      throw new ClosedChannelException();
    }
    int done = 0;
    while (done < batch.queued() && send(done)) {
      done++;
    }
    batch.remove(done);
    wantsWrite = batch.queued() > 0;
    return done;
  }

  /** Sends or drops a packet; false if there is no room. */
  private boolean send(int packet) throws ClosedChannelException {
    long at = batch.offset(packet);
    int length = batch.length(packet);
    if (batch.payload(packet) != null) {
      at = batch.scratch();
      if (!batch.copyTo(at, packet)) {
        counters.add(IoCounter.TX_PAYLOAD_GONE, 1);
      }
    }
    sendView.limit((int) at + length).position((int) at);
    try {
      int sent = channel.send(sendView, batch.destination(packet).socketAddress());
      if (sent == 0 && length > 0) {
        counters.add(IoCounter.TX_WOULD_BLOCK, 1);
        return false;
      }
      counters.add(IoCounter.TX_PACKETS, 1);
      counters.add(IoCounter.TX_BYTES, length);
    } catch (ClosedChannelException e) {
      throw e;
    } catch (IOException e) {
      errors.dropped(SendErrors.causeOf(errnoOf(e)), batch, packet);
    }
    return true;
  }

  /** The JDK tells errors of a datagram in the system's words only. */
  private static int errnoOf(IOException e) {
    String text = String.valueOf(e.getMessage());
    if (text.contains("too long") || text.contains("too large")) {
      return Errno.EMSGSIZE;
    }
    if (text.contains("refused")) {
      return Errno.ECONNREFUSED;
    }
    if (text.contains("unreachable") || text.contains("No route")) {
      return Errno.EHOSTUNREACH;
    }
    if (text.contains("ermi")) {
      return Errno.EPERM;
    }
    if (text.contains("buffer")) {
      return Errno.ENOBUFS;
    }
    return Errno.EIO;
  }

  @Override
  public long counter(IoCounter counter) {
    return counters.get(counter);
  }

  @Override
  public void close() {
    try {
      wantsWrite = false;
      batch.clear();
      channel.close();
    } catch (IOException e) {
      // A datagram socket has nothing left to write: there is nothing to do about it.
      return;
    }
  }

  @Override
  public String toString() {
    return "UDP " + localAddress + " (" + description() + ")";
  }
}
