// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import ib.transport.internal.counters.EnumCounters;
import ib.transport.internal.posix.Posix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/** The headers of {@code recvmmsg(2)}, made once, and what the kernel writes into them. */
final class NativeReceiver {
  private static final int CONTROL_BYTES = 64;

  private final Posix posix;
  private final EnumCounters<IoCounter> counters;
  private final int slots;
  private final MemorySegment headers;
  private final MemorySegment vectors;
  private final MemorySegment names;
  private final MemorySegment controls;

  // Of the control messages read last.
  private int segmentSize;
  private int trafficClass;

  NativeReceiver(Posix posix, EnumCounters<IoCounter> counters, int slots) {
    this.posix = posix;
    this.counters = counters;
    this.slots = slots;
    Arena arena = Arena.ofAuto();
    headers = arena.allocate((long) slots * Sockets.MMSGHDR_BYTES, 8);
    vectors = arena.allocate((long) slots * Sockets.IOVEC_BYTES, 8);
    names = arena.allocate((long) slots * Sockets.NAME_STRIDE, 8);
    controls = arena.allocate((long) slots * CONTROL_BYTES, 8);
    for (int i = 0; i < slots; i++) {
      long header = (long) i * Sockets.MMSGHDR_BYTES;
      headers.set(
          JAVA_LONG, header + Sockets.MSG_NAME, names.address() + (long) i * Sockets.NAME_STRIDE);
      headers.set(
          JAVA_LONG, header + Sockets.MSG_IOV, vectors.address() + (long) i * Sockets.IOVEC_BYTES);
      headers.set(JAVA_LONG, header + Sockets.MSG_IOVLEN, 1);
      headers.set(
          JAVA_LONG, header + Sockets.MSG_CONTROL, controls.address() + (long) i * CONTROL_BYTES);
    }
  }

  int slots() {
    return slots;
  }

  /** Receives into the batch; gives what recvmmsg gives, or the negated errno. */
  int receive(int fd, ReceiveBatch batch) {
    int n = batch.slots();
    long slab = batch.memory().address();
    for (int i = 0; i < n; i++) {
      long header = (long) i * Sockets.MMSGHDR_BYTES;
      headers.set(JAVA_INT, header + Sockets.MSG_NAMELEN, Sockets.SOCKADDR_IN6_BYTES);
      headers.set(JAVA_LONG, header + Sockets.MSG_CONTROLLEN, CONTROL_BYTES);
      long vector = (long) i * Sockets.IOVEC_BYTES;
      vectors.set(JAVA_LONG, vector, slab + ReceiveBatch.slotOffset(i));
      vectors.set(JAVA_LONG, vector + 8, ReceiveBatch.SLOT_BYTES);
    }
    int received = recvmmsg(fd, batch, n);
    for (int i = 0; i < received; i++) {
      read(i, batch);
    }
    return received;
  }

  private int recvmmsg(int fd, ReceiveBatch batch, int n) {
    try {
      return posix.recvmmsg(fd, headers.address(), n, Sockets.MSG_DONTWAIT);
    } finally {
      // The kernel writes into what these own.
      Reference.reachabilityFence(batch);
      Reference.reachabilityFence(this);
    }
  }

  private void read(int i, ReceiveBatch batch) {
    long header = (long) i * Sockets.MMSGHDR_BYTES;
    int length = headers.get(JAVA_INT, header + Sockets.MSG_LEN);
    if ((headers.get(JAVA_INT, header + Sockets.MSG_FLAGS) & Sockets.MSG_TRUNC) != 0) {
      counters.add(IoCounter.RX_TRUNCATED, 1);
      batch.skip();
      return;
    }
    readControls((long) i * CONTROL_BYTES, headers.get(JAVA_LONG, header + Sockets.MSG_CONTROLLEN));
    batch.put(length, segmentSize, trafficClass);
    readSource((long) i * Sockets.NAME_STRIDE, batch);
    counters.add(IoCounter.RX_BYTES, length);
  }

  /**
   * Reads control messages (struct cmsghdr: size_t len, int level, int type, data; each begins at a
   * multiple of 8).
   */
  private void readControls(long at, long controlLength) {
    segmentSize = 0;
    trafficClass = 0;
    long end = at + Math.min(controlLength, CONTROL_BYTES);
    for (long c = at; c + Sockets.CMSGHDR_BYTES <= end; ) {
      long length = controls.get(JAVA_LONG, c);
      if (length < Sockets.CMSGHDR_BYTES || c + length > end) {
        return;
      }
      int level = controls.get(JAVA_INT, c + Sockets.CMSG_LEVEL);
      int type = controls.get(JAVA_INT, c + Sockets.CMSG_TYPE);
      long data = c + Sockets.CMSGHDR_BYTES;
      if (level == Sockets.SOL_UDP && type == Sockets.UDP_GRO) {
        segmentSize = controls.get(JAVA_INT, data);
      } else if (level == Sockets.IPPROTO_IP && type == Sockets.IP_TOS) {
        trafficClass = controls.get(JAVA_BYTE, data) & 0xFF;
      } else if (level == Sockets.IPPROTO_IPV6 && type == Sockets.IPV6_TCLASS) {
        trafficClass = controls.get(JAVA_INT, data) & 0xFF;
      }
      c += (length + 7) & ~7L;
    }
  }

  private void readSource(long name, ReceiveBatch batch) {
    int port = names.get(Sockets.BE_SHORT, name + Sockets.SIN_PORT) & 0xFFFF;
    if (names.get(JAVA_SHORT, name) == Sockets.AF_INET6) {
      batch.source(
          true,
          names.get(Sockets.BE_LONG, name + Sockets.SIN6_ADDR),
          names.get(Sockets.BE_LONG, name + Sockets.SIN6_ADDR + 8),
          port);
    } else {
      int v4 = names.get(Sockets.BE_INT, name + Sockets.SIN_ADDR);
      batch.source(false, 0, Integer.toUnsignedLong(v4), port);
    }
  }
}
