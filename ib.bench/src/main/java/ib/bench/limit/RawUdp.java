// SPDX-License-Identifier: Apache-2.0
package ib.bench.limit;

import ib.bench.BenchException;
import ib.bench.runtime.Cpu;
import ib.transport.internal.io.DatagramIo;
import ib.transport.internal.io.DatagramIoFactory;
import ib.transport.internal.io.DatagramIoOpenException;
import ib.transport.internal.io.DatagramIoOptions;
import ib.transport.internal.io.PeerAddress;
import ib.transport.internal.io.ReceiveBatch;
import ib.transport.internal.io.SendBatch;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.HdrHistogram.Histogram;

/**
 * Two UDP sockets on loopback, driven by one thread that never sleeps: what the system gives when
 * nothing is done with the bytes. It is the port's own socket layer, with its offloads, so what is
 * between this and RDMA is protocol alone. One thread.
 */
public final class RawUdp implements AutoCloseable {
  /** A packet of path MTU 4096 with its headers. */
  static final int PACKET_BYTES = 4160;

  /** Payload in it. */
  static final int PAYLOAD_BYTES = 4096;

  /** As many as fit into one offloaded send. */
  private static final int TRAIN = 15;

  /** The system cuts no send into more. */
  private static final int SMALL_TRAIN = 64;

  private static final int COMMAND_BYTES = 128;
  private static final int RESPONSE_BYTES = 80;
  private static final int READ_REQUEST_BYTES = 32;
  private static final int SMALL_BYTES = 64 + 32;
  private static final long GIVE_UP_NS = 2_000_000_000L;
  private static final long LONGEST_NS = 60_000_000_000L;

  private final DatagramIo left;
  private final DatagramIo right;
  private final PeerAddress toLeft;
  private final PeerAddress toRight;
  private final ReceiveBatch received = new ReceiveBatch();
  private final Histogram times = new Histogram(LONGEST_NS, 3);

  private RawUdp(DatagramIo left, DatagramIo right) {
    this.left = left;
    this.right = right;
    this.toLeft = PeerAddress.of(left.localAddress());
    this.toRight = PeerAddress.of(right.localAddress());
  }

  /** Opens two sockets on addresses of this machine, on ports that the system chooses. */
  public static RawUdp open(String leftAddress, String rightAddress) throws BenchException {
    try {
      return new RawUdp(open(leftAddress), open(rightAddress));
    } catch (DatagramIoOpenException e) {
      throw new BenchException(String.valueOf(e.getMessage()), e);
    }
  }

  private static DatagramIo open(String address) throws DatagramIoOpenException {
    return DatagramIoFactory.open(
        new InetSocketAddress(InetAddress.ofLiteral(address), 0), DatagramIoOptions.defaults());
  }

  /** How the sockets work. */
  public String description() {
    return left.description();
  }

  /**
   * Streams full packets one way.
   *
   * @return GB of payload a second of CPU time
   */
  public double stream(long ns) throws BenchException {
    long packets = 0;
    long cpuBefore = Cpu.ofThisThread();
    long began = System.nanoTime();
    long now = began;
    while (now - began < ns) {
      exchange(left, right, toRight, TRAIN, PACKET_BYTES);
      packets += TRAIN;
      now = System.nanoTime();
    }
    return (double) packets * PAYLOAD_BYTES / (Cpu.ofThisThread() - cpuBefore);
  }

  /**
   * Streams packets that carry a message of 64 bytes.
   *
   * @return packets a second of CPU time
   */
  public double smallPackets(long ns) throws BenchException {
    long packets = 0;
    long cpuBefore = Cpu.ofThisThread();
    long began = System.nanoTime();
    long now = began;
    while (now - began < ns) {
      exchange(left, right, toRight, SMALL_TRAIN, SMALL_BYTES);
      packets += SMALL_TRAIN;
      now = System.nanoTime();
    }
    return packets * 1e9 / (Cpu.ofThisThread() - cpuBefore);
  }

  /** Sends a small packet there and back again and again; gives the times. */
  public Times roundTrips(long ns) throws BenchException {
    return repeat(
        ns,
        () -> {
          exchange(left, right, toRight, 1, SMALL_BYTES);
          exchange(right, left, toLeft, 1, SMALL_BYTES);
        });
  }

  /**
   * Exchanges packets of the size and number that 4 KiB reads over SRP need: commands one way; data
   * and responses the other.
   *
   * @param depth commands at a time
   * @return exchanges of all
   */
  public Times reads(int depth, long ns) throws BenchException {
    return repeat(
        ns,
        () -> {
          exchange(left, right, toRight, depth, COMMAND_BYTES);
          exchange(right, left, toLeft, depth, PACKET_BYTES);
          exchange(right, left, toLeft, depth, RESPONSE_BYTES);
        });
  }

  /** The same for writes: command, READ request, data, response. */
  public Times writes(int depth, long ns) throws BenchException {
    return repeat(
        ns,
        () -> {
          exchange(left, right, toRight, depth, COMMAND_BYTES);
          exchange(right, left, toLeft, depth, READ_REQUEST_BYTES);
          exchange(left, right, toRight, depth, PACKET_BYTES);
          exchange(right, left, toLeft, depth, RESPONSE_BYTES);
        });
  }

  /**
   * Exchanges that were repeated.
   *
   * @param each time of each in nanoseconds, until the next measurement
   * @param perCpuSecond how many in a second of CPU time
   */
  public record Times(Histogram each, double perCpuSecond) {}

  private interface Step {
    void run() throws BenchException;
  }

  private Times repeat(long ns, Step step) throws BenchException {
    times.reset();
    long cpuBefore = Cpu.ofThisThread();
    long began = System.nanoTime();
    long last = began;
    while (last - began < ns) {
      step.run();
      long now = System.nanoTime();
      times.recordValue(now - last);
      last = now;
    }
    long cpuNs = Cpu.ofThisThread() - cpuBefore;
    return new Times(times, times.getTotalCount() * 1e9 / Math.max(1, cpuNs));
  }

  private void exchange(DatagramIo from, DatagramIo to, PeerAddress at, int count, int bytes)
      throws BenchException {
    try {
      SendBatch batch = from.sendBatch();
      for (int i = 0; i < count; i++) {
        batch.add(at, bytes);
      }
      from.flush();
      int missing = count;
      long began = System.nanoTime();
      while (missing > 0) {
        missing -= to.receive(received);
        if (batch.queued() > 0) {
          from.flush();
        }
        if (missing > 0 && System.nanoTime() - began > GIVE_UP_NS) {
          throw new BenchException(
              missing
                  + " of "
                  + count
                  + " datagrams got lost on loopback; is a filter in the way?");
        }
      }
    } catch (IOException e) {
      throw new BenchException("loopback failed: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    left.close();
    right.close();
  }
}
