// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import ib.transport.internal.counters.EnumCounters;
import ib.transport.internal.posix.Errno;
import ib.transport.internal.posix.Posix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/**
 * The headers of {@code sendmmsg(2)}, made once, and the way a batch goes through them: one message
 * for each train.
 */
final class NativeSender {
  /** The system call: what {@code sendmmsg(2)} gives, or the negated errno. */
  @FunctionalInterface
  interface SendCall {
    int sendmmsg(int fd, long messages, int count, int flags);
  }

  private static final int CONTROL_BYTES = 24;
  private static final int CONTROL_LENGTH = Sockets.CMSGHDR_BYTES + 2;
  private static final int VECTORS_A_PACKET = 3;
  private static final int FLAGS = Sockets.MSG_DONTWAIT | Sockets.MSG_NOSIGNAL;

  private final SendCall call;
  private final EnumCounters<IoCounter> counters;
  private final SendErrors errors;
  private final SendBatch batch;
  private final MemorySegment headers;
  private final MemorySegment vectors;
  private final MemorySegment names;
  private final MemorySegment controls;
  private final MemorySegment zeros;

  /** First packet of each message. */
  private final int[] firstPackets;

  private boolean trains;
  private int messages;
  private int vectorCount;

  /** The end of the last iovec, so that bytes that follow join it. */
  private long vectorEnd;

  NativeSender(
      SendCall call,
      EnumCounters<IoCounter> counters,
      SendErrors errors,
      SendBatch batch,
      boolean trains) {
    this.call = call;
    this.counters = counters;
    this.errors = errors;
    this.batch = batch;
    this.trains = trains;
    int n = batch.capacity();
    Arena arena = Arena.ofAuto();
    headers = arena.allocate((long) n * Sockets.MMSGHDR_BYTES, 8);
    vectors = arena.allocate((long) n * VECTORS_A_PACKET * Sockets.IOVEC_BYTES, 8);
    names = arena.allocate((long) n * Sockets.NAME_STRIDE, 8);
    controls = arena.allocate((long) n * CONTROL_BYTES, 8);
    zeros = arena.allocate(batch.maxPacketBytes(), 8);
    firstPackets = new int[n + 1];
    for (int i = 0; i < n; i++) {
      long header = (long) i * Sockets.MMSGHDR_BYTES;
      headers.set(
          JAVA_LONG, header + Sockets.MSG_NAME, names.address() + (long) i * Sockets.NAME_STRIDE);
      long control = (long) i * CONTROL_BYTES;
      controls.set(JAVA_LONG, control, CONTROL_LENGTH);
      controls.set(JAVA_INT, control + Sockets.CMSG_LEVEL, Sockets.SOL_UDP);
      controls.set(JAVA_INT, control + Sockets.CMSG_TYPE, Sockets.UDP_SEGMENT);
    }
  }

  boolean trains() {
    return trains;
  }

  /**
   * Sends the batch from its head.
   *
   * @return packets done, sent or dropped
   * @throws FatalSendException if the socket is of no use any more
   */
  int send(int fd) throws FatalSendException {
    build(0, batch.queued());
    int done = 0;
    while (done < messages) {
      int n = sendmmsg(fd, done, messages - done);
      if (n > 0) {
        countSent(done, done + n);
        done += n;
      } else if (n == -Errno.EAGAIN) {
        counters.add(IoCounter.TX_WOULD_BLOCK, 1);
        break;
      } else if (n == -Errno.EBADF || n == -Errno.ENOTSOCK) {
        throw new FatalSendException(-n, firstPackets[done]);
      } else if (n != -Errno.EINTR && !isTrainInDoubt(done, -n)) {
        drop(done++, -n);
      } else if (n != -Errno.EINTR) {
        int end = firstPackets[done + 1];
        int stopped = sendSingly(fd, firstPackets[done], end, -n);
        if (stopped < end) {
          return stopped;
        }
        // The packets went through the same headers: lay out the rest anew.
        build(end, batch.queued());
        done = 0;
      }
    }
    return firstPackets[done];
  }

  /**
   * Whether the system may have refused a train where it would take the packets, or some of them.
   */
  private boolean isTrainInDoubt(int message, int errno) {
    return firstPackets[message + 1] - firstPackets[message] > 1
        && (errno == Errno.EIO || errno == Errno.EINVAL || errno == Errno.EMSGSIZE);
  }

  private void drop(int message, int errno) {
    IoCounter cause = SendErrors.causeOf(errno);
    for (int i = firstPackets[message]; i < firstPackets[message + 1]; i++) {
      errors.dropped(cause, batch, i);
    }
  }

  /**
   * Sends a train packet by packet, to learn whether its packets or the train was at fault.
   * (Packets after the first then carry another IPv4 Identification than their place in the train:
   * for a peer that checks it they are lost, and sent again.)
   */
  private int sendSingly(int fd, int first, int end, int trainErrno) throws FatalSendException {
    counters.add(IoCounter.TX_TRAINS_UNDONE, 1);
    boolean wasTrains = trains;
    trains = false;
    int i = first;
    boolean fullLengthSent = false;
    while (i < end) {
      build(i, i + 1);
      int n = sendmmsg(fd, 0, 1);
      if (n > 0) {
        fullLengthSent |= i == first;
        countSent(0, 1);
        i++;
      } else if (n == -Errno.EAGAIN) {
        counters.add(IoCounter.TX_WOULD_BLOCK, 1);
        break;
      } else if (n == -Errno.EBADF || n == -Errno.ENOTSOCK) {
        throw new FatalSendException(-n, i);
      } else if (n != -Errno.EINTR) {
        errors.dropped(SendErrors.causeOf(-n), batch, i);
        i++;
      }
    }
    trains = wasTrains && !(fullLengthSent && trainErrno != Errno.EMSGSIZE);
    if (wasTrains && !trains) {
      batch.stopTrains();
    }
    batch.endTrain();
    return i;
  }

  private int sendmmsg(int fd, int message, int count) {
    try {
      return call.sendmmsg(
          fd, headers.address() + (long) message * Sockets.MMSGHDR_BYTES, count, FLAGS);
    } finally {
      // The kernel reads what these own.
      Reference.reachabilityFence(batch);
      Reference.reachabilityFence(this);
    }
  }

  private void countSent(int fromMessage, int toMessage) {
    long bytes = 0;
    int runs = 0;
    for (int m = fromMessage; m < toMessage; m++) {
      bytes += headers.get(JAVA_INT, (long) m * Sockets.MMSGHDR_BYTES + Sockets.MSG_LEN);
      runs += firstPackets[m + 1] - firstPackets[m] > 1 ? 1 : 0;
    }
    counters.add(IoCounter.TX_PACKETS, firstPackets[toMessage] - firstPackets[fromMessage]);
    counters.add(IoCounter.TX_BYTES, bytes);
    counters.add(IoCounter.TX_TRAINS, runs);
  }

  /** Lays out messages for the packets {@code from..to}. */
  private void build(int from, int to) {
    messages = 0;
    vectorCount = 0;
    int i = from;
    while (i < to) {
      int n = trains ? Math.min(batch.trainFrom(i), to - i) : 1;
      buildMessage(i, n);
      i += n;
    }
    firstPackets[messages] = to;
  }

  private void buildMessage(int first, int n) {
    int m = messages++;
    firstPackets[m] = first;
    PeerAddress to = batch.destination(first);
    int nameLength =
        Sockets.writeName(
            names,
            (long) m * Sockets.NAME_STRIDE,
            to.isIpv6(),
            to.v6High(),
            to.v6Low(),
            to.port(),
            to.scopeId());
    int firstVector = vectorCount;
    vectorEnd = 0;
    for (int i = first; i < first + n; i++) {
      buildVectors(i, firstVector);
    }
    long header = (long) m * Sockets.MMSGHDR_BYTES;
    headers.set(JAVA_INT, header + Sockets.MSG_NAMELEN, nameLength);
    headers.set(
        JAVA_LONG,
        header + Sockets.MSG_IOV,
        vectors.address() + (long) firstVector * Sockets.IOVEC_BYTES);
    headers.set(JAVA_LONG, header + Sockets.MSG_IOVLEN, vectorCount - firstVector);
    buildControl(m, header, n > 1 ? batch.length(first) : 0);
  }

  private void buildControl(int m, long header, int segmentSize) {
    long control = (long) m * CONTROL_BYTES;
    if (segmentSize == 0) {
      headers.set(JAVA_LONG, header + Sockets.MSG_CONTROL, 0);
      headers.set(JAVA_LONG, header + Sockets.MSG_CONTROLLEN, 0);
    } else {
      controls.set(JAVA_SHORT, control + Sockets.CMSGHDR_BYTES, (short) segmentSize);
      headers.set(JAVA_LONG, header + Sockets.MSG_CONTROL, controls.address() + control);
      headers.set(JAVA_LONG, header + Sockets.MSG_CONTROLLEN, CONTROL_BYTES);
    }
  }

  private void buildVectors(int i, int firstVector) {
    long slab = batch.memory().address() + batch.offset(i);
    int headerLength = batch.headerLength(i);
    addVector(slab, headerLength, firstVector);
    MemorySegment payload = batch.payload(i);
    if (payload == null) {
      return;
    }
    if (payload.scope().isAlive()) {
      addVector(payload.address() + batch.payloadOffset(i), batch.payloadLength(i), firstVector);
    } else {
      counters.add(IoCounter.TX_PAYLOAD_GONE, 1);
      addVector(zeros.address(), batch.payloadLength(i), firstVector);
    }
    addVector(slab + headerLength, batch.trailerLength(i), firstVector);
  }

  /** Adds bytes to the message, to its last iovec if they follow it directly. */
  private void addVector(long address, int length, int firstVector) {
    if (length == 0) {
      return;
    }
    if (address == vectorEnd && vectorCount > firstVector) {
      long last = (long) (vectorCount - 1) * Sockets.IOVEC_BYTES + 8;
      vectors.set(JAVA_LONG, last, vectors.get(JAVA_LONG, last) + length);
    } else {
      long vector = (long) vectorCount++ * Sockets.IOVEC_BYTES;
      vectors.set(JAVA_LONG, vector, address);
      vectors.set(JAVA_LONG, vector + 8, length);
    }
    vectorEnd = address + length;
  }

  /** The socket is of no use any more. */
  static final class FatalSendException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Why. */
    final int errno;

    /** Packets that were dealt with before. */
    final int done;

    FatalSendException(int errno, int done) {
      super(Posix.errorText(errno));
      this.errno = errno;
      this.done = done;
    }
  }
}
