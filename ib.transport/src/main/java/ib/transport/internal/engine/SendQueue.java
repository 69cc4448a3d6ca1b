// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.QpBackend;
import ib.transport.SendWqe;
import ib.transport.wire.Psn;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import org.jspecify.annotations.Nullable;

/**
 * The send entries that a requester has taken and not completed, with their PSNs, and a cursor on
 * the one that is sent next. Indices run freely; PSNs are given out when an entry is taken, which
 * is when all before it were sent.
 */
final class SendQueue {
  private final SendWqe[] entries;
  private final int[] startPsn;
  private final int[] packets;
  private final @Nullable WcStatus[] failures;

  /** Local operations that are done, and wait for those before them. */
  private final boolean[] executed;

  private final int mask;

  private int oldest;
  private int cursor;
  private int end;
  private int nextPsn;

  SendQueue(int size) {
    entries = new SendWqe[size];
    for (int i = 0; i < size; i++) {
      entries[i] = new SendWqe();
    }
    startPsn = new int[size];
    packets = new int[size];
    failures = new WcStatus[size];
    executed = new boolean[size];
    mask = size - 1;
  }

  void start(int psn) {
    clear();
    nextPsn = psn;
  }

  void clear() {
    oldest = 0;
    cursor = 0;
    end = 0;
  }

  boolean isEmpty() {
    return oldest == end;
  }

  boolean isFull() {
    return end - oldest > mask;
  }

  /** Takes the next entry from the device; false if it has none. */
  boolean pull(QpBackend backend, int mtu, int maxReads) {
    int i = end & mask;
    SendWqe wqe = entries[i];
    if (!backend.nextSend(wqe)) {
      return false;
    }
    WcStatus failure = unsendable(wqe, maxReads);
    failures[i] = failure;
    startPsn[i] = nextPsn;
    packets[i] = failure == null ? packets(wqe, mtu) : 0;
    executed[i] = false;
    nextPsn = Psn.add(nextPsn, packets[i]);
    end++;
    return true;
  }

  private static int packets(SendWqe wqe, int mtu) {
    WrOpcode opcode = wqe.opcode();
    return opcode.isLocal() ? 0 : opcode == WrOpcode.FLUSH ? 1 : Psn.packets(wqe.totalBytes(), mtu);
  }

  private static @Nullable WcStatus unsendable(SendWqe wqe, int maxReads) {
    WrOpcode opcode = wqe.opcode();
    if (wqe.malformed() || (opcode.isAnswered() && maxReads == 0)) {
      return WcStatus.LOC_QP_OP_ERR;
    }
    boolean eightBytes = opcode.isAtomic() || opcode == WrOpcode.ATOMIC_WRITE;
    return wqe.totalBytes() > RcQp.MAX_MESSAGE_BYTES
            || (eightBytes && wqe.totalBytes() != Long.BYTES)
        ? WcStatus.LOC_LEN_ERR
        : null;
  }

  // The cursor.

  /** Whether the cursor is past the last entry. */
  boolean allSent() {
    return cursor == end;
  }

  SendWqe current() {
    return entries[cursor & mask];
  }

  boolean currentIsExecuted() {
    return executed[cursor & mask];
  }

  void setExecuted() {
    executed[cursor & mask] = true;
  }

  boolean currentIsOldest() {
    return cursor == oldest;
  }

  /** Why the entry at the cursor can't be sent, or null. */
  @Nullable WcStatus failure() {
    return failures[cursor & mask];
  }

  void setFailure(WcStatus status) {
    failures[cursor & mask] = status;
  }

  /** Packets, and so PSNs, of the entry at the cursor. */
  int packets() {
    return packets[cursor & mask];
  }

  /** Which packet of the entry at the cursor a PSN is, from 0. */
  int packetOf(int psn) {
    return (psn - startPsn[cursor & mask]) & Psn.MASK;
  }

  void nextEntry() {
    cursor++;
  }

  void rewind() {
    cursor = oldest;
  }

  /** Whether something before the cursor waits for its answer; only asked for fenced entries. */
  boolean isAnswerMissingBeforeCurrent() {
    for (int i = oldest; i != cursor; i++) {
      if (entries[i & mask].opcode().isAnswered()) {
        return true;
      }
    }
    return false;
  }

  // The oldest.

  /** Whether there is an oldest entry that has PSNs. */
  boolean hasSent() {
    return oldest != end && packets[oldest & mask] != 0;
  }

  SendWqe oldest() {
    return entries[oldest & mask];
  }

  boolean oldestIsAnswered() {
    return oldest().opcode().isAnswered();
  }

  /** The PSN after the last of the oldest entry. */
  int oldestEndPsn() {
    int i = oldest & mask;
    return Psn.add(startPsn[i], packets[i]);
  }

  int oldestPacketOf(int psn) {
    return (psn - startPsn[oldest & mask]) & Psn.MASK;
  }

  /** Completes the oldest entry, and local operations after it that are done already. */
  void completeOldest(QpBackend backend) {
    complete(backend);
    completeExecuted(backend);
  }

  /** Completes local operations that are done and have nothing before them. */
  void completeExecuted(QpBackend backend) {
    while (oldest != end && executed[oldest & mask]) {
      complete(backend);
    }
  }

  private void complete(QpBackend backend) {
    SendWqe wqe = oldest();
    complete(backend, wqe, WcStatus.SUCCESS, (int) wqe.totalBytes());
  }

  void failOldest(QpBackend backend, WcStatus status) {
    complete(backend, oldest(), status, 0);
  }

  private void complete(QpBackend backend, SendWqe wqe, WcStatus status, int bytes) {
    oldest++;
    if (cursor - oldest < 0) {
      cursor = oldest;
    }
    backend.completeSend(wqe.cookie(), wqe.signaled(), status, wqe.opcode().wcOpcode(), bytes);
  }
}
