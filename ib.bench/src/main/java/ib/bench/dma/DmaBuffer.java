// SPDX-License-Identifier: Apache-2.0
package ib.bench.dma;

import ib.dma.BusWindow;
import ib.dma.DmaMemory;
import ib.dma.ScatterList;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What one thread maps: memory of its own. */
@State(Scope.Thread)
public class DmaBuffer {
  /** Bytes of one mapping. */
  @Param("4096")
  public int bytes;

  DmaMemory memory = DmaMemory.ofForeign(java.lang.foreign.MemorySegment.NULL);
  final BusWindow window = new BusWindow();

  /** Mapped for the whole trial. */
  long address;

  /** Allocates and maps. */
  @Setup(Level.Trial)
  public void open(DmaSite site) {
    memory = site.pool.allocate(bytes);
    address = Calls.map(site.dma, memory, bytes);
  }

  /** A list of pages that do not touch, so that each is an entry for itself. */
  @State(Scope.Thread)
  public static class Pages {
    private static final int PAGE = 4096;

    /** Entries of the list. */
    @Param("1")
    public int entries;

    ScatterList list = new ScatterList(1);

    /** Allocates. */
    @Setup(Level.Trial)
    public void open(DmaSite site) {
      DmaMemory memory = site.pool.allocate(2L * entries * PAGE);
      list = new ScatterList(entries);
      for (int i = 0; i < entries; i++) {
        list.add(memory, 2L * i * PAGE, PAGE);
      }
    }
  }
}
