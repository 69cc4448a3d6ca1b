// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import java.lang.foreign.MemorySegment;

/**
 * Where a DMA address leads: a run of bytes in a native segment. A reusable out-parameter of {@link
 * DmaBus#resolve}, so that the data path allocates nothing. Not thread-safe; belongs to the thread
 * that resolves. Valid until the next unmap of what it shows.
 */
public final class BusWindow {
  private MemorySegment segment = MemorySegment.NULL;
  private long offset;
  private long length;

  /** Creates an empty window. */
  public BusWindow() {}

  /**
   * Sets the window; called by bus implementations.
   *
   * @param segment native segment that holds the bytes
   * @param offset first byte within the segment
   * @param length bytes that can be reached in one run, at least 1
   */
  public void set(MemorySegment segment, long offset, long length) {
    this.segment = segment;
    this.offset = offset;
    this.length = length;
  }

  /**
   * The segment holding the bytes.
   *
   * @return a native segment, not sliced
   */
  public MemorySegment segment() {
    return segment;
  }

  /**
   * First byte of the run within {@link #segment()}.
   *
   * @return offset in bytes
   */
  public long offset() {
    return offset;
  }

  /**
   * Length of the run; may be shorter than asked, never longer.
   *
   * @return bytes
   */
  public long length() {
    return length;
  }
}
