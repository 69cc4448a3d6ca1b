// SPDX-License-Identifier: Apache-2.0
package ib.bench.dma;

import ib.dma.DmaFault;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;

/** The operations, as a protocol calls them, and the bus, as hardware does. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DmaBench {
  /** Maps and unmaps. */
  @Benchmark
  public long map(DmaSite site, DmaBuffer buffer) {
    long address = Calls.map(site.dma, buffer.memory, buffer.bytes);
    Calls.unmap(site.dma, address, buffer.bytes);
    return address;
  }

  /** Syncs for the device and for the CPU. */
  @Benchmark
  public void sync(DmaSite site, DmaBuffer buffer) {
    Calls.sync(site.dma, buffer.address, buffer.bytes);
  }

  /** Maps and unmaps a list. */
  @Benchmark
  public int list(DmaSite site, DmaBuffer.Pages pages) {
    return Calls.list(site.dma, pages.list);
  }

  /** Allocates and frees coherent memory. */
  @Benchmark
  public long coherent(DmaSite site, DmaBuffer buffer) {
    return Calls.coherent(site.dma, buffer.bytes);
  }

  /** The device finds the bytes. */
  @Benchmark
  public DmaFault resolve(DmaSite site, DmaBuffer buffer) {
    return Calls.resolve(site.bus, buffer.address, buffer.bytes, buffer.window);
  }

  /** Unmaps the oldest of many live mappings and maps anew. */
  @Benchmark
  public long churn(DmaSite site, ManyMappings many) {
    return many.turn(site.dma);
  }
}
