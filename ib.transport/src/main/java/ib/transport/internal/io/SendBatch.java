// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A bounded queue of packets to send, in order.
 *
 * <p>A packet is written at {@link #position()} of {@link #memory()} and then added. Either all of
 * it is there, or its payload lies elsewhere in native memory and only what goes before and after
 * it is written, one directly behind the other. A foreign payload must stay as it is until the next
 * {@link DatagramIo#flush()} returned; what that leaves queued has been copied.
 *
 * <p>Neighbours to the same destination form a <em>train</em>, which the system sends as one: all
 * of equal length, only the last shorter, at most 64 packets and less than 64 KiB. The k-th packet
 * of a train, from 0, leaves with IPv4 Identification k where the system cuts the train. {@link
 * #nextIndex} tells k before the packet is added, so that a checksum may cover it.
 *
 * <p>Used by one thread at a time; nothing is allocated after construction.
 */
public final class SendBatch {
  /** What {@link #add} answers when the packet does not fit. */
  public static final int FULL = -1;

  /** Most packets in a train; older kernels take no more. */
  static final int MOST_IN_TRAIN = 64;

  private static final int LAST_NUMBER = 0xFFFF;

  /** Longest train in bytes: the longest UDP payload over IPv4. */
  static final int LONGEST_TRAIN = 65_507;

  private final int capacity;
  private final int maxPacketBytes;
  private final long halfBytes;
  private final MemorySegment memory;

  // One entry for each queued packet.
  private final long[] offsets;
  private final int[] headerLengths;
  private final @Nullable MemorySegment[] payloads;
  private final long[] payloadOffsets;
  private final int[] payloadLengths;
  private final int[] trailerLengths;
  private final int[] lengths;
  private final int[] indexes;
  private final int[] identifications;
  private final @Nullable PeerAddress[] destinations;
  private final boolean numbered;
  private int nextNumber = 1;
  private int queued;
  private int foreign;

  /** Where the next packet is written; the other half takes what a flush leaves over. */
  private long position;

  private boolean inUpperHalf;

  // The train that the last packet is in.
  private int mostInTrain;
  private boolean trainOpen;
  private int trainPacketLength;
  private int trainBytes;

  SendBatch(int capacity, int maxPacketBytes, boolean trains) {
    this(capacity, maxPacketBytes, trains, false);
  }

  /**
   * A batch without trains for who writes IP headers himself: each packet gets an Identification of
   * its own, counting.
   */
  public static SendBatch numbered(int capacity, int maxPacketBytes) {
    return new SendBatch(capacity, maxPacketBytes, false, true);
  }

  private SendBatch(int capacity, int maxPacketBytes, boolean trains, boolean numbered) {
    this.numbered = numbered;
    this.capacity = capacity;
    this.maxPacketBytes = maxPacketBytes;
    this.halfBytes = (long) capacity * maxPacketBytes;
    this.memory = Arena.ofAuto().allocate(2 * halfBytes, 64);
    this.offsets = new long[capacity];
    this.headerLengths = new int[capacity];
    this.payloads = new MemorySegment[capacity];
    this.payloadOffsets = new long[capacity];
    this.payloadLengths = new int[capacity];
    this.trailerLengths = new int[capacity];
    this.lengths = new int[capacity];
    this.indexes = new int[capacity];
    this.identifications = new int[capacity];
    this.destinations = new PeerAddress[capacity];
    this.mostInTrain = trains ? MOST_IN_TRAIN : 1;
  }

  /** The memory that packets are written into; always the same. */
  public MemorySegment memory() {
    return memory;
  }

  /**
   * Where the next packet begins in {@link #memory()}; there is room for the longest one while
   * {@link #hasRoom()}. Changes with each add and each flush.
   */
  public long position() {
    return position;
  }

  /** Whether another packet fits. */
  public boolean hasRoom() {
    return queued < capacity;
  }

  /** Packets that wait. */
  public int queued() {
    return queued;
  }

  /** Most packets that may wait. */
  public int capacity() {
    return capacity;
  }

  /** Longest packet in bytes of UDP payload. */
  public int maxPacketBytes() {
    return maxPacketBytes;
  }

  /**
   * The place in its train, from 0, of a packet that would be added next: 0 begins a new train. It
   * joins the train of the packet before it if that goes to an equal destination, is not longer
   * than the train's first packet, no shorter one came before it, and the train has room.
   */
  public int nextIndex(PeerAddress to, int length) {
    if (!trainOpen
        || length == 0
        || length > trainPacketLength
        || trainBytes + length > LONGEST_TRAIN
        || !to.equals(destinations[queued - 1])) {
      return 0;
    }
    int index = indexes[queued - 1] + 1;
    return index < mostInTrain ? index : 0;
  }

  /** The IPv4 Identification that a packet will leave with if it is added next. */
  public int nextIdentification(PeerAddress to, int length) {
    return numbered ? nextNumber : nextIndex(to, length);
  }

  /** Begins a new train with the next packet. */
  public void endTrain() {
    trainOpen = false;
  }

  /**
   * Adds the packet whose {@code length} bytes are at {@link #position()}.
   *
   * @return its place in its train, as {@link #nextIndex} says, or {@link #FULL}
   * @throws IllegalArgumentException if it is longer than the batch allows
   */
  public int add(PeerAddress to, int length) {
    checkLength(length, length);
    return queued == capacity ? FULL : append(to, length, null, 0, 0, 0);
  }

  /**
   * Adds a packet whose payload lies elsewhere: {@code headerLength} bytes at {@link #position()},
   * then the payload, then {@code trailerLength} bytes that follow the header at {@link
   * #position()} + {@code headerLength}.
   *
   * @param payload native memory; stays alive and unchanged until the next flush returned
   * @return its place in its train, as {@link #nextIndex} says, or {@link #FULL}
   * @throws IllegalArgumentException if the packet is longer than the batch allows, or the payload
   *     is not native
   * @throws IndexOutOfBoundsException if the payload is not inside its memory
   */
  public int add(
      PeerAddress to,
      int headerLength,
      MemorySegment payload,
      long payloadOffset,
      int payloadLength,
      int trailerLength) {
    long length = (long) headerLength + payloadLength + trailerLength;
    checkLength(length, Math.min(headerLength, trailerLength));
    Objects.checkFromIndexSize(payloadOffset, payloadLength, payload.byteSize());
    if (!payload.isNative()) {
      throw new IllegalArgumentException("a payload must be native memory, not " + payload);
    }
    if (queued == capacity) {
      return FULL;
    }
    foreign++;
    return append(to, headerLength, payload, payloadOffset, payloadLength, trailerLength);
  }

  private void checkLength(long length, int leastPart) {
    if (length > maxPacketBytes || leastPart < 0) {
      throw new IllegalArgumentException(
          "packet of " + length + " bytes: must be 0.." + maxPacketBytes);
    }
  }

  private int append(
      PeerAddress to,
      int headerLength,
      @Nullable MemorySegment payload,
      long payloadOffset,
      int payloadLength,
      int trailerLength) {
    int length = headerLength + payloadLength + trailerLength;
    int index = nextIndex(to, length);
    int i = queued++;
    identifications[i] = numbered ? nextNumber : index;
    nextNumber = nextNumber == LAST_NUMBER ? 1 : nextNumber + 1;
    offsets[i] = position;
    headerLengths[i] = headerLength;
    payloads[i] = payload;
    payloadOffsets[i] = payloadOffset;
    payloadLengths[i] = payloadLength;
    trailerLengths[i] = trailerLength;
    lengths[i] = length;
    indexes[i] = index;
    destinations[i] = to;
    position += headerLength + trailerLength;
    if (index == 0) {
      trainPacketLength = length;
      trainBytes = 0;
      trainOpen = length > 0;
    } else {
      trainOpen = length == trainPacketLength;
    }
    trainBytes += length;
    return index;
  }

  // What a socket reads.

  /**
   * Packets from {@code i} on that form one train; 1 for a packet whose train was undone before it.
   */
  int trainFrom(int i) {
    if (indexes[i] != 0) {
      return 1;
    }
    int end = i + 1;
    while (end < queued && indexes[end] != 0) {
      end++;
    }
    return end - i;
  }

  /** Where packet {@code i} goes. */
  public PeerAddress destination(int i) {
    PeerAddress to = destinations[i];
    if (to == null) {
      throw new IndexOutOfBoundsException(i);
    }
    return to;
  }

  /** The length of packet {@code i} in bytes. */
  public int length(int i) {
    return lengths[i];
  }

  /** The IPv4 Identification of packet {@code i}. */
  public int identification(int i) {
    return identifications[i];
  }

  long offset(int i) {
    return offsets[i];
  }

  int headerLength(int i) {
    return headerLengths[i];
  }

  int trailerLength(int i) {
    return trailerLengths[i];
  }

  @Nullable MemorySegment payload(int i) {
    return payloads[i];
  }

  long payloadOffset(int i) {
    return payloadOffsets[i];
  }

  int payloadLength(int i) {
    return payloadLengths[i];
  }

  /** Sends no more trains. */
  void stopTrains() {
    mostInTrain = 1;
    trainOpen = false;
  }

  /**
   * Takes {@code n} packets off the head and moves what is left, with its foreign payloads, into
   * the other half.
   */
  public void remove(int n) {
    int left = queued - n;
    if (left == 0) {
      clear();
    } else if (n > 0 || foreign > 0) {
      compact(n, left);
    }
  }

  /** Forgets all packets. */
  public void clear() {
    forget(0, queued);
    queued = 0;
    foreign = 0;
    trainOpen = false;
    position = inUpperHalf ? halfBytes : 0;
  }

  private void compact(int n, int left) {
    inUpperHalf = !inUpperHalf;
    position = inUpperHalf ? halfBytes : 0;
    for (int i = 0; i < left; i++) {
      long at = position;
      copyTo(at, n + i);
      offsets[i] = at;
      lengths[i] = lengths[n + i];
      headerLengths[i] = lengths[i];
      payloadLengths[i] = 0;
      trailerLengths[i] = 0;
      indexes[i] = indexes[n + i];
      identifications[i] = identifications[n + i];
      destinations[i] = destinations[n + i];
      position += lengths[i];
    }
    Arrays.fill(payloads, 0, queued, null);
    forget(left, queued);
    queued = left;
    foreign = 0;
  }

  /**
   * Copies packet {@code i} as a whole; zeros stand for a payload that was released, so that its
   * checksum can't hold; false then.
   */
  boolean copyTo(long at, int i) {
    return copyTo(memory, at, i);
  }

  /** The same into any memory. */
  public boolean copyTo(MemorySegment target, long at, int i) {
    boolean whole = true;
    long to = at;
    MemorySegment.copy(memory, offsets[i], target, to, headerLengths[i]);
    to += headerLengths[i];
    MemorySegment payload = payloads[i];
    if (payload != null) {
      if (payload.scope().isAlive()) {
        MemorySegment.copy(payload, payloadOffsets[i], target, to, payloadLengths[i]);
      } else {
        target.asSlice(to, payloadLengths[i]).fill((byte) 0);
        whole = false;
      }
      to += payloadLengths[i];
    }
    MemorySegment.copy(memory, offsets[i] + headerLengths[i], target, to, trailerLengths[i]);
    return whole;
  }

  /** The half that holds no queued packet: scratch memory during a flush. */
  long scratch() {
    return inUpperHalf ? 0 : halfBytes;
  }

  private void forget(int from, int to) {
    Arrays.fill(payloads, from, to, null);
    Arrays.fill(destinations, from, to, null);
  }
}
