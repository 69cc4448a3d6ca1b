// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.Db;
import ib.driver.mthca.internal.prm.Wqe;
import ib.transport.wire.Feth;
import ib.transport.wire.Gids;
import ib.verbs.FlushLevel;
import ib.verbs.RdmaException;
import ib.verbs.SendWr;
import ib.verbs.WcOpcode;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The send queue. */
final class SendQueue extends WorkQueue {
  private final MthcaTables tables;
  private final boolean datagrams;
  private final int maxInlineBytes;
  private final DbRecord done;
  private final boolean[] signaled;
  private final WcOpcode[] opcodes;

  /** Position of the oldest entry that may not be overwritten. By the posting thread. */
  private int oldest;

  /** The last destination and its GID, so that datagrams to one peer allocate nothing. */
  private @Nullable InetAddress lastDestination;

  private long lastHigh;
  private long lastLow;

  SendQueue(
      String label,
      int limit,
      int maxSge,
      int maxInlineBytes,
      boolean datagrams,
      MthcaTables tables)
      throws RdmaException {
    super(
        label,
        limit,
        Wqe.NEXT_BYTES + (datagrams ? Wqe.UD_BYTES : Wqe.RADDR_BYTES),
        maxSge,
        maxInlineBytes,
        tables);
    this.tables = tables;
    this.datagrams = datagrams;
    this.maxInlineBytes = maxInlineBytes;
    signaled = new boolean[entries()];
    opcodes = new WcOpcode[entries()];
    try {
      done = tables.takeRecord();
    } catch (RdmaException | RuntimeException e) {
      super.free(tables);
      throw e;
    }
  }

  int maxInlineBytes() {
    return maxInlineBytes;
  }

  DbRecord doneRecord() {
    return done;
  }

  void assign(int qpn) {
    record.assign(qpn, Db.SQ);
    done.assign(qpn, Db.SQ_DONE);
  }

  /** Writes an entry and its doorbell record; false if the queue is full. */
  boolean post(SendWr wr) {
    if (isFull(oldest) && isFull(advance())) {
      return false;
    }
    int position = posted;
    int offset = offset(position);
    MemorySegment segment = buffer.segment(offset);
    int at = QueueBuffer.within(offset);
    // No next entry yet.
    Be.put32(segment, at + Wqe.NDA_OP, 0);
    Be.put32(segment, at + Wqe.EE_NDS, 0);
    int flags = (wr.signaled() ? Wqe.CQ_UPDATE : 0) | (wr.solicited() ? Wqe.SOLICIT : 0);
    Be.put32(segment, at + Wqe.FLAGS, flags);
    boolean invalidates =
        wr.opcode() == WrOpcode.SEND_WITH_INV || wr.opcode() == WrOpcode.LOCAL_INV;
    Be.put32(segment, at + Wqe.IMMEDIATE, invalidates ? wr.invalidateRkey() : wr.immediate());
    int data = putAddressing(segment, at + Wqe.NEXT_BYTES, wr);
    int end = wr.isInline() ? putInline(segment, at, data, wr) : putData(segment, data, wr.sges());
    link(position, offset, wr, (end - at) / Wqe.UNIT);
    int slot = position & mask;
    remember(position, wr.wrId());
    signaled[slot] = wr.signaled();
    opcodes[slot] = wr.opcode().wcOpcode();
    posted = position + 1;
    record.publish(posted);
    return true;
  }

  /** Sizes are in units: what follows the data in the last one is nothing. */
  private static int putInline(MemorySegment segment, int begin, int at, SendWr wr) {
    Be.put32(segment, at, Wqe.INLINE | wr.inlineBytes());
    wr.copyInline(segment, at + Wqe.INLINE_HEAD_BYTES);
    int bytes = at + Wqe.INLINE_HEAD_BYTES + wr.inlineBytes() - begin;
    return begin + (bytes + Wqe.UNIT - 1) / Wqe.UNIT * Wqe.UNIT;
  }

  private int putAddressing(MemorySegment segment, int at, SendWr wr) {
    if (datagrams) {
      putDestination(segment, at, wr);
      return at + Wqe.UD_BYTES;
    }
    if (wr.opcode().isRdma()) {
      Be.put64(segment, at, wr.remoteAddress());
      Be.put32(segment, at + Wqe.RADDR_KEY, wr.rkey());
      return putOperands(segment, at + Wqe.RADDR_BYTES, wr);
    }
    return wr.opcode().isLocal() ? putLocal(segment, at, wr) : at;
  }

  private static int putOperands(MemorySegment segment, int at, SendWr wr) {
    if (wr.opcode().isAtomic()) {
      boolean swaps = wr.opcode() == WrOpcode.ATOMIC_CMP_AND_SWP;
      Be.put64(segment, at, swaps ? wr.swap() : wr.compareAdd());
      Be.put64(segment, at + Wqe.ATOMIC_COMPARE, swaps ? wr.compareAdd() : 0);
      return at + Wqe.ATOMIC_BYTES;
    }
    if (wr.opcode() == WrOpcode.FLUSH) {
      int level = wr.flushLevel() == FlushLevel.MR ? Feth.LEVEL_MR : Feth.LEVEL_RANGE;
      Be.put32(segment, at, Feth.of(level, wr.flushPlacement()));
      Be.put32(segment, at + Wqe.FLUSH_LENGTH, wr.flushBytes());
      Be.put64(segment, at + Wqe.FLUSH_LENGTH + 4, 0);
      return at + Wqe.FLUSH_BYTES;
    }
    return at;
  }

  private int putLocal(MemorySegment segment, int at, SendWr wr) {
    if (wr.fastRegMr() instanceof MthcaFastReg mr) {
      Be.put32(segment, at + Wqe.KEY_OLD, mr.lkey());
      Be.put32(segment, at + Wqe.KEY_NEW, mr.rkey());
      Be.put32(segment, at + Wqe.KEY_REGION, 0);
      Be.put64(segment, at + Wqe.KEY_ADDRESS, mr.mappedIova());
      Be.put64(segment, at + Wqe.KEY_LENGTH, mr.mappedBytes());
    } else if (wr.window() instanceof MthcaMw mw && wr.region() instanceof MthcaMr mr) {
      int newKey = tables.nextKey(mw.rkey());
      Be.put32(segment, at + Wqe.KEY_OLD, mw.rkey());
      Be.put32(segment, at + Wqe.KEY_NEW, newKey);
      Be.put32(segment, at + Wqe.KEY_REGION, mr.lkey());
      Be.put64(segment, at + Wqe.KEY_ADDRESS, wr.bindAddress());
      Be.put64(segment, at + Wqe.KEY_LENGTH, wr.bindLength());
      mw.setKey(newKey);
    } else {
      // An invalidation has all it needs in its next segment.
      return at;
    }
    Be.put32(segment, at, wr.access());
    return at + Wqe.KEY_BYTES;
  }

  private void putDestination(MemorySegment segment, int at, SendWr wr) {
    InetAddress destination = Objects.requireNonNull(wr.destination());
    if (!destination.equals(lastDestination)) {
      lastDestination = destination;
      lastHigh = Gids.high(destination);
      lastLow = Gids.low(destination);
    }
    Be.put64(segment, at + Wqe.UD_GID, lastHigh);
    Be.put64(segment, at + Wqe.UD_GID + 8, lastLow);
    Be.put32(segment, at + Wqe.UD_QPN, wr.remoteQpn());
    Be.put32(segment, at + Wqe.UD_QKEY, wr.remoteQkey());
  }

  /** Operation and size of an entry go into the one before it. */
  private void link(int position, int offset, SendWr wr, int units) {
    int before = offset(position - 1);
    MemorySegment segment = buffer.segment(before);
    int at = QueueBuffer.within(before);
    Be.put32(segment, at + Wqe.NDA_OP, offset | Wqe.code(wr.opcode()));
    Be.put32(segment, at + Wqe.EE_NDS, Wqe.NEXT_DBD | (wr.fence() ? Wqe.NEXT_FENCE : 0) | units);
  }

  /**
   * Looks which entries are free: those whose completions were polled, and after them unsignalled
   * ones that the hardware has done. A signalled one stays until it is polled, as its cookie is
   * wanted then.
   */
  private int advance() {
    int polledTo = polled();
    if (polledTo - oldest > 0) {
      oldest = polledTo;
    }
    int doneTo = done.read();
    while (doneTo - oldest > 0 && posted != oldest && !signaled[oldest & mask]) {
      oldest++;
    }
    return oldest;
  }

  @Override
  WcOpcode opcode(int slot) {
    return opcodes[slot];
  }

  @Override
  void reset(int life) {
    super.reset(life);
    oldest = 0;
    done.publish(0);
  }

  @Override
  void free(MthcaTables tables) {
    super.free(tables);
    if (gate.awaitEmpty()) {
      tables.giveRecord(done);
    }
  }
}
