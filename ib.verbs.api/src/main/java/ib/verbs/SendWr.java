// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** A send work request, reusable ({@code struct ibv_send_wr}). Not thread-safe. */
public final class SendWr {
  /** Most inline data that any device takes. */
  public static final int MAX_INLINE_BYTES = 512;

  private static final byte[] NO_BYTES = {};

  private final SgeList sges = new SgeList();
  private long wrId;
  private WrOpcode opcode = WrOpcode.SEND;
  private boolean signaled;
  private boolean solicited;
  private boolean fence;
  private int immediate;
  private long remoteAddress;
  private int rkey;
  private @Nullable InetAddress destination;
  private int remoteQpn;
  private int remoteQkey;
  private long compareAdd;
  private long swap;
  private int invalidateRkey;
  private int flushBytes;
  private int flushPlacement;
  private FlushLevel flushLevel = FlushLevel.RANGE;
  private @Nullable FastRegMr fastRegMr;
  private @Nullable MemoryWindow window;
  private @Nullable MemoryRegion region;
  private long bindAddress;
  private long bindLength;
  private int access;
  private byte[] inlineData = NO_BYTES;
  private int inlineBytes = -1;

  /** Creates an empty request. */
  public SendWr() {}

  /**
   * Begins a new request: no elements, signalled, no flags.
   *
   * @param id cookie, comes back in the completion
   * @param op operation
   * @return this
   */
  public SendWr reset(long id, WrOpcode op) {
    wrId = id;
    opcode = op;
    signaled = true;
    solicited = false;
    fence = false;
    immediate = 0;
    remoteAddress = 0;
    rkey = 0;
    destination = null;
    remoteQpn = 0;
    remoteQkey = 0;
    compareAdd = 0;
    swap = 0;
    invalidateRkey = 0;
    flushBytes = 0;
    flushPlacement = 0;
    flushLevel = FlushLevel.RANGE;
    fastRegMr = null;
    window = null;
    region = null;
    bindAddress = 0;
    bindLength = 0;
    access = 0;
    inlineBytes = -1;
    sges.clear();
    return this;
  }

  /**
   * The elements.
   *
   * @return to be filled
   */
  public SgeList sges() {
    return sges;
  }

  /**
   * The caller's cookie.
   *
   * @return comes back in the completion
   */
  public long wrId() {
    return wrId;
  }

  /**
   * The operation.
   *
   * @return operation
   */
  public WrOpcode opcode() {
    return opcode;
  }

  /**
   * Whether success gives a completion (failure always does).
   *
   * @return flag
   */
  public boolean signaled() {
    return signaled;
  }

  /**
   * Sets whether success gives a completion.
   *
   * @param value flag
   * @return this
   */
  public SendWr signaled(boolean value) {
    signaled = value;
    return this;
  }

  /**
   * Whether the receiver's completion is a solicited event.
   *
   * @return flag
   */
  public boolean solicited() {
    return solicited;
  }

  /**
   * Sets whether the receiver's completion is a solicited event.
   *
   * @param value flag
   * @return this
   */
  public SendWr solicited(boolean value) {
    solicited = value;
    return this;
  }

  /**
   * Whether this waits for all READs, atomics and FLUSHes before it.
   *
   * @return flag
   */
  public boolean fence() {
    return fence;
  }

  /**
   * Sets whether this waits for all READs, atomics and FLUSHes before it.
   *
   * @param value flag
   * @return this
   */
  public SendWr fence(boolean value) {
    fence = value;
    return this;
  }

  /**
   * Immediate data of a {@code _WITH_IMM} operation.
   *
   * @return 32 bits
   */
  public int immediate() {
    return immediate;
  }

  /**
   * Sets the immediate data.
   *
   * @param value 32 bits
   * @return this
   */
  public SendWr immediate(int value) {
    immediate = value;
    return this;
  }

  /**
   * Address of an RDMA operation at the peer.
   *
   * @return address in the meaning of the rkey's region
   */
  public long remoteAddress() {
    return remoteAddress;
  }

  /**
   * Key of an RDMA operation at the peer.
   *
   * @return rkey
   */
  public int rkey() {
    return rkey;
  }

  /**
   * Sets the remote memory of an RDMA operation.
   *
   * @param address address in the meaning of the rkey's region
   * @param key rkey
   * @return this
   */
  public SendWr remote(long address, int key) {
    remoteAddress = address;
    rkey = key;
    return this;
  }

  /**
   * Destination of a datagram.
   *
   * @return null unless set
   */
  public @Nullable InetAddress destination() {
    return destination;
  }

  /**
   * Queue pair of a datagram.
   *
   * @return 24 bits
   */
  public int remoteQpn() {
    return remoteQpn;
  }

  /**
   * Q_Key of a datagram; with its top bit set the queue pair's own is sent.
   *
   * @return Q_Key
   */
  public int remoteQkey() {
    return remoteQkey;
  }

  /**
   * Sets where a datagram goes.
   *
   * @param address IP address
   * @param qpn queue pair
   * @param qkey Q_Key
   * @return this
   */
  public SendWr datagram(InetAddress address, int qpn, int qkey) {
    destination = address;
    remoteQpn = qpn;
    remoteQkey = qkey;
    return this;
  }

  /**
   * What a compare-and-swap compares with, or a fetch-and-add adds ({@code compare_add}).
   *
   * @return 64 bits
   */
  public long compareAdd() {
    return compareAdd;
  }

  /**
   * What a compare-and-swap swaps in.
   *
   * @return 64 bits
   */
  public long swap() {
    return swap;
  }

  /**
   * Sets the operands of a compare-and-swap. The one element, of 8 bytes, gets what was there.
   *
   * @param compare value to compare with
   * @param swapIn value that replaces it
   * @return this
   */
  public SendWr compareSwap(long compare, long swapIn) {
    compareAdd = compare;
    swap = swapIn;
    return this;
  }

  /**
   * Sets the operand of a fetch-and-add. The one element, of 8 bytes, gets what was there.
   *
   * @param value is added, modulo 2<sup>64</sup>
   * @return this
   */
  public SendWr fetchAdd(long value) {
    compareAdd = value;
    return this;
  }

  /**
   * The key that LOCAL_INV makes invalid here, SEND_WITH_INV at the peer ({@code invalidate_rkey}).
   *
   * @return rkey
   */
  public int invalidateRkey() {
    return invalidateRkey;
  }

  /**
   * Sets the key to make invalid.
   *
   * @param key rkey of a region for fast registration or of a window of type 2
   * @return this
   */
  public SendWr invalidate(int key) {
    invalidateRkey = key;
    return this;
  }

  /**
   * Sets what a FLUSH covers and asks for; where, says {@link #remote}.
   *
   * @param lengthBytes bytes, 0 or more; without meaning for {@link FlushLevel#MR}
   * @param placement bits of {@link FlushPlacement}, at least one
   * @param level the range or the whole region
   * @return this
   */
  public SendWr flush(int lengthBytes, int placement, FlushLevel level) {
    flushBytes = lengthBytes;
    flushPlacement = placement;
    flushLevel = level;
    return this;
  }

  /**
   * Bytes that a FLUSH covers.
   *
   * @return bytes
   */
  public int flushBytes() {
    return flushBytes;
  }

  /**
   * What a FLUSH asks for.
   *
   * @return bits of {@link FlushPlacement}
   */
  public int flushPlacement() {
    return flushPlacement;
  }

  /**
   * How much a FLUSH covers.
   *
   * @return level
   */
  public FlushLevel flushLevel() {
    return flushLevel;
  }

  /**
   * Sets what REG_MR makes valid.
   *
   * @param mr a region that was prepared by {@link FastRegMr#map}
   * @param rights {@link AccessFlags}
   * @return this
   */
  public SendWr registerMr(FastRegMr mr, int rights) {
    fastRegMr = mr;
    access = rights;
    return this;
  }

  /**
   * What REG_MR makes valid.
   *
   * @return null unless set
   */
  public @Nullable FastRegMr fastRegMr() {
    return fastRegMr;
  }

  /**
   * Sets what is bound to where.
   *
   * @param mw the window
   * @param mr a region of the same protection domain with {@link AccessFlags#MW_BIND}
   * @param address first byte, in the meaning of the region
   * @param lengthBytes bytes; 0 unbinds a window of type 1
   * @param rights REMOTE_READ, REMOTE_WRITE, REMOTE_ATOMIC of {@link AccessFlags}
   * @return this
   */
  public SendWr bindMw(
      MemoryWindow mw, MemoryRegion mr, long address, long lengthBytes, int rights) {
    window = mw;
    region = mr;
    bindAddress = address;
    bindLength = lengthBytes;
    access = rights;
    return this;
  }

  /**
   * The window to bind.
   *
   * @return null unless set
   */
  public @Nullable MemoryWindow window() {
    return window;
  }

  /**
   * The region that a window is bound to.
   *
   * @return null unless set
   */
  public @Nullable MemoryRegion region() {
    return region;
  }

  /**
   * First byte of a bind.
   *
   * @return address in the meaning of the region
   */
  public long bindAddress() {
    return bindAddress;
  }

  /**
   * Length of a bind.
   *
   * @return bytes
   */
  public long bindLength() {
    return bindLength;
  }

  /**
   * Rights of a bind or a registration.
   *
   * @return bits of {@link AccessFlags}
   */
  public int access() {
    return access;
  }

  /**
   * Sends these bytes in place of the elements' ({@code IBV_SEND_INLINE}). They are copied now,
   * from memory that need be neither mapped nor registered, and may be changed at once.
   *
   * @param from any segment
   * @param offset first byte
   * @param lengthBytes 0 to {@link #MAX_INLINE_BYTES}; the queue pair may take fewer
   * @return this
   * @throws IllegalArgumentException if there are more
   */
  public SendWr inline(MemorySegment from, long offset, int lengthBytes) {
    if (lengthBytes < 0 || lengthBytes > MAX_INLINE_BYTES) {
      throw new IllegalArgumentException(
          lengthBytes + " bytes of inline data: give 0 to " + MAX_INLINE_BYTES);
    }
    if (inlineData.length == 0) {
      inlineData = new byte[MAX_INLINE_BYTES];
    }
    MemorySegment.copy(from, ValueLayout.JAVA_BYTE, offset, inlineData, 0, lengthBytes);
    inlineBytes = lengthBytes;
    return this;
  }

  /**
   * Whether the data is inline.
   *
   * @return true after {@link #inline}
   */
  public boolean isInline() {
    return inlineBytes >= 0;
  }

  /**
   * Inline data.
   *
   * @return bytes, 0 if there is none
   */
  public int inlineBytes() {
    return Math.max(0, inlineBytes);
  }

  /**
   * Copies the inline data; for drivers.
   *
   * @param to where to
   * @param offset first byte
   */
  public void copyInline(MemorySegment to, long offset) {
    MemorySegment.copy(inlineData, 0, to, ValueLayout.JAVA_BYTE, offset, inlineBytes());
  }
}
