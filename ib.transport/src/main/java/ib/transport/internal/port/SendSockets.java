// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.transport.internal.io.DatagramIo;
import ib.transport.internal.io.DatagramIoFactory;
import ib.transport.internal.io.DatagramIoOpenException;
import ib.transport.internal.io.DatagramIoOptions;
import ib.transport.internal.io.IoCounter;
import ib.transport.internal.io.SendBatch;
import ib.transport.wire.IcrcFlow;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * The sockets that a port sends through: its own, or several others with source ports of their own,
 * so that routers that spread flows over paths see several flows. Nothing is received on the
 * others.
 */
final class SendSockets implements AutoCloseable {
  /** Source ports are taken from here on, as RoCEv2 recommends (annex A17.9.2, and rxe). */
  private static final int FIRST_PORT = 0xC000;

  private static final int PORT_MASK = 0x3FFF;

  /** Ports that other programs may have before this gives up. */
  private static final int TRIES_A_PORT = 16;

  private static final int GOLDEN_RATIO = 0x61C8_8647;
  private static final int LEAST_BUFFER = 4096;

  private final DatagramIo[] sockets;
  private final SendBatch[] batches;
  private final int[] ports;
  private final int owned;

  private SendSockets(DatagramIo[] sockets, int owned) {
    this.sockets = sockets;
    this.owned = owned;
    batches = new SendBatch[sockets.length];
    ports = new int[sockets.length];
    for (int i = 0; i < sockets.length; i++) {
      batches[i] = sockets[i].sendBatch();
      ports[i] = sockets[i].localAddress().getPort();
    }
  }

  /**
   * Opens sockets.
   *
   * @param own the port's socket, which its owner closes
   * @param count 1 to send through {@code own} alone
   * @throws DatagramIoOpenException if there are not so many free ports
   */
  static SendSockets open(DatagramIo own, int count, DatagramIoOptions options)
      throws DatagramIoOpenException {
    if (count == 1) {
      return new SendSockets(new DatagramIo[] {own}, 0);
    }
    InetAddress address = own.localAddress().getAddress();
    DatagramIoOptions sending =
        options.withBuffers(LEAST_BUFFER, options.sendBufferBytes()).withOffload(true, false);
    DatagramIo[] sockets = new DatagramIo[count];
    int next = address.hashCode();
    int opened = 0;
    try {
      for (int tries = count * TRIES_A_PORT; opened < count; tries--) {
        next++;
        int port = FIRST_PORT | (next & PORT_MASK);
        try {
          sockets[opened] = DatagramIoFactory.open(new InetSocketAddress(address, port), sending);
          opened++;
        } catch (DatagramIoOpenException e) {
          if (tries <= 0) {
            throw e;
          }
        }
      }
      return new SendSockets(sockets, count);
    } finally {
      for (int i = 0; opened < count && i < opened; i++) {
        sockets[i].close();
      }
    }
  }

  /**
   * Which socket a flow goes through: rxe's hash of the queue pair number ({@code hash_32}).
   *
   * @param flow a queue pair number
   */
  int indexOf(int flow) {
    return sockets.length == 1
        ? 0
        : (int) ((Integer.toUnsignedLong(flow * GOLDEN_RATIO) * sockets.length) >>> Integer.SIZE);
  }

  /** The batch of a socket. */
  SendBatch batch(int index) {
    return batches[index];
  }

  /** The UDP source port of a socket. */
  int port(int index) {
    return ports[index];
  }

  /** Whether payloads are sent from where they are. */
  boolean gather() {
    return sockets[0].gathersSends();
  }

  /** Hands all batches to the system; packets taken off, sent or dropped. */
  int flush() throws IOException {
    int done = 0;
    for (int i = 0; i < sockets.length; i++) {
      if (batches[i].queued() > 0) {
        done += sockets[i].flush();
      }
    }
    return done;
  }

  /** Whether every batch has room. */
  boolean haveRoom() {
    for (SendBatch batch : batches) {
      if (!batch.hasRoom()) {
        return false;
      }
    }
    return true;
  }

  /** Whether packets wait that nobody waits for in the agent's sleep. */
  boolean waitUnseen() {
    for (int i = 0; i < owned; i++) {
      if (batches[i].queued() > 0) {
        return true;
      }
    }
    return false;
  }

  /** A counter of the sockets that are not the port's own. */
  long counter(IoCounter counter) {
    long sum = 0;
    for (int i = 0; i < owned; i++) {
      sum += sockets[i].counter(counter);
    }
    return sum;
  }

  /** For people: the source ports. */
  String description() {
    return owned == 0 ? "source port " + IcrcFlow.ROCE_PORT : owned + " source ports";
  }

  @Override
  public void close() {
    for (int i = 0; i < owned; i++) {
      sockets[i].close();
    }
  }
}
