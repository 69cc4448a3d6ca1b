// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal.scsi;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** The bytes behind a logical unit. One thread at a time. */
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
   * Makes everything written durable.
   *
   * @throws IOException if the medium fails
   */
  void flush() throws IOException;

  @Override
  void close() throws IOException;
}
