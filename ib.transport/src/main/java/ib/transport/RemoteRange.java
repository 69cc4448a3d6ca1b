// SPDX-License-Identifier: Apache-2.0
package ib.transport;

/** What a remote key opens; an out-parameter, reused. Not thread-safe. */
public final class RemoteRange {
  private long address;
  private long lengthBytes;

  /** Creates an empty range. */
  public RemoteRange() {}

  /**
   * Sets the range.
   *
   * @param first address of the first byte, in the meaning of the region
   * @param bytes its length; 0 for all memory
   */
  public void set(long first, long bytes) {
    address = first;
    lengthBytes = bytes;
  }

  /**
   * First byte.
   *
   * @return address in the meaning of the region
   */
  public long address() {
    return address;
  }

  /**
   * Length.
   *
   * @return bytes; 0 for all memory
   */
  public long lengthBytes() {
    return lengthBytes;
  }
}
