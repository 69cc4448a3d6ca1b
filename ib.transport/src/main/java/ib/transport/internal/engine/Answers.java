// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.wire.Opcode;
import ib.transport.wire.Psn;

/**
 * What a responder has still to answer with more than an acknowledgement, in the order of PSNs, and
 * how far the first is: READs, whose memory is read when a packet is sent, not before; atomics,
 * with their values; ATOMIC WRITE and FLUSH, whose answer is an empty READ response.
 */
final class Answers {
  /** Room for all the responder resources and some replays of earlier requests. */
  private static final int SIZE = 512;

  private static final int MASK = SIZE - 1;
  private static final int MOST_REPLAYS = 128;

  /** ATOMIC WRITE and FLUSH that wait: peers need not count them as READs. */
  private static final int MOST_SHORT = 256;

  private final int[] psn = new int[SIZE];

  /** Of a READ, or the value of an atomic. */
  private final long[] address = new long[SIZE];

  private final int[] key = new int[SIZE];

  /** {@link Opcode#READ_REQUEST}, or the opcode of an answer of one packet. */
  private final int[] opcode = new int[SIZE];

  private final int[] bytes = new int[SIZE];
  private final int[] mtu = new int[SIZE];
  private final int[] packets = new int[SIZE];
  private final int[] sent = new int[SIZE];
  private final boolean[] replay = new boolean[SIZE];
  private int first;
  private int next;
  private int replays;
  private int limit;

  void start(int maxReads) {
    clear();
    limit = maxReads;
  }

  /** Changes how many READs may wait; those that do stay. */
  void limit(int maxReads) {
    limit = maxReads;
  }

  void clear() {
    first = next;
    replays = 0;
  }

  boolean isEmpty() {
    return first == next;
  }

  /** Whether one more READ or atomic may wait. */
  boolean admits() {
    return next - first - replays < limit;
  }

  /** Whether one more ATOMIC WRITE or FLUSH may wait. */
  boolean admitsShort() {
    return limit > 0 && next - first - replays < MOST_SHORT;
  }

  /** Adds an answer of one packet; the value is only of an atomic. */
  void addShort(int atPsn, int answer, long value) {
    put(next & MASK, atPsn, value, 0, 0, 1, false);
    opcode[next & MASK] = answer;
    next++;
  }

  /** Adds an answer of one packet that was given before, at its place by PSN. */
  void replayShort(int atPsn, int answer, long value) {
    if (replays < MOST_REPLAYS) {
      int place = makePlace(atPsn);
      put(place, atPsn, value, 0, 0, 1, true);
      opcode[place] = answer;
    }
  }

  void add(int readPsn, long va, int rkey, int length, int mtuBytes) {
    put(next & MASK, readPsn, va, rkey, length, mtuBytes, false);
    next++;
  }

  /** Adds a READ that was answered before, at its place by PSN. */
  void addReplay(int readPsn, long va, int rkey, int length, int mtuBytes) {
    if (replays < MOST_REPLAYS) {
      put(makePlace(readPsn), readPsn, va, rkey, length, mtuBytes, true);
    }
  }

  private int makePlace(int readPsn) {
    first--;
    replays++;
    int place = first;
    while (place + 1 != next && Psn.isBefore(psn[(place + 1) & MASK], readPsn)) {
      move((place + 1) & MASK, place & MASK);
      place++;
    }
    return place & MASK;
  }

  private void move(int from, int to) {
    psn[to] = psn[from];
    address[to] = address[from];
    key[to] = key[from];
    opcode[to] = opcode[from];
    bytes[to] = bytes[from];
    mtu[to] = mtu[from];
    packets[to] = packets[from];
    sent[to] = sent[from];
    replay[to] = replay[from];
  }

  private void put(
      int i, int readPsn, long va, int rkey, int length, int mtuBytes, boolean isReplay) {
    mtu[i] = mtuBytes;
    opcode[i] = Opcode.READ_REQUEST;
    psn[i] = readPsn;
    address[i] = va;
    key[i] = rkey;
    bytes[i] = length;
    packets[i] = Psn.packets(length, mtuBytes);
    sent[i] = 0;
    replay[i] = isReplay;
  }

  /** If a PSN belongs to a request that waits or is being answered, answers it again from there. */
  boolean rewindTo(int wanted) {
    for (int n = first; n != next; n++) {
      int i = n & MASK;
      int packet = Psn.diff(wanted, psn[i]);
      if (packet >= 0 && packet < packets[i]) {
        sent[i] = Math.min(sent[i], packet);
        return true;
      }
    }
    return false;
  }

  /** Whether the last that waits begins at a PSN. */
  boolean endsWith(int atPsn) {
    return first != next && psn[(next - 1) & MASK] == atPsn;
  }

  boolean isReplay() {
    return replay[first & MASK];
  }

  boolean isRead() {
    return opcode[first & MASK] == Opcode.READ_REQUEST;
  }

  /** Of an answer of one packet. */
  int opcode() {
    return opcode[first & MASK];
  }

  /** Of an atomic: what was there. */
  long value() {
    return address[first & MASK];
  }

  boolean isFirstPacket() {
    return sent[first & MASK] == 0;
  }

  boolean isLastPacket() {
    int i = first & MASK;
    return sent[i] == packets[i] - 1;
  }

  int key() {
    return key[first & MASK];
  }

  int packetPsn() {
    int i = first & MASK;
    return Psn.add(psn[i], sent[i]);
  }

  long packetAddress() {
    int i = first & MASK;
    return address[i] + (long) sent[i] * mtu[i];
  }

  int packetBytes() {
    int i = first & MASK;
    return (int) Math.min(mtu[i], bytes[i] - (long) sent[i] * mtu[i]);
  }

  void packetSent() {
    int i = first & MASK;
    sent[i]++;
    if (sent[i] == packets[i]) {
      drop();
    }
  }

  /** Removes the first. */
  void drop() {
    if (replay[first & MASK]) {
      replays--;
    }
    first++;
  }
}
