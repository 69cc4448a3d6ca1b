// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import ib.transport.internal.io.DatagramIoOptions;
import ib.transport.internal.io.IoCounter;
import ib.transport.internal.io.PeerAddress;
import ib.transport.internal.io.ReceiveBatch;
import ib.transport.internal.io.SendBatch;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.SelectableChannel;
import org.jspecify.annotations.Nullable;

/** A link on which frames are lost, doubled, overtaken and damaged on purpose. */
final class FaultyLink implements FrameLink {
  private final FrameLink link;
  private final Faults faults;
  private final SendBatch batch;
  private final MemorySegment scratch;
  private final FaultyLine outward;
  private final FaultyLine inward;
  private final ReceiveBatch arrived = new ReceiveBatch();
  private long nowNs;

  FaultyLink(FrameLink link, Faults faults, DatagramIoOptions options) {
    this.link = link;
    this.faults = faults;
    int longest = options.maxPacketBytes();
    batch = SendBatch.numbered(options.sendPackets(), longest);
    scratch = Arena.ofAuto().allocate(longest, 64);
    outward = new FaultyLine(faults, faults.seed(), longest);
    inward = new FaultyLine(faults, ~faults.seed(), longest);
  }

  @Override
  public int fd() {
    return link.fd();
  }

  @Override
  public @Nullable SelectableChannel channel() {
    return link.channel();
  }

  @Override
  public boolean wantsWrite() {
    return link.wantsWrite();
  }

  @Override
  public String description() {
    return link.description() + " with " + faults;
  }

  @Override
  public int receiveBufferBytes() {
    return link.receiveBufferBytes();
  }

  @Override
  public int sendBufferBytes() {
    return link.sendBufferBytes();
  }

  @Override
  public void onTurn(long now) throws IOException {
    nowNs = now;
    link.onTurn(now);
    inward.onTurn(now);
    outward.onTurn(now);
    if (!outward.ready().isEmpty()) {
      pass();
    }
  }

  @Override
  public long nextDeadlineNs() {
    if (!inward.ready().isEmpty() || (!outward.ready().isEmpty() && link.sendBatch().hasRoom())) {
      return nowNs;
    }
    long held = Math.min(inward.nextDeadlineNs(), outward.nextDeadlineNs());
    return Math.min(held, link.nextDeadlineNs());
  }

  @Override
  public int receive(ReceiveBatch into) throws IOException {
    link.receive(arrived);
    while (arrived.next()) {
      inward.offer(arrived.memory(), arrived.offset(), arrived.length(), nowNs);
    }
    into.clear();
    FrameQueue ready = inward.ready();
    while (!ready.isEmpty() && into.hasRoom()) {
      into.append(ready.memory(), ready.headOffset(), ready.headLength());
      ready.removeHead();
    }
    into.rewind();
    return into.packets();
  }

  @Override
  public SendBatch sendBatch() {
    return batch;
  }

  @Override
  public PeerAddress peer() {
    return link.peer();
  }

  @Override
  public int flush() throws IOException {
    int queued = batch.queued();
    for (int i = 0; i < queued; i++) {
      batch.copyTo(scratch, 0, i);
      outward.offer(scratch, 0, batch.length(i), nowNs);
    }
    batch.clear();
    pass();
    return queued;
  }

  private void pass() throws IOException {
    FrameQueue ready = outward.ready();
    SendBatch to = link.sendBatch();
    while (!ready.isEmpty() && to.hasRoom()) {
      int length = ready.headLength();
      MemorySegment.copy(ready.memory(), ready.headOffset(), to.memory(), to.position(), length);
      to.add(link.peer(), length);
      ready.removeHead();
    }
    link.flush();
  }

  @Override
  public long counter(IoCounter counter) {
    return link.counter(counter);
  }

  @Override
  public void close() {
    link.close();
  }
}
