// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A list of memory ranges, and after {@link IbDmaOps#mapSg} the DMA addresses it has for a device
 * (Linux {@code struct scatterlist}).
 *
 * <p>The mapped list may be shorter than the list of ranges: walk the first {@code n} entries that
 * {@code mapSg} returned, and only through {@link IbDmaOps#dmaAddress} and {@link IbDmaOps#dmaLen}.
 * Reusable and growable; not thread-safe; not to be changed while mapped.
 */
public final class ScatterList {
  private @Nullable DmaMemory[] memory;
  private long[] offset;
  private long[] length;
  private long[] dmaAddress;
  private long[] dmaLength;
  private int entries;
  private int mappedEntries;

  /**
   * Creates an empty list.
   *
   * @param capacity entries it holds before it must grow, at least 1
   */
  public ScatterList(int capacity) {
    int n = Math.max(1, capacity);
    memory = new DmaMemory[n];
    offset = new long[n];
    length = new long[n];
    dmaAddress = new long[n];
    dmaLength = new long[n];
  }

  /**
   * Appends a range.
   *
   * @param mem the memory
   * @param offsetBytes first byte
   * @param lengthBytes at least 1
   * @return this
   * @throws IndexOutOfBoundsException if the range leaves the memory
   * @throws IllegalArgumentException if the length is not positive
   * @throws IllegalStateException while mapped
   */
  public ScatterList add(DmaMemory mem, long offsetBytes, long lengthBytes) {
    requireUnmapped();
    if (lengthBytes <= 0) {
      throw new IllegalArgumentException(
          "length " + lengthBytes + " of a scatter list entry; give 1 or more");
    }
    Objects.checkFromIndexSize(offsetBytes, lengthBytes, mem.size());
    if (entries == offset.length) {
      grow();
    }
    memory[entries] = mem;
    offset[entries] = offsetBytes;
    length[entries] = lengthBytes;
    entries++;
    return this;
  }

  /**
   * Empties the list.
   *
   * @throws IllegalStateException while mapped
   */
  public void clear() {
    requireUnmapped();
    Arrays.fill(memory, 0, entries, null);
    entries = 0;
  }

  /**
   * Number of ranges, the {@code nents} of map and unmap.
   *
   * @return count
   */
  public int entries() {
    return entries;
  }

  /**
   * Sum of the lengths of all ranges.
   *
   * @return bytes
   */
  public long totalBytes() {
    long sum = 0;
    for (int i = 0; i < entries; i++) {
      sum += length[i];
    }
    return sum;
  }

  /**
   * Memory of a range.
   *
   * @param i index below {@link #entries()}
   * @return the memory
   */
  public DmaMemory memory(int i) {
    Objects.checkIndex(i, entries);
    return Objects.requireNonNull(memory[i]);
  }

  /**
   * First byte of a range.
   *
   * @param i index below {@link #entries()}
   * @return offset in bytes
   */
  public long offset(int i) {
    Objects.checkIndex(i, entries);
    return offset[i];
  }

  /**
   * Length of a range.
   *
   * @param i index below {@link #entries()}
   * @return bytes
   */
  public long length(int i) {
    Objects.checkIndex(i, entries);
    return length[i];
  }

  /**
   * Entries that the device sees; 0 when not mapped.
   *
   * @return the result of {@code mapSg}
   */
  public int mappedEntries() {
    return mappedEntries;
  }

  /**
   * Stores a mapped entry; for ops.
   *
   * @param i index of the mapped entry
   * @param address DMA address
   * @param lengthBytes bytes
   */
  public void setMapped(int i, long address, long lengthBytes) {
    Objects.checkIndex(i, entries);
    dmaAddress[i] = address;
    dmaLength[i] = lengthBytes;
  }

  /**
   * Stores the number of mapped entries; for ops. 0 marks the list as not mapped.
   *
   * @param n count
   */
  public void setMappedEntries(int n) {
    Objects.checkIndex(n, entries + 1);
    mappedEntries = n;
  }

  /**
   * Raw DMA address of a mapped entry; ULPs use {@link IbDma#dmaAddress}.
   *
   * @param i index below {@link #mappedEntries()}
   * @return address
   */
  public long rawDmaAddress(int i) {
    Objects.checkIndex(i, entries);
    return dmaAddress[i];
  }

  /**
   * Raw length of a mapped entry; ULPs use {@link IbDma#dmaLen}.
   *
   * @param i index below {@link #mappedEntries()}
   * @return bytes
   */
  public long rawDmaLength(int i) {
    Objects.checkIndex(i, entries);
    return dmaLength[i];
  }

  private void requireUnmapped() {
    if (mappedEntries != 0) {
      throw new IllegalStateException("the scatter list is mapped; unmap it before changing it");
    }
  }

  private void grow() {
    int n = offset.length * 2;
    memory = Arrays.copyOf(memory, n);
    offset = Arrays.copyOf(offset, n);
    length = Arrays.copyOf(length, n);
    dmaAddress = Arrays.copyOf(dmaAddress, n);
    dmaLength = Arrays.copyOf(dmaLength, n);
  }
}
