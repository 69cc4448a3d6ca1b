// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.verbs.WcFlags;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import org.jspecify.annotations.Nullable;

/** Entries of a completion queue: the agent adds, one thread at a time polls. */
final class CqRing {
  private final int mask;
  private final IpathQp[] qp;
  private final long[] wrId;
  private final WcStatus[] status;
  private final WcOpcode[] opcode;
  private final int[] bytes;
  private final int[] immediate;
  private final int[] srcQpn;
  private final byte[] flags;
  private volatile long head;
  private volatile long tail;

  /** Where entries go on; set once, after the last entry was added here. */
  private volatile @Nullable CqRing next;

  /** Whose entries count too, until they are polled. */
  private volatile @Nullable CqRing previous;

  /** Makes an empty ring of a power of two. */
  CqRing(int capacity) {
    mask = capacity - 1;
    qp = new IpathQp[capacity];
    wrId = new long[capacity];
    status = new WcStatus[capacity];
    opcode = new WcOpcode[capacity];
    bytes = new int[capacity];
    immediate = new int[capacity];
    srcQpn = new int[capacity];
    flags = new byte[capacity];
  }

  int capacity() {
    return mask + 1;
  }

  // The agent.

  /** Entries that were not polled, those of the ring before included. */
  int waiting() {
    CqRing before = previous;
    return (int) (tail - head) + (before == null ? 0 : (int) (before.tail - before.head));
  }

  /** Whether the ring before this one is not polled to its end. */
  boolean hasPrevious() {
    return previous != null;
  }

  void continueIn(CqRing wanted) {
    wanted.previous = this;
    next = wanted;
  }

  /** False if there is no room. */
  boolean add(
      IpathQp of,
      long id,
      WcStatus st,
      WcOpcode op,
      int lengthBytes,
      int wcFlags,
      int imm,
      int source) {
    if (waiting() > mask) {
      return false;
    }
    long at = tail;
    int i = (int) at & mask;
    qp[i] = of;
    wrId[i] = id;
    status[i] = st;
    opcode[i] = op;
    bytes[i] = lengthBytes;
    flags[i] = (byte) wcFlags;
    immediate[i] = imm;
    srcQpn[i] = source;
    tail = at + 1;
    return true;
  }

  // The poller.

  @Nullable CqRing next() {
    return next;
  }

  void previousIsEmpty() {
    previous = null;
  }

  /** Fills from index {@code n} on; gives the index after the last that was filled. */
  int poll(WorkCompletion[] completions, int n) {
    long at = head;
    long end = tail;
    int filled = n;
    while (at != end && filled < completions.length) {
      int i = (int) at++ & mask;
      // What a queue pair left behind when it was closed is nobody's any more.
      if (!qp[i].isClosed()) {
        fill(completions[filled++], i);
      }
    }
    head = at;
    return filled;
  }

  private void fill(WorkCompletion wc, int i) {
    wc.set(wrId[i], status[i], opcode[i], qp[i].qpn(), bytes[i]).setSrcQpn(srcQpn[i]);
    if (flags[i] == WcFlags.WITH_IMM) {
      wc.setImmediate(immediate[i]);
    } else if (flags[i] == WcFlags.WITH_INV) {
      wc.setInvalidatedRkey(immediate[i]);
    }
  }
}
