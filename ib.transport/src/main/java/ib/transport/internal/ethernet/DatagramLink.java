// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import ib.transport.internal.counters.EnumCounters;
import ib.transport.internal.io.DatagramIo;
import ib.transport.internal.io.DatagramIoFactory;
import ib.transport.internal.io.DatagramIoOpenException;
import ib.transport.internal.io.DatagramIoOptions;
import ib.transport.internal.io.IoCounter;
import ib.transport.internal.io.PeerAddress;
import ib.transport.internal.io.ReceiveBatch;
import ib.transport.internal.io.SendBatch;
import java.io.IOException;
import java.nio.channels.SelectableChannel;
import org.jspecify.annotations.Nullable;

/**
 * One frame a datagram on loopback: QEMU's {@code -netdev dgram}. Datagrams from elsewhere than the
 * other end are none of the link's: whoever runs a program on the machine could send them.
 */
final class DatagramLink implements FrameLink {
  /**
   * What a program that does not ask for more is granted by default on Linux, such as QEMU: as much
   * is on its way at a time, or else loss is built in.
   */
  private static final int USUAL_BUFFER_BYTES = 212_992;

  private final LinkAddress.Datagram address;
  private final DatagramIo io;
  private final PeerAddress peer;
  private final EnumCounters<IoCounter> counters = new EnumCounters<>(IoCounter.class);

  DatagramLink(LinkAddress.Datagram address, DatagramIoOptions options)
      throws DatagramIoOpenException {
    this.address = address;
    // No offload: the other end reads one frame a datagram.
    this.io = DatagramIoFactory.open(address.local(), options.withOffload(false, false));
    this.peer = PeerAddress.of(address.remote());
  }

  @Override
  public int fd() {
    return io.fd();
  }

  @Override
  public @Nullable SelectableChannel channel() {
    return io.channel();
  }

  @Override
  public boolean wantsWrite() {
    return io.wantsWrite();
  }

  @Override
  public String description() {
    return address + " (" + io.description() + ")";
  }

  @Override
  public int receiveBufferBytes() {
    return Math.min(io.receiveBufferBytes(), USUAL_BUFFER_BYTES);
  }

  @Override
  public int sendBufferBytes() {
    return io.sendBufferBytes();
  }

  @Override
  public int receive(ReceiveBatch batch) throws IOException {
    io.receive(batch);
    while (batch.next()) {
      if (!isFromPeer(batch)) {
        counters.add(IoCounter.RX_IGNORED, 1);
        batch.drop();
      }
    }
    batch.rewind();
    return batch.packets();
  }

  private boolean isFromPeer(ReceiveBatch batch) {
    return batch.sourcePort() == peer.port()
        && batch.sourceV6Low() == peer.v6Low()
        && batch.sourceV6High() == peer.v6High()
        && batch.sourceIsIpv6() == peer.isIpv6();
  }

  @Override
  public SendBatch sendBatch() {
    return io.sendBatch();
  }

  @Override
  public PeerAddress peer() {
    return peer;
  }

  @Override
  public int flush() throws IOException {
    return io.flush();
  }

  @Override
  public long counter(IoCounter counter) {
    return io.counter(counter) + counters.get(counter);
  }

  @Override
  public void close() {
    io.close();
  }
}
