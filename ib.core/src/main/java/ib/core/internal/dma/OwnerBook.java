// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What the ops keep in the slot of a device object: the address space, and who maps into it. The
 * pieces themselves name their book; nothing is counted while mapping.
 */
final class OwnerBook {
  private final DmaDomain domain;
  private final String owner;

  /** A mapper that rests: usually one thread at a time maps lists for an owner. */
  private final AtomicReference<@Nullable SgMapper> spareMapper = new AtomicReference<>();

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

  /** Takes the mapper that rests; null if another thread has it, or there was none yet. */
  @Nullable SgMapper takeMapper() {
    return spareMapper.getAndSet(null);
  }

  void giveMapper(SgMapper mapper) {
    spareMapper.set(mapper);
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
