// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.transport.PacketTap;
import ib.transport.wire.Gids;
import ib.transport.wire.PcapWriter;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Writes what a port sends and receives to a capture file. The agent only copies packets into a
 * bounded set of buffers, a thread of this object's own writes them; packets that find no buffer,
 * and those beyond the limit of the file, are counted.
 */
final class PcapTap implements PacketTap, AutoCloseable {
  private static final int BUFFERS = 2048;
  private static final int BUFFER_BYTES = 4608;
  private static final int FILE_BUFFER_BYTES = 1 << 18;
  private static final long POLL_MS = 100;
  private static final long CLOSE_MS = 5000;

  /** One captured packet; reused. */
  private static final class Captured {
    final byte[] bytes = new byte[BUFFER_BYTES];
    final MemorySegment segment = MemorySegment.ofArray(bytes);
    long timeNs;
    long sourceHigh;
    long sourceLow;
    int sourcePort;
    long destHigh;
    long destLow;
    int ipId;
    int length;
  }

  private final ArrayBlockingQueue<Captured> free = new ArrayBlockingQueue<>(BUFFERS);
  private final ArrayBlockingQueue<Captured> filled = new ArrayBlockingQueue<>(BUFFERS);
  private final PcapWriter writer;
  private final Thread thread;
  private final byte[] source;
  private final byte[] destination;
  private final AtomicLong written = new AtomicLong();
  private final AtomicLong dropped = new AtomicLong();
  private final AtomicLong beyondLimit = new AtomicLong();
  private final long limitBytes;

  /** Agent thread. */
  private long takenBytes;

  /** The wall clock at {@link System#nanoTime()} 0. */
  private final long epochNs =
      TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis()) - System.nanoTime();

  private volatile boolean closing;
  private volatile @Nullable IOException failure;

  /**
   * Begins a capture.
   *
   * @param name of the port
   * @param addressBytes 4 or 16: the port's family
   * @param out closed by {@link #close}
   * @param limitBytes of packets; the file is a little longer
   */
  PcapTap(String name, int addressBytes, OutputStream out, long limitBytes) throws IOException {
    this.limitBytes = limitBytes;
    for (int i = 0; i < BUFFERS; i++) {
      free.add(new Captured());
    }
    source = new byte[addressBytes];
    destination = new byte[addressBytes];
    writer = new PcapWriter(new BufferedOutputStream(out, FILE_BUFFER_BYTES));
    thread = new Thread(this::run, "ib-pcap-" + name);
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void onPacket(
      boolean sent,
      long sourceHigh,
      long sourceLow,
      int sourcePort,
      long destHigh,
      long destLow,
      int ipId,
      MemorySegment packet,
      long offset,
      int lengthBytes) {
    if (takenBytes + lengthBytes > limitBytes) {
      beyondLimit.incrementAndGet();
      return;
    }
    Captured captured = closing || lengthBytes > BUFFER_BYTES ? null : free.poll();
    if (captured == null) {
      dropped.incrementAndGet();
      return;
    }
    captured.timeNs = epochNs + System.nanoTime();
    captured.sourceHigh = sourceHigh;
    captured.sourceLow = sourceLow;
    captured.sourcePort = sourcePort;
    captured.destHigh = destHigh;
    captured.destLow = destLow;
    captured.ipId = ipId;
    captured.length = lengthBytes;
    MemorySegment.copy(packet, ValueLayout.JAVA_BYTE, offset, captured.bytes, 0, lengthBytes);
    // There are as many places as buffers, so this one finds one.
    filled.add(captured);
    takenBytes += lengthBytes;
  }

  private void run() {
    try {
      while (!closing || !filled.isEmpty()) {
        Captured captured = filled.poll(POLL_MS, TimeUnit.MILLISECONDS);
        if (captured != null) {
          write(captured);
          free.add(captured);
        } else if (failure == null) {
          writer.flush();
        }
      }
    } catch (IOException e) {
      failure = e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      end();
    }
  }

  private void end() {
    closing = true;
    try {
      writer.close();
    } catch (IOException e) {
      failure = e;
    }
  }

  private void write(Captured captured) throws IOException {
    Gids.write(captured.sourceHigh, captured.sourceLow, source);
    Gids.write(captured.destHigh, captured.destLow, destination);
    writer.write(
        captured.timeNs,
        source,
        destination,
        captured.sourcePort,
        captured.ipId,
        true,
        captured.segment,
        0,
        captured.length);
    written.incrementAndGet();
  }

  /** Packets in the file. */
  long written() {
    return written.get();
  }

  /** Packets that are not in the file, because the disk was too slow. */
  long dropped() {
    return dropped.get();
  }

  /** Packets that are not in the file, because it had reached its limit. */
  long beyondLimit() {
    return beyondLimit.get();
  }

  /** What ended the capture before its time, or null. */
  @Nullable IOException failure() {
    return failure;
  }

  /** Writes what is buffered, at most for five seconds, and closes the file. */
  @Override
  public void close() {
    closing = true;
    try {
      thread.join(CLOSE_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
