// SPDX-License-Identifier: Apache-2.0
package ib.bench.dma;

import ib.bench.limit.PlainBitmap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The least that could be done instead of mapping. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LimitBench {
  /** What is called through a volatile reference. */
  private interface Target {
    long call(Object device, Object memory, long offset, long length, int attributes);
  }

  private static final class First implements Target {
    @Override
    public long call(Object device, Object memory, long offset, long length, int attributes) {
      return offset + length;
    }
  }

  private static final class Second implements Target {
    @Override
    public long call(Object device, Object memory, long offset, long length, int attributes) {
      return offset - length;
    }
  }

  private static final class Third implements Target {
    @Override
    public long call(Object device, Object memory, long offset, long length, int attributes) {
      return offset ^ length;
    }
  }

  /** A reference that may change at any time, as a driver may be replaced. */
  @State(Scope.Benchmark)
  public static class Reference {
    private static final int ROUNDS = 60_000;

    /** As of {@link DmaSite}. */
    @Param(DmaSite.POLLUTED)
    public String sites = "";

    private volatile Target target = new First();

    /** Lets the call site see several targets, if that is wanted. */
    @Setup(Level.Trial)
    public void pollute() {
      Target[] all = {new Second(), new Third(), target};
      for (int i = 0; sites.equals(DmaSite.POLLUTED) && i < ROUNDS; i++) {
        target = all[i % all.length];
        call(this);
      }
      target = all[2];
    }
  }

  private static long call(Reference reference) {
    return reference.target.call(reference, reference, 0, 4096, 0);
  }

  /** A call through a volatile reference. */
  @Benchmark
  public long callOnce(Reference reference) {
    return call(reference);
  }

  /** The bitmap and table that threads share. */
  @State(Scope.Benchmark)
  public static class Pages {
    final PlainBitmap bitmap = new PlainBitmap(1 << 18);
  }

  /** Claims a page, writes its table entry, and takes both back. */
  @Benchmark
  public int page(Pages pages) {
    int page = pages.bitmap.claim(pages);
    pages.bitmap.release(page);
    return page;
  }

  /** Two buffers of a thread. */
  @State(Scope.Thread)
  public static class Buffers {
    /** Bytes to copy. */
    @Param("4096")
    public int bytes;

    private MemorySegment one = MemorySegment.NULL;
    private MemorySegment other = MemorySegment.NULL;

    /** Allocates. */
    @Setup(Level.Trial)
    public void open() {
      one = Arena.ofAuto().allocate(bytes, 4096).fill((byte) 1);
      other = Arena.ofAuto().allocate(bytes, 4096).fill((byte) 2);
    }
  }

  /** Copies there and back. */
  @Benchmark
  public void copy(Buffers buffers) {
    MemorySegment.copy(buffers.one, 0, buffers.other, 0, buffers.bytes);
    MemorySegment.copy(buffers.other, 0, buffers.one, 0, buffers.bytes);
  }
}
