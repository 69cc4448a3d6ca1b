// SPDX-License-Identifier: Apache-2.0
package ib.transport.conformance;

import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.dma.DmaFault;
import java.util.ArrayList;
import java.util.List;

/** A bus that notes what the hardware reaches for, in order, once told to. Thread-safe. */
public final class BusWitness implements DmaBus {
  /** One access, or the part of one that a window showed. */
  public record Seen(long address, long length, DmaAccess access, DmaFault fault) {
    boolean touches(long first, long bytes) {
      return address < first + bytes && first < address + length;
    }
  }

  private static final int MOST = 100_000;

  private final DmaBus bus;
  private final List<Seen> seen = new ArrayList<>();
  private volatile boolean watching;

  BusWitness(DmaBus bus) {
    this.bus = bus;
  }

  @Override
  public DmaFault resolve(long dmaAddress, long lengthBytes, DmaAccess access, BusWindow window) {
    DmaFault fault = bus.resolve(dmaAddress, lengthBytes, access, window);
    if (watching) {
      note(new Seen(dmaAddress, lengthBytes, access, fault));
    }
    return fault;
  }

  private synchronized void note(Seen access) {
    if (seen.size() < MOST) {
      seen.add(access);
    }
  }

  /** Forgets everything and begins to watch. */
  public synchronized void begin() {
    seen.clear();
    watching = true;
  }

  /** Everything seen, in order. */
  public synchronized List<Seen> seen() {
    return List.copyOf(seen);
  }

  /** The accesses of a kind to a range. */
  public List<Seen> seen(DmaAccess access, long first, long bytes) {
    return seen().stream()
        .filter(one -> one.access == access && one.touches(first, bytes))
        .toList();
  }

  /** The accesses of a kind to anything but a range. */
  public List<Seen> beside(DmaAccess access, long first, long bytes) {
    return seen().stream()
        .filter(one -> one.access == access && !one.touches(first, bytes))
        .toList();
  }
}
