// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.dma.BusWindow;
import ib.transport.MemoryStatus;
import ib.transport.QpBackend;
import ib.transport.RemoteRange;
import ib.transport.SendWqe;
import ib.transport.Wqe;
import ib.verbs.AccessFlags;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * Copies between packets and the memory of a device, which it reaches only through the device's
 * backend. Each call of the backend resolves a run; ranges are walked run by run.
 */
final class MemoryMover {
  private static final int ATOMIC_BYTES = Long.BYTES;

  /** Less is copied sooner than told of. */
  private static final int LEAST_PIECE_BYTES = 512;

  /** How much is checked at once at either end of a long range, or flushed at a time. */
  private static final int END_BYTES = 256 << 10;

  private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();

  private final BusWindow window = new BusWindow();
  private final RemoteRange range = new RemoteRange();

  /** Eight bytes on their way between memory and a register, in the host's byte order. */
  private final MemorySegment word = Arena.ofAuto().allocate(ATOMIC_BYTES, ATOMIC_BYTES);

  private long original;

  /** Copies {@code bytes} from {@code from} bytes into the entry's elements to a packet. */
  MemoryStatus gather(
      QpBackend backend, SendWqe wqe, long from, int bytes, MemorySegment out, long outOffset) {
    if (wqe.inlineBytes() > 0) {
      MemorySegment.copy(wqe.inline(), from, out, outOffset, bytes);
      return MemoryStatus.OK;
    }
    return walk(backend, wqe, from, bytes, out, outOffset, false);
  }

  /**
   * Gives a sink bytes of an entry whose memory is the device's until it is acknowledged: shows it
   * where they are if they lie in one run, else copies them.
   *
   * @param headerLength of the packet that the sink has begun
   */
  MemoryStatus give(
      QpBackend backend, SendWqe wqe, long from, int bytes, PacketSink sink, int headerLength) {
    if (bytes >= LEAST_PIECE_BYTES && wqe.inlineBytes() == 0 && sink.takesPieces()) {
      int i = 0;
      long skip = from;
      while (i < wqe.sgeCount() && skip >= wqe.length(i)) {
        skip -= wqe.length(i++);
      }
      if (i < wqe.sgeCount() && wqe.length(i) - skip >= bytes) {
        MemoryStatus status =
            backend.resolveLocal(wqe.lkey(i), wqe.address(i) + skip, bytes, false, window);
        if (status != MemoryStatus.OK) {
          return status;
        }
        if (window.length() >= bytes && window.segment().isNative()) {
          sink.piece(headerLength, window.segment(), window.offset(), bytes);
          return MemoryStatus.OK;
        }
      }
    }
    return gather(backend, wqe, from, bytes, sink.segment(), sink.offset() + headerLength);
  }

  /** Copies a packet's {@code bytes} to {@code to} bytes into the entry's elements. */
  MemoryStatus scatter(
      QpBackend backend, Wqe wqe, long to, int bytes, MemorySegment in, long inOffset) {
    return walk(backend, wqe, to, bytes, in, inOffset, true);
  }

  private MemoryStatus walk(
      QpBackend backend,
      Wqe wqe,
      long start,
      int bytes,
      MemorySegment packet,
      long packetOffset,
      boolean write) {
    long skip = start;
    int left = bytes;
    long at = packetOffset;
    for (int i = 0; i < wqe.sgeCount() && left > 0; i++) {
      int length = wqe.length(i);
      if (skip >= length) {
        skip -= length;
        continue;
      }
      int part = (int) Math.min(length - skip, left);
      MemoryStatus status =
          local(backend, wqe.lkey(i), wqe.address(i) + skip, part, packet, at, write);
      if (status != MemoryStatus.OK) {
        return status;
      }
      skip = 0;
      left -= part;
      at += part;
    }
    return left == 0 ? MemoryStatus.OK : MemoryStatus.OUT_OF_BOUNDS;
  }

  private MemoryStatus local(
      QpBackend backend,
      int lkey,
      long address,
      int bytes,
      MemorySegment packet,
      long packetOffset,
      boolean write) {
    for (int done = 0; done < bytes; ) {
      MemoryStatus status = backend.resolveLocal(lkey, address + done, bytes - done, write, window);
      if (status != MemoryStatus.OK) {
        return status;
      }
      int moved = copy(packet, packetOffset + done, bytes - done, write);
      if (moved == 0) {
        return MemoryStatus.BUS_FAULT;
      }
      done += moved;
    }
    return MemoryStatus.OK;
  }

  /**
   * Copies between a packet and memory that a remote key opens.
   *
   * @param need the right, which also says the direction
   */
  MemoryStatus remote(
      QpBackend backend,
      int rkey,
      long address,
      int bytes,
      MemorySegment packet,
      long packetOffset,
      int need) {
    return move(backend, rkey, address, bytes, packet, packetOffset, need, QpBackend.writes(need));
  }

  private MemoryStatus move(
      QpBackend backend,
      int rkey,
      long address,
      int bytes,
      MemorySegment packet,
      long packetOffset,
      int need,
      boolean write) {
    for (int done = 0; done < bytes; ) {
      MemoryStatus status = backend.resolveRemote(rkey, address + done, bytes - done, need, window);
      if (status != MemoryStatus.OK) {
        return status;
      }
      int moved = copy(packet, packetOffset + done, bytes - done, write);
      if (moved == 0) {
        return MemoryStatus.BUS_FAULT;
      }
      done += moved;
    }
    return MemoryStatus.OK;
  }

  /**
   * Checks a remote range without touching it; an empty one needs no key. Of a long one both ends
   * are checked: a key opens one range, so all between lies in it too. Whether each page between is
   * there shows when it is reached; to look at them all would cost the agent milliseconds for one
   * small packet of a peer.
   */
  MemoryStatus checkRemote(QpBackend backend, int rkey, long address, long bytes, int need) {
    if (bytes <= 2 * END_BYTES) {
      return bytes == 0
          ? MemoryStatus.OK
          : backend.resolveRemote(rkey, address, bytes, need, window);
    }
    MemoryStatus status = backend.resolveRemote(rkey, address, END_BYTES, need, window);
    return status == MemoryStatus.OK
        ? backend.resolveRemote(rkey, address + bytes - END_BYTES, END_BYTES, need, window)
        : status;
  }

  /** Copies one run; 0 if the memory turned out not to be there. */
  private int copy(MemorySegment packet, long packetOffset, int bytes, boolean write) {
    int run = (int) Math.min(window.length(), bytes);
    if (run <= 0) {
      return 0;
    }
    try {
      if (write) {
        MemorySegment.copy(packet, packetOffset, window.segment(), window.offset(), run);
      } else {
        MemorySegment.copy(window.segment(), window.offset(), packet, packetOffset, run);
      }
      return run;
    } catch (IllegalStateException | IndexOutOfBoundsException e) {
      // The segment's arena was closed, or the backend showed a run that is not there.
      return 0;
    }
  }

  // Eight bytes at once.

  /**
   * Compares and swaps, or adds. Nothing comes between two atomics of this port, as they run on one
   * thread; where the bytes lie aligned in one piece, nothing of the host does either.
   *
   * @param va a multiple of 8
   */
  MemoryStatus atomic(
      QpBackend backend, int rkey, long va, boolean compareSwap, long swapOrAdd, long compare) {
    MemoryStatus status =
        backend.resolveRemote(rkey, va, ATOMIC_BYTES, AccessFlags.REMOTE_ATOMIC, window);
    if (status != MemoryStatus.OK) {
      return status;
    }
    try {
      return isWord()
          ? atomicWord(compareSwap, swapOrAdd, compare)
          : atomicPieces(backend, rkey, va, compareSwap, swapOrAdd, compare);
    } catch (IllegalStateException | IndexOutOfBoundsException e) {
      return MemoryStatus.BUS_FAULT;
    }
  }

  /** What was there before the last {@link #atomic}. */
  long original() {
    return original;
  }

  private boolean isWord() {
    return window.length() >= ATOMIC_BYTES
        && ((window.segment().address() + window.offset()) & (ATOMIC_BYTES - 1)) == 0;
  }

  private MemoryStatus atomicWord(boolean compareSwap, long swapOrAdd, long compare) {
    original =
        compareSwap
            ? (long) LONG.compareAndExchange(window.segment(), window.offset(), compare, swapOrAdd)
            : (long) LONG.getAndAdd(window.segment(), window.offset(), swapOrAdd);
    return MemoryStatus.OK;
  }

  private MemoryStatus atomicPieces(
      QpBackend backend, int rkey, long va, boolean compareSwap, long swapOrAdd, long compare) {
    int need = AccessFlags.REMOTE_ATOMIC;
    MemoryStatus status = move(backend, rkey, va, ATOMIC_BYTES, word, 0, need, false);
    if (status != MemoryStatus.OK) {
      return status;
    }
    original = word.get(ValueLayout.JAVA_LONG, 0);
    if (compareSwap && original != compare) {
      return MemoryStatus.OK;
    }
    word.set(ValueLayout.JAVA_LONG, 0, compareSwap ? swapOrAdd : original + swapOrAdd);
    return move(backend, rkey, va, ATOMIC_BYTES, word, 0, need, true);
  }

  /** Writes eight bytes of a packet to a multiple of 8, so that nobody sees a part of them. */
  MemoryStatus atomicWrite(
      QpBackend backend, int rkey, long va, MemorySegment packet, long packetOffset) {
    MemoryStatus status =
        backend.resolveRemote(rkey, va, ATOMIC_BYTES, AccessFlags.REMOTE_WRITE, window);
    if (status != MemoryStatus.OK) {
      return status;
    }
    if (!isWord()) {
      return remote(
          backend, rkey, va, ATOMIC_BYTES, packet, packetOffset, AccessFlags.REMOTE_WRITE);
    }
    try {
      long value = packet.get(ValueLayout.JAVA_LONG_UNALIGNED, packetOffset);
      LONG.setVolatile(window.segment(), window.offset(), value);
      return MemoryStatus.OK;
    } catch (IllegalStateException | IndexOutOfBoundsException e) {
      return MemoryStatus.BUS_FAULT;
    }
  }

  /** Writes what an atomic has answered to the elements of its entry. */
  MemoryStatus scatterWord(QpBackend backend, SendWqe wqe, long value) {
    word.set(ValueLayout.JAVA_LONG, 0, value);
    return scatter(backend, wqe, 0, ATOMIC_BYTES, word, 0);
  }

  // FLUSH.

  /** Flushes all that a key opens. */
  MemoryStatus flushRegion(QpBackend backend, int rkey, int need) {
    MemoryStatus status = backend.remoteRange(rkey, need, range);
    if (status != MemoryStatus.OK) {
      return status;
    }
    if ((need & AccessFlags.FLUSH_PERSISTENT) == 0) {
      VarHandle.fullFence();
      return MemoryStatus.OK;
    }
    return range.lengthBytes() == 0
        ? MemoryStatus.NO_RIGHT
        : flush(backend, rkey, range.address(), range.lengthBytes(), need);
  }

  /**
   * Flushes a range (annex A19). Global visibility: what this thread wrote before is ordered before
   * all that it does later, and memory here is coherent. Persistence: only memory that is mapped
   * from a file can promise it; its pages are written to the file.
   */
  MemoryStatus flush(QpBackend backend, int rkey, long address, long bytes, int need) {
    MemoryStatus all = checkRemote(backend, rkey, address, bytes, need);
    if (all != MemoryStatus.OK || (need & AccessFlags.FLUSH_PERSISTENT) == 0) {
      VarHandle.fullFence();
      return all;
    }
    for (long done = 0; done < bytes; ) {
      long part = Math.min(bytes - done, END_BYTES);
      MemoryStatus status = backend.resolveRemote(rkey, address + done, part, need, window);
      if (status != MemoryStatus.OK) {
        return status;
      }
      if (!window.segment().isMapped()) {
        return MemoryStatus.NO_RIGHT;
      }
      if (!force() || window.length() <= 0) {
        return MemoryStatus.BUS_FAULT;
      }
      done += window.length();
    }
    VarHandle.fullFence();
    return MemoryStatus.OK;
  }

  private boolean force() {
    try {
      window.segment().asSlice(window.offset(), window.length()).force();
      return true;
    } catch (IllegalStateException | IndexOutOfBoundsException | UncheckedIOException e) {
      return false;
    }
  }
}
