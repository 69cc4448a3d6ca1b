// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import java.lang.invoke.VarHandle;

/**
 * What the ops keep in the slot of a device object: the address space, and who maps into it. The
 * pieces themselves name their book; nothing is counted while mapping.
 */
final class OwnerBook {
  private final DmaDomain domain;
  private final String owner;

  private volatile boolean closed;

  OwnerBook(DmaDomain domain, String owner) {
    this.domain = domain;
    this.owner = owner;
  }

  DmaDomain domain() {
    return domain;
  }

  String owner() {
    return owner;
  }

  /** True once this owner or the whole address space is detached. */
  boolean isClosed() {
    return closed || domain.isDetached();
  }

  void close() {
    closed = true;
    // Before the pieces are looked at: a map publishes its piece and then looks at the flag, so
    // that one of both sides sees the other.
    VarHandle.fullFence();
  }
}
