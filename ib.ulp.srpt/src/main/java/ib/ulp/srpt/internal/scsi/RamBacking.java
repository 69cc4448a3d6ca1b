// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal.scsi;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A logical unit in memory; its contents go with it. */
public final class RamBacking implements Backing {
  private final MemorySegment bytes;

  /**
   * Allocates zeroed memory.
   *
   * @param sizeBytes size
   */
  public RamBacking(long sizeBytes) {
    // Collected with the last reader: closing a shared arena would stop every thread of the host
    // for a moment.
    bytes = Arena.ofAuto().allocate(sizeBytes, 4096);
  }

  @Override
  public long sizeBytes() {
    return bytes.byteSize();
  }

  @Override
  public String description() {
    return "ram";
  }

  @Override
  public void read(long position, MemorySegment into, long offset, long lengthBytes) {
    MemorySegment.copy(bytes, position, into, offset, lengthBytes);
  }

  @Override
  public void write(long position, MemorySegment from, long offset, long lengthBytes) {
    MemorySegment.copy(from, offset, bytes, position, lengthBytes);
  }

  @Override
  public boolean isDurable() {
    return false;
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}
}
