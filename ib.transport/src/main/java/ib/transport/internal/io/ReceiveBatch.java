// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Received packets in one piece of native memory, and a cursor over them.
 *
 * <p>Usage: {@code io.receive(batch); while (batch.next()) { ... batch.memory(), batch.offset(),
 * batch.length() ... }}. The memory is overwritten by the next receive. Used by one thread at a
 * time; nothing is allocated after construction.
 */
public final class ReceiveBatch {
  /** Longest UDP datagram, or train of datagrams, that the system hands over. */
  public static final int SLOT_BYTES = 65_536;

  /** {@link #identification} where the socket does not show it. */
  public static final int ID_UNKNOWN = -1;

  /** Slots at a distance of a power of two would fight for the same lines of the cache. */
  static final int SLOT_STRIDE = SLOT_BYTES + 4_096 + 128;

  private static final int USUAL_SLOTS = 16;
  private static final int MOST_SLOTS = 1024;

  private final MemorySegment memory;
  private final int slots;

  // One entry for each slot, written by the socket.
  private final int[] starts;
  private final int[] lengths;
  private final int[] identifications;
  private final int[] segmentSizes;
  private final int[] ports;
  private final long[] highs;
  private final long[] lows;
  private final boolean[] ipv6;
  private final byte[] trafficClasses;

  /**
   * The multicast groups that packets in frames were sent to; all 0 for those to the port itself.
   */
  private final long[] groupHighs;

  private final long[] groupLows;
  private int filled;
  private int packets;

  // The cursor.
  private int slot;
  private int consumed;
  private int index;
  private int offset;
  private int length;

  /** Makes a batch of the usual 16 buffers. */
  public ReceiveBatch() {
    this(USUAL_SLOTS);
  }

  /**
   * Makes a batch of {@code slots} buffers (1..1024), each for one datagram or one train of up to
   * 64 KiB.
   */
  public ReceiveBatch(int slots) {
    if (slots < 1 || slots > MOST_SLOTS) {
      throw new IllegalArgumentException("slots " + slots + ": must be 1.." + MOST_SLOTS);
    }
    this.slots = slots;
    this.memory = Arena.ofAuto().allocate((long) slots * SLOT_STRIDE, 64);
    this.starts = new int[slots];
    this.lengths = new int[slots];
    this.identifications = new int[slots];
    this.segmentSizes = new int[slots];
    this.ports = new int[slots];
    this.highs = new long[slots];
    this.lows = new long[slots];
    this.ipv6 = new boolean[slots];
    this.trafficClasses = new byte[slots];
    this.groupHighs = new long[slots];
    this.groupLows = new long[slots];
    rewind();
  }

  // What a caller reads.

  /** All packets of the last receive. */
  public int packets() {
    return packets;
  }

  /** Moves the cursor before the first packet. */
  public void rewind() {
    slot = -1;
    consumed = 0;
    index = -1;
    offset = 0;
    length = 0;
  }

  /** Moves the cursor to the next packet; false after the last. */
  public boolean next() {
    if (slot >= 0 && slot < filled && consumed < lengths[slot]) {
      index++;
    } else if (!nextSlot()) {
      return false;
    }
    offset = slot * SLOT_STRIDE + starts[slot] + consumed;
    length = Math.min(segmentSizes[slot], lengths[slot] - consumed);
    consumed += length;
    return true;
  }

  private boolean nextSlot() {
    do {
      if (slot < filled) {
        slot++;
      }
      if (slot >= filled) {
        length = 0;
        return false;
      }
    } while (lengths[slot] < 0);
    consumed = 0;
    index = 0;
    return true;
  }

  /** The memory that all packets are in. */
  public MemorySegment memory() {
    return memory;
  }

  /** Where the packet begins in {@link #memory()}. */
  public int offset() {
    return offset;
  }

  /** The packet's length in bytes of UDP payload. */
  public int length() {
    return length;
  }

  /**
   * The packet's place, from 0, in the run it was received in. Where the sender's kernel cut that
   * run, it is its IPv4 Identification.
   */
  public int segmentIndex() {
    return index;
  }

  /** Packets in the run that the packet was received in; 1 if it came alone. */
  public int segmentsInRun() {
    int size = segmentSizes[slot];
    return size == 0 ? 1 : (lengths[slot] + size - 1) / size;
  }

  /** Whether the source address is IPv6. */
  public boolean sourceIsIpv6() {
    return ipv6[slot];
  }

  /** The source's IPv4 address, first byte uppermost. */
  public int sourceV4() {
    return (int) lows[slot];
  }

  /** Bytes 0 to 7 of the source's IPv6 address; 0 for IPv4. */
  public long sourceV6High() {
    return highs[slot];
  }

  /** Bytes 8 to 15 of the source's IPv6 address; the IPv4 address in the low half for IPv4. */
  public long sourceV6Low() {
    return lows[slot];
  }

  /** The source's UDP port. */
  public int sourcePort() {
    return ports[slot];
  }

  /**
   * The packet's TOS or traffic class, 0..255; 0 where the system does not tell. The low two bits
   * are ECN.
   */
  public int trafficClass() {
    return trafficClasses[slot] & 0xFF;
  }

  /** Whether the packet was sent to a multicast group, as far as a link of frames shows it. */
  public boolean isToGroup() {
    return (groupHighs[slot] | groupLows[slot]) != 0;
  }

  /** GID of the group, upper half. */
  public long groupHigh() {
    return groupHighs[slot];
  }

  /** GID of the group, lower half. */
  public long groupLow() {
    return groupLows[slot];
  }

  // What a socket writes.

  int slots() {
    return slots;
  }

  /** The packet's IPv4 Identification, 0..65535, or {@link #ID_UNKNOWN}. */
  public int identification() {
    return identifications[slot];
  }

  // What a link that carries packets in frames does with the packet at the cursor, which came alone
  // in its slot.

  /** Keeps only {@code newLength} bytes from {@code start} on: what a frame carries. */
  public void narrow(int start, int newLength, int identification, int trafficClass) {
    starts[slot] += start;
    lengths[slot] = newLength;
    segmentSizes[slot] = newLength;
    identifications[slot] = identification;
    trafficClasses[slot] = (byte) trafficClass;
  }

  /** Says where the packet at the cursor came from. */
  public void setSource(boolean isIpv6, long high, long low, int port) {
    put(slot, isIpv6, high, low, port);
  }

  /** Says that the packet at the cursor was sent to a multicast group. */
  public void setGroup(long high, long low) {
    groupHighs[slot] = high;
    groupLows[slot] = low;
  }

  /** Forgets the packet at the cursor. */
  public void drop() {
    lengths[slot] = -1;
    packets--;
  }

  /** Whether another slot is free. */
  public boolean hasRoom() {
    return filled < slots;
  }

  /**
   * Copies a packet into the next slot, and moves the cursor there.
   *
   * @throws IndexOutOfBoundsException if no slot is free or the packet is longer than one
   */
  public void append(MemorySegment from, long fromOffset, int newLength) {
    Objects.checkFromIndexSize(0, newLength, SLOT_BYTES);
    MemorySegment.copy(from, fromOffset, memory, slotOffset(filled), newLength);
    put(newLength, 0, 0);
    slot = filled - 1;
    consumed = newLength;
    index = 0;
    offset = slotOffset(slot);
    length = newLength;
  }

  /** Forgets all packets. */
  public void clear() {
    filled = 0;
    packets = 0;
    rewind();
  }

  /** Where slot {@code i} begins in the memory. */
  static int slotOffset(int i) {
    return i * SLOT_STRIDE;
  }

  /**
   * Says what is in the next slot: {@code length} bytes in packets of {@code segmentSize}, the last
   * may be shorter.
   */
  void put(int length, int segmentSize, int trafficClass) {
    int i = filled++;
    starts[i] = 0;
    groupHighs[i] = 0;
    groupLows[i] = 0;
    lengths[i] = length;
    identifications[i] = ID_UNKNOWN;
    int size = segmentSize > 0 && segmentSize < length ? segmentSize : length;
    segmentSizes[i] = size;
    trafficClasses[i] = (byte) trafficClass;
    packets += size == 0 ? 1 : (length + size - 1) / size;
  }

  /** Says where the slot put last came from. */
  void source(boolean isIpv6, long high, long low, int port) {
    put(filled - 1, isIpv6, high, low, port);
  }

  private void put(int i, boolean isIpv6, long high, long low, int port) {
    ipv6[i] = isIpv6;
    highs[i] = high;
    lows[i] = low;
    ports[i] = port;
  }

  /** The next slot holds nothing of use. */
  void skip() {
    lengths[filled++] = -1;
  }
}
