// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.wire.Psn;

/**
 * The READs that a responder has still to answer, in the order of their PSNs, and how far the first
 * is. The memory is read when a packet is sent, not before.
 */
final class ReadResponses {
  /** Room for all the responder resources and some replays of earlier READs. */
  private static final int SIZE = 512;

  private static final int MASK = SIZE - 1;
  private static final int MOST_REPLAYS = 128;

  private final int[] psn = new int[SIZE];
  private final long[] address = new long[SIZE];
  private final int[] key = new int[SIZE];
  private final int[] bytes = new int[SIZE];
  private final int[] packets = new int[SIZE];
  private final int[] sent = new int[SIZE];
  private final boolean[] replay = new boolean[SIZE];
  private int first;
  private int next;
  private int replays;
  private int limit;
  private int mtu;

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

  /** Whether one more READ may wait. */
  boolean admits() {
    return next - first - replays < limit;
  }

  void add(int readPsn, long va, int rkey, int length, int mtuBytes) {
    put(next & MASK, readPsn, va, rkey, length, mtuBytes, false);
    next++;
  }

  /** Adds a READ that was answered before, at its place by PSN. */
  void addReplay(int readPsn, long va, int rkey, int length, int mtuBytes) {
    if (replays == MOST_REPLAYS) {
      return;
    }
    first--;
    replays++;
    int place = first;
    while (place + 1 != next && Psn.isBefore(psn[(place + 1) & MASK], readPsn)) {
      move((place + 1) & MASK, place & MASK);
      place++;
    }
    put(place & MASK, readPsn, va, rkey, length, mtuBytes, true);
  }

  private void move(int from, int to) {
    psn[to] = psn[from];
    address[to] = address[from];
    key[to] = key[from];
    bytes[to] = bytes[from];
    packets[to] = packets[from];
    sent[to] = sent[from];
    replay[to] = replay[from];
  }

  private void put(
      int i, int readPsn, long va, int rkey, int length, int mtuBytes, boolean isReplay) {
    mtu = mtuBytes;
    psn[i] = readPsn;
    address[i] = va;
    key[i] = rkey;
    bytes[i] = length;
    packets[i] = Psn.packets(length, mtuBytes);
    sent[i] = 0;
    replay[i] = isReplay;
  }

  /** If a PSN belongs to a READ that waits or is being answered, answers it again from there. */
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

  boolean isReplay() {
    return replay[first & MASK];
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
    return address[i] + (long) sent[i] * mtu;
  }

  int packetBytes() {
    int i = first & MASK;
    return (int) Math.min(mtu, bytes[i] - (long) sent[i] * mtu);
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
