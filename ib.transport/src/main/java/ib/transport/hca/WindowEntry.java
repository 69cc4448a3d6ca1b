// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import ib.verbs.MwType;
import org.jspecify.annotations.Nullable;

/** A memory window in the tables of a device. Agent thread only. */
public final class WindowEntry {
  final Object pd;
  final MwType type;
  int key;
  @Nullable Region region;
  @Nullable Object qp;
  long address;
  long lengthBytes;
  int access;

  /**
   * Creates a window, not bound and without a key.
   *
   * @param pd protection domain
   * @param type how it is bound
   */
  public WindowEntry(Object pd, MwType type) {
    this.pd = pd;
    this.type = type;
  }

  /**
   * Present key.
   *
   * @return rkey
   */
  public int key() {
    return key;
  }

  boolean isBound() {
    return region != null;
  }

  void unbind() {
    if (region != null) {
      region.countWindow(-1);
      region = null;
      qp = null;
    }
  }

  void bind(Region to, Object ofQp, long first, long bytes, int rights) {
    region = to;
    qp = ofQp;
    address = first;
    lengthBytes = bytes;
    access = rights;
    to.countWindow(1);
  }

  /** Without overflow, as the peer chooses the range. */
  boolean contains(long first, long bytes) {
    long offset = first - address;
    return offset >= 0 && offset <= lengthBytes && bytes <= lengthBytes - offset;
  }
}
