// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import org.jspecify.annotations.Nullable;

/**
 * A mapping in two steps: addresses that are reserved first, and ranges of memory that are linked
 * to them afterwards (Linux {@code struct dma_iova_state}). Made by the user, filled in by the ops,
 * and kept until it is freed; reusable then. Not thread-safe.
 *
 * <p>Where {@link IbDma#iovaTryAlloc} is false the state stays unused, and the user maps each range
 * by itself; {@link #isInUse()} tells the two ways apart when it is time to undo.
 */
public final class DmaIova {
  private boolean inUse;
  private long address;
  private long sizeBytes;
  private @Nullable Object opsData;

  /** Creates a state that is not in use. */
  public DmaIova() {}

  /**
   * Whether addresses are reserved.
   *
   * @return false before {@code iovaTryAlloc}, if it failed, and after {@code iovaFree}
   */
  public boolean isInUse() {
    return inUse;
  }

  /**
   * First address; the byte at an offset has this plus the offset.
   *
   * @return DMA address; meaningless if not in use
   */
  public long address() {
    return address;
  }

  /**
   * How much is reserved.
   *
   * @return bytes
   */
  public long sizeBytes() {
    return sizeBytes;
  }

  /**
   * The ops' own data, which outlives a use so that the next needs no new object; for ops.
   *
   * @return what the ops stored last
   */
  public @Nullable Object opsData() {
    return opsData;
  }

  /**
   * Begins a use; for ops.
   *
   * @param first DMA address
   * @param bytes reserved bytes
   * @param data the ops' own data
   */
  public void begin(long first, long bytes, Object data) {
    inUse = true;
    address = first;
    sizeBytes = bytes;
    opsData = data;
  }

  /** Ends a use; for ops. */
  public void end() {
    inUse = false;
  }

  @Override
  public String toString() {
    return inUse ? "DmaIova[0x%x, %d bytes]".formatted(address, sizeBytes) : "DmaIova[not in use]";
  }
}
