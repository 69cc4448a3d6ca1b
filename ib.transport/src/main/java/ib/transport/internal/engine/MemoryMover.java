// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.dma.BusWindow;
import ib.transport.MemoryStatus;
import ib.transport.QpBackend;
import ib.transport.Wqe;
import java.lang.foreign.MemorySegment;

/**
 * Copies between packets and the memory of a device, which it reaches only through the device's
 * backend. Each call of the backend resolves a run; ranges are walked run by run.
 */
final class MemoryMover {
  private final BusWindow window = new BusWindow();

  /** Copies {@code bytes} from {@code from} bytes into the entry's elements to a packet. */
  MemoryStatus gather(
      QpBackend backend, Wqe wqe, long from, int bytes, MemorySegment out, long outOffset) {
    return walk(backend, wqe, from, bytes, out, outOffset, false);
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
    boolean write = QpBackend.writes(need);
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

  /** Checks a remote range without touching it; an empty one needs no key. */
  MemoryStatus checkRemote(QpBackend backend, int rkey, long address, long bytes, int need) {
    return bytes == 0 ? MemoryStatus.OK : backend.resolveRemote(rkey, address, bytes, need, window);
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
}
