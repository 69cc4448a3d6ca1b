// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal.scsi;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** The bytes behind a logical unit. Reads, writes and close by one thread at a time. */
public interface Backing extends AutoCloseable {
  /**
   * Size.
   *
   * @return bytes, a multiple of the block size
   */
  long sizeBytes();

  /**
   * What it is, for operators.
   *
   * @return e.g. {@code file /data/lun0.img}
   */
  String description();

  /**
   * Reads.
   *
   * @param position first byte, within the size
   * @param into native segment
   * @param offset first byte in the segment
   * @param lengthBytes bytes
   * @throws IOException if the medium fails
   */
  void read(long position, MemorySegment into, long offset, long lengthBytes) throws IOException;

  /**
   * Writes.
   *
   * @param position first byte, within the size
   * @param from native segment
   * @param offset first byte in the segment
   * @param lengthBytes bytes
   * @throws IOException if the medium fails
   */
  void write(long position, MemorySegment from, long offset, long lengthBytes) throws IOException;

  /**
   * Whether what is written outlives the host once it was flushed.
   *
   * @return false if {@link #flush} does nothing
   */
  boolean isDurable();

  /**
   * Makes everything written durable. May run beside reads and writes of another thread, and may
   * take long.
   *
   * @throws IOException if the medium fails
   */
  void flush() throws IOException;

  @Override
  void close() throws IOException;
}
