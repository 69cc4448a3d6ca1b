// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.transport.SendWqe;
import ib.transport.wire.Gids;
import ib.verbs.FlushLevel;
import ib.verbs.SendWr;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** The send queue. */
final class SendRing extends WorkRing {
  private static final int SIGNALED = 1;
  private static final int SOLICITED = 2;
  private static final int FENCE = 4;

  private final WrOpcode[] opcode = new WrOpcode[slots()];
  private final byte[] flags = new byte[slots()];
  private final int[] immediate = new int[slots()];
  private final long[] remoteAddress = new long[slots()];
  private final int[] rkey = new int[slots()];
  private final long[] gidHigh = new long[slots()];
  private final long[] gidLow = new long[slots()];
  private final int[] remoteQpn = new int[slots()];
  private final int[] remoteQkey = new int[slots()];

  // Operands of atomics; first byte and length of local operations.
  private final long[] operandA = new long[slots()];
  private final long[] operandB = new long[slots()];

  // Keys of invalidation and local operations; placement, level and bytes of a FLUSH.
  private final int[] wordA = new int[slots()];
  private final int[] wordB = new int[slots()];
  private final int[] wordC = new int[slots()];
  private final int[] access = new int[slots()];
  private final int maxInlineBytes;
  private final MemorySegment inline;
  private final int[] inlineBytes = new int[slots()];

  /**
   * The last destination and its GID, so that a stream of datagrams to one peer allocates nothing.
   */
  private @Nullable InetAddress lastDestination;

  private long lastHigh;
  private long lastLow;

  SendRing(int limit, int maxSge, int maxInlineBytes) {
    super(limit, maxSge);
    this.maxInlineBytes = maxInlineBytes;
    inline = MemorySegment.ofArray(new byte[slots() * maxInlineBytes]);
  }

  /** Copies a request into a claimed slot. */
  void put(int slot, SendWr wr) {
    put(slot, wr.wrId(), wr.sges());
    opcode[slot] = wr.opcode();
    flags[slot] =
        (byte)
            ((wr.signaled() ? SIGNALED : 0)
                | (wr.solicited() ? SOLICITED : 0)
                | (wr.fence() ? FENCE : 0));
    immediate[slot] = wr.immediate();
    remoteAddress[slot] = wr.remoteAddress();
    rkey[slot] = wr.rkey();
    inlineBytes[slot] = wr.inlineBytes();
    wr.copyInline(inline, (long) slot * maxInlineBytes);
    putOperands(slot, wr);
    InetAddress destination = wr.destination();
    if (destination != null) {
      putDestination(slot, destination, wr);
    }
  }

  private void putOperands(int slot, SendWr wr) {
    switch (wr.opcode()) {
      case ATOMIC_CMP_AND_SWP, ATOMIC_FETCH_AND_ADD -> {
        operandA[slot] = wr.compareAdd();
        operandB[slot] = wr.swap();
      }
      case SEND_WITH_INV, LOCAL_INV -> wordA[slot] = wr.invalidateRkey();
      case FLUSH -> {
        wordA[slot] = wr.flushPlacement();
        wordB[slot] = wr.flushLevel() == FlushLevel.MR ? 1 : 0;
        wordC[slot] = wr.flushBytes();
      }
      default -> {
        // Local operations are put by putRegister and putBind; the others have none.
      }
    }
  }

  /** Adds to a slot what REG_MR makes valid. */
  void putRegister(int slot, IpathMr.FastReg mr, int rights) {
    operandA[slot] = mr.mappedIova();
    operandB[slot] = mr.mappedBytes();
    wordA[slot] = mr.lkey();
    wordB[slot] = mr.rkey();
    access[slot] = rights;
  }

  /** Adds to a slot what BIND_MW binds, and gives the window its new key. */
  void putBind(int slot, IpathMw window, int newKey, SendWr wr, int regionKey) {
    operandA[slot] = wr.bindAddress();
    operandB[slot] = wr.bindLength();
    wordA[slot] = window.rkey();
    wordB[slot] = newKey;
    wordC[slot] = regionKey;
    access[slot] = wr.access();
    window.setKey(newKey);
  }

  private void putDestination(int slot, InetAddress destination, SendWr wr) {
    if (!destination.equals(lastDestination)) {
      lastDestination = destination;
      lastHigh = Gids.high(destination);
      lastLow = Gids.low(destination);
    }
    gidHigh[slot] = lastHigh;
    gidLow[slot] = lastLow;
    remoteQpn[slot] = wr.remoteQpn();
    remoteQkey[slot] = wr.remoteQkey();
  }

  /** Decodes the entry at a position. Agent thread. */
  void load(long position, SendWqe into) {
    int slot = slot(position);
    into.begin(position, opcode[slot]);
    into.setFlags(
        (flags[slot] & SIGNALED) != 0, (flags[slot] & SOLICITED) != 0, (flags[slot] & FENCE) != 0);
    into.setImmediate(immediate[slot]);
    into.setRemote(remoteAddress[slot], rkey[slot]);
    into.setDatagram(gidHigh[slot], gidLow[slot], remoteQpn[slot], remoteQkey[slot]);
    loadOperands(slot, into);
    if (inlineBytes[slot] > 0) {
      into.setInline(inline, (long) slot * maxInlineBytes, inlineBytes[slot]);
    } else {
      super.load(position, into);
    }
  }

  private void loadOperands(int slot, SendWqe into) {
    switch (opcode[slot]) {
      case ATOMIC_CMP_AND_SWP, ATOMIC_FETCH_AND_ADD ->
          into.setAtomic(operandA[slot], operandB[slot]);
      case SEND_WITH_INV, LOCAL_INV -> into.setInvalidate(wordA[slot]);
      case FLUSH ->
          into.setFlush(
              wordA[slot], wordB[slot] == 0 ? FlushLevel.RANGE : FlushLevel.MR, wordC[slot]);
      case REG_MR ->
          into.setRegister(wordA[slot], wordB[slot], operandA[slot], operandB[slot], access[slot]);
      case BIND_MW ->
          into.setBind(
              wordA[slot], wordB[slot], wordC[slot], operandA[slot], operandB[slot], access[slot]);
      default -> {
        // No operands.
      }
    }
  }
}
