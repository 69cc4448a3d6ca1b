// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import static ib.dma.tck.Scratch.PAGE;
import static ib.dma.tck.Scratch.check;

import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaIova;
import ib.dma.DmaUsage;
import ib.dma.ScatterList;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The families of mappings, as {@link Live} ones. */
final class LiveKinds {
  private LiveKinds() {}

  /** {@code mapSingle}. */
  static final class Single extends Live {
    Single(Scratch s, Span span, DmaDirection direction) {
      super(s, List.of(span), direction);
    }

    @Override
    boolean map() {
      Span span = spans.getFirst();
      long address = s.dma.mapSingle(span.memory(), span.offset(), length, direction);
      if (s.dma.mappingError(address)) {
        return false;
      }
      runs.add(new Run(address, length));
      return true;
    }

    @Override
    void sync(int from, int part, boolean toCpu) {
      syncSingle(this, runs.getFirst().address(), from, part, toCpu);
    }

    @Override
    void unmap() {
      s.dma.unmapSingle(runs.getFirst().address(), length, direction);
    }

    @Override
    DmaUsage usage() {
      return new DmaUsage(1, 0, 0, length);
    }
  }

  private static void syncSingle(Live live, long address, int from, int part, boolean toCpu) {
    if (toCpu) {
      live.s.dma.syncSingleRangeForCpu(address, from, part, live.direction);
    } else {
      live.s.dma.syncSingleRangeForDevice(address, from, part, live.direction);
    }
  }

  /** {@code mapPage}. */
  static final class Page extends Live {
    Page(Scratch s, Span span, DmaDirection direction) {
      super(s, List.of(span), direction);
    }

    @Override
    boolean map() {
      Span span = spans.getFirst();
      int inPage = span.offset() % PAGE;
      long page = span.offset() / PAGE;
      long address = s.dma.mapPage(span.memory(), page, inPage, length, direction);
      if (s.dma.mappingError(address)) {
        return false;
      }
      runs.add(new Run(address, length));
      return true;
    }

    @Override
    void sync(int from, int part, boolean toCpu) {
      syncSingle(this, runs.getFirst().address(), from, part, toCpu);
    }

    @Override
    void unmap() {
      s.dma.unmapPage(runs.getFirst().address(), length, direction);
    }

    @Override
    DmaUsage usage() {
      return new DmaUsage(1, 0, 0, length);
    }
  }

  /** {@code mapSg}. */
  static final class Sg extends Live {
    private final ScatterList list = new ScatterList(4);

    Sg(Scratch s, List<Span> spans, DmaDirection direction) {
      super(s, spans, direction);
      spans.forEach(span -> list.add(span.memory(), span.offset(), span.length()));
    }

    @Override
    boolean map() {
      int mapped = s.dma.mapSg(list, spans.size(), direction);
      for (int i = 0; i < mapped; i++) {
        int bytes = Math.toIntExact(s.dma.dmaLen(list, i));
        runs.add(new Run(s.dma.dmaAddress(list, i), bytes));
      }
      return mapped > 0;
    }

    @Override
    void sync(int from, int part, boolean toCpu) {
      if (toCpu) {
        s.dma.syncSgForCpu(list, spans.size(), direction);
      } else {
        s.dma.syncSgForDevice(list, spans.size(), direction);
      }
    }

    @Override
    void unmap() {
      s.dma.unmapSg(list, spans.size(), direction);
    }

    @Override
    DmaUsage usage() {
      return new DmaUsage(0, spans.size(), 0, length);
    }
  }

  /** {@code allocCoherent}. */
  static final class Coherent extends Live {
    private final DmaCoherent coherent;

    private Coherent(Scratch s, DmaCoherent coherent) {
      super(
          s,
          List.of(new Span(coherent.memory(), 0, Math.toIntExact(coherent.sizeBytes()))),
          DmaDirection.BIDIRECTIONAL);
      this.coherent = coherent;
    }

    /** Null if there is no room. */
    static @Nullable Coherent of(Scratch s, int bytes) {
      DmaCoherent coherent = s.dma.allocCoherent(bytes);
      return coherent == null ? null : new Coherent(s, coherent);
    }

    @Override
    boolean map() {
      runs.add(new Run(coherent.dmaAddress(), length));
      return true;
    }

    @Override
    void sync(int from, int part, boolean toCpu) {
      // Neither side needs it.
    }

    @Override
    void unmap() {
      s.dma.freeCoherent(coherent);
    }

    @Override
    boolean isStreaming() {
      return false;
    }

    @Override
    DmaUsage usage() {
      return new DmaUsage(0, 0, 1, length);
    }
  }

  /** In two steps; or, as users do where that is not offered, each range by itself. */
  static final class TwoStep extends Live {
    private final DmaIova state = new DmaIova();

    TwoStep(Scratch s, List<Span> spans, DmaDirection direction) {
      super(s, spans, direction);
    }

    @Override
    boolean map() {
      Span first = spans.getFirst();
      boolean mapped =
          s.dma.iovaTryAlloc(state, first.memory(), first.offset(), length) ? link() : mapEach();
      if (!mapped) {
        runs.clear();
      }
      return mapped;
    }

    private boolean link() {
      int at = 0;
      for (Span span : spans) {
        if (!s.dma.iovaLink(state, at, span.memory(), span.offset(), span.length(), direction)) {
          s.dma.iovaDestroy(state, at, direction);
          return false;
        }
        runs.add(new Run(state.address() + at, span.length()));
        at += span.length();
      }
      check(s.dma.iovaSync(state, 0, length), "iovaSync of %s failed", this);
      return true;
    }

    private boolean mapEach() {
      List<Run> mapped = new ArrayList<>();
      for (Span span : spans) {
        long address = s.dma.mapSingle(span.memory(), span.offset(), span.length(), direction);
        if (s.dma.mappingError(address)) {
          mapped.forEach(run -> s.dma.unmapSingle(run.address(), run.length(), direction));
          return false;
        }
        mapped.add(new Run(address, span.length()));
      }
      runs.addAll(mapped);
      return true;
    }

    @Override
    void sync(int from, int part, boolean toCpu) {
      int at = 0;
      for (Run run : runs) {
        int first = Math.max(from, at);
        int end = Math.min(from + part, at + run.length());
        if (first < end) {
          syncSingle(this, run.address(), first - at, end - first, toCpu);
        }
        at += run.length();
      }
    }

    @Override
    void unmap() {
      if (state.isInUse()) {
        s.dma.iovaDestroy(state, length, direction);
      } else {
        runs.forEach(run -> s.dma.unmapSingle(run.address(), run.length(), direction));
      }
    }

    @Override
    DmaUsage usage() {
      return new DmaUsage(state.isInUse() ? 1 : runs.size(), 0, 0, length);
    }
  }
}
