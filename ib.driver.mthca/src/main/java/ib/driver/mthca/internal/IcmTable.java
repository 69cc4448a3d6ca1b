// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.dma.DmaCoherent;
import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.Command;
import ib.driver.mthca.internal.prm.MapEntries;
import ib.transport.hca.HcaCommands;
import ib.verbs.RdmaException;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * A table of the hardware in host memory: memory is mapped into the chip's address space in chunks,
 * when the first entry of a chunk is used. Thread-safe; entries are their owners'.
 */
final class IcmTable {
  /** Bytes of a chunk. */
  static final int CHUNK_BYTES = 1 << 16;

  private static final int CHUNK_PAGES = CHUNK_BYTES / MapEntries.PAGE;

  private final HcaCommands commands;
  private final Hcr hcr;
  private final Mailboxes mailboxes;
  private final HostBuffers buffers;
  private final long base;
  private final int entryBytes;
  private final int entriesPerChunk;
  private final AtomicReferenceArray<@Nullable DmaCoherent> chunks;

  /**
   * Creates a table without memory.
   *
   * @param base its address in the context memory
   * @param entryBytes size of an entry, a power of two
   * @param entries how many
   */
  IcmTable(
      HcaCommands commands,
      Hcr hcr,
      Mailboxes mailboxes,
      HostBuffers buffers,
      long base,
      int entryBytes,
      int entries) {
    this.commands = commands;
    this.hcr = hcr;
    this.mailboxes = mailboxes;
    this.buffers = buffers;
    this.base = base;
    this.entryBytes = entryBytes;
    entriesPerChunk = CHUNK_BYTES / entryBytes;
    chunks = new AtomicReferenceArray<>((entries + entriesPerChunk - 1) / entriesPerChunk);
  }

  /** Bytes of address space that a table takes. */
  static long spaceFor(int entryBytes, int entries) {
    return ((long) entryBytes * entries + CHUNK_BYTES - 1) & -CHUNK_BYTES;
  }

  long base() {
    return base;
  }

  /** Makes sure that a range of entries has memory. */
  void require(int first, int count) throws RdmaException {
    for (int chunk = first / entriesPerChunk;
        chunk <= (first + count - 1) / entriesPerChunk;
        chunk++) {
      if (chunks.get(chunk) == null) {
        map(chunk);
      }
    }
  }

  private void map(int chunk) throws RdmaException {
    DmaCoherent memory = buffers.allocate(CHUNK_BYTES);
    try (Mailboxes.Box box = mailboxes.take()) {
      Be.put64(box.segment(), 0, base + (long) chunk * CHUNK_BYTES);
      Be.put64(box.segment(), 8, memory.dmaAddress() | Be.log2(CHUNK_PAGES));
      boolean mapped =
          commands.call("mapping context memory", () -> mapOnce(chunk, memory, box.address()));
      if (!mapped) {
        buffers.free(memory);
      }
    }
  }

  /** Another thread may have been faster; the agent knows. */
  private boolean mapOnce(int chunk, DmaCoherent memory, long mailbox) throws RdmaException {
    if (chunks.get(chunk) != null) {
      return false;
    }
    hcr.issue(Command.MAP_ICM, mailbox, 1, 0);
    chunks.set(chunk, memory);
    return true;
  }

  /** Takes all chunks back from the hardware. Agent thread. */
  void unmapAll() throws RdmaException {
    for (int chunk = 0; chunk < chunks.length(); chunk++) {
      if (chunks.get(chunk) != null) {
        hcr.issue(Command.UNMAP_ICM, base + (long) chunk * CHUNK_BYTES, CHUNK_PAGES, 0);
        chunks.set(chunk, null);
      }
    }
  }

  /** The memory that holds an entry. */
  MemorySegment segment(int index) {
    return Objects.requireNonNull(chunks.get(index / entriesPerChunk)).memory().segment();
  }

  /** Where in {@link #segment} an entry is. */
  int offset(int index) {
    return (index % entriesPerChunk) * entryBytes;
  }
}
