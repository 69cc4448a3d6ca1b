// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import static ib.dma.tck.Scratch.checkBytes;
import static ib.dma.tck.Scratch.cpuReads;
import static ib.dma.tck.Scratch.cpuWrites;

import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A mapping of the random sequence, as the model sees it: bytes that lie in one or more pieces of
 * memory and, cut in other places perhaps, at one or more runs of addresses.
 */
abstract class Live {
  /** A piece of memory. */
  record Span(DmaMemory memory, int offset, int length) {
    boolean overlaps(Span other) {
      return memory.equals(other.memory)
          && offset < other.offset + other.length
          && other.offset < offset + length;
    }
  }

  /** A run of addresses. */
  record Run(long address, int length) {
    boolean overlaps(Run other) {
      return address < other.address + other.length && other.address < address + length;
    }
  }

  final Scratch s;
  final List<Span> spans;
  final DmaDirection direction;
  final List<Run> runs = new ArrayList<>();
  final int length;

  Live(Scratch s, List<Span> spans, DmaDirection direction) {
    this.s = s;
    this.spans = spans;
    this.direction = direction;
    this.length = spans.stream().mapToInt(Span::length).sum();
  }

  /** Maps; false if there is no room. */
  abstract boolean map();

  /** Gives the CPU, or the device, at least this part. */
  abstract void sync(int from, int part, boolean toCpu);

  abstract void unmap();

  /** What the books say of it. */
  abstract DmaUsage usage();

  /** Coherent memory is seen by both at any time, and until it is freed. */
  boolean isStreaming() {
    return true;
  }

  boolean overlaps(Live other) {
    return spans.stream().anyMatch(span -> other.spans.stream().anyMatch(span::overlaps));
  }

  boolean meets(Live other) {
    return runs.stream().anyMatch(run -> other.runs.stream().anyMatch(run::overlaps));
  }

  void cpuWritesAll(byte[] bytes) {
    cpu(0, bytes, true);
  }

  /** Moves bytes between the CPU's memory and an array. */
  private void cpu(int from, byte[] bytes, boolean write) {
    int at = 0;
    for (Span span : spans) {
      int first = Math.max(from, at);
      int end = Math.min(from + bytes.length, at + span.length);
      if (first < end) {
        long where = (long) span.offset + first - at;
        if (write) {
          cpuWrites(span.memory, where, Arrays.copyOfRange(bytes, first - from, end - from));
        } else {
          byte[] read = cpuReads(span.memory, where, end - first);
          System.arraycopy(read, 0, bytes, first - from, read.length);
        }
      }
      at += span.length;
    }
  }

  /** Moves bytes between the device and an array. */
  private void device(int from, byte[] bytes, boolean write) {
    int at = 0;
    for (Run run : runs) {
      int first = Math.max(from, at);
      int end = Math.min(from + bytes.length, at + run.length);
      if (first < end) {
        long where = run.address + first - at;
        if (write) {
          s.deviceWrites(where, Arrays.copyOfRange(bytes, first - from, end - from));
        } else {
          byte[] read = s.deviceReads(where, end - first);
          System.arraycopy(read, 0, bytes, first - from, read.length);
        }
      }
      at += run.length;
    }
  }

  void cpuToDevice(int from, byte[] bytes, String when) {
    sync(0, length, true);
    cpu(from, bytes, true);
    sync(from, bytes.length, false);
    byte[] seen = new byte[bytes.length];
    device(from, seen, false);
    checkBytes(seen, bytes, when + ", device reads " + this);
  }

  void deviceToCpu(int from, byte[] bytes, String when) {
    device(from, bytes, true);
    sync(from, bytes.length, true);
    checkCpu(from, bytes, when);
    if (direction.deviceMayRead()) {
      sync(0, length, false);
    }
  }

  void deviceWritesAndUnmaps(int from, byte[] bytes, String when) {
    device(from, bytes, true);
    if (isStreaming()) {
      unmap();
      checkCpu(from, bytes, when);
    } else {
      checkCpu(from, bytes, when);
      unmap();
    }
  }

  private void checkCpu(int from, byte[] bytes, String when) {
    byte[] seen = new byte[bytes.length];
    cpu(from, seen, false);
    checkBytes(seen, bytes, when + ", CPU reads " + this);
  }

  @Override
  public String toString() {
    return getClass().getSimpleName() + spans + " " + direction + " at " + runs;
  }
}
