// SPDX-License-Identifier: Apache-2.0
package ib.transport;

import ib.transport.wire.Feth;
import ib.verbs.FlushLevel;
import ib.verbs.FlushPlacement;
import ib.verbs.SendWr;
import ib.verbs.WrOpcode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A decoded send work queue entry. */
public final class SendWqe extends Wqe {
  private WrOpcode opcode = WrOpcode.SEND;
  private boolean malformed;
  private boolean signaled;
  private boolean solicited;
  private boolean fence;
  private int immediate;
  private long remoteAddress;
  private int rkey;
  private long destHigh;
  private long destLow;
  private int remoteQpn;
  private int remoteQkey;
  private long compareAdd;
  private long swap;
  private int key;
  private int newKey;
  private int regionKey;
  private long localAddress;
  private long localLength;
  private int access;
  private int flushType;
  private int flushBytes;
  private MemorySegment inline = MemorySegment.NULL;
  private int inlineBytes;

  /** Creates an empty entry. */
  public SendWqe() {}

  /**
   * Begins a new entry: no elements, all fields zero.
   *
   * @param cookie comes back with the completion
   * @param op operation
   */
  public void begin(long cookie, WrOpcode op) {
    setCookie(cookie);
    opcode = op;
    malformed = false;
    signaled = false;
    solicited = false;
    fence = false;
    immediate = 0;
    remoteAddress = 0;
    rkey = 0;
    destHigh = 0;
    destLow = 0;
    remoteQpn = 0;
    remoteQkey = 0;
    compareAdd = 0;
    swap = 0;
    key = 0;
    newKey = 0;
    regionKey = 0;
    localAddress = 0;
    localLength = 0;
    access = 0;
    flushType = 0;
    flushBytes = 0;
    inlineBytes = 0;
    clearSges();
  }

  /**
   * Marks the entry as one whose bytes could not be read or make no sense: the engine completes it
   * with LOC_QP_OP_ERR in its turn and puts the queue pair into error.
   */
  public void setMalformed() {
    malformed = true;
  }

  /**
   * Whether the bytes made no sense.
   *
   * @return flag
   */
  public boolean malformed() {
    return malformed;
  }

  /**
   * Operation.
   *
   * @return operation
   */
  public WrOpcode opcode() {
    return opcode;
  }

  /**
   * Sets the flags.
   *
   * @param signal completion on success
   * @param solicit solicited event at the receiver
   * @param fenced wait for earlier READs
   */
  public void setFlags(boolean signal, boolean solicit, boolean fenced) {
    signaled = signal;
    solicited = solicit;
    fence = fenced;
  }

  /**
   * Completion on success.
   *
   * @return flag
   */
  public boolean signaled() {
    return signaled;
  }

  /**
   * Solicited event at the receiver.
   *
   * @return flag
   */
  public boolean solicited() {
    return solicited;
  }

  /**
   * Wait for earlier READs.
   *
   * @return flag
   */
  public boolean fence() {
    return fence;
  }

  /**
   * Immediate data.
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
   */
  public void setImmediate(int value) {
    immediate = value;
  }

  /**
   * Sets the remote memory.
   *
   * @param address address
   * @param key rkey
   */
  public void setRemote(long address, int key) {
    remoteAddress = address;
    rkey = key;
  }

  /**
   * Remote address.
   *
   * @return address
   */
  public long remoteAddress() {
    return remoteAddress;
  }

  /**
   * Remote key.
   *
   * @return rkey
   */
  public int rkey() {
    return rkey;
  }

  /**
   * Sets the destination of a datagram.
   *
   * @param gidHigh upper half of the GID; an IPv4 address a.b.c.d is {@code ::ffff:a.b.c.d}
   * @param gidLow lower half
   * @param qpn 24 bits
   * @param qkey Q_Key
   */
  public void setDatagram(long gidHigh, long gidLow, int qpn, int qkey) {
    destHigh = gidHigh;
    destLow = gidLow;
    remoteQpn = qpn;
    remoteQkey = qkey;
  }

  /**
   * Destination GID, upper half.
   *
   * @return 64 bits
   */
  public long destHigh() {
    return destHigh;
  }

  /**
   * Destination GID, lower half.
   *
   * @return 64 bits
   */
  public long destLow() {
    return destLow;
  }

  /**
   * Destination queue pair of a datagram.
   *
   * @return 24 bits
   */
  public int remoteQpn() {
    return remoteQpn;
  }

  /**
   * Q_Key of a datagram.
   *
   * @return Q_Key
   */
  public int remoteQkey() {
    return remoteQkey;
  }

  /**
   * Sets the operands of an atomic operation.
   *
   * @param compareOrAdd value to compare with, or to add
   * @param swapIn value to swap in
   */
  public void setAtomic(long compareOrAdd, long swapIn) {
    compareAdd = compareOrAdd;
    swap = swapIn;
  }

  /**
   * Value to compare with, or to add.
   *
   * @return 64 bits
   */
  public long compareAdd() {
    return compareAdd;
  }

  /**
   * Value to swap in.
   *
   * @return 64 bits
   */
  public long swap() {
    return swap;
  }

  /**
   * Sets the key to make invalid, at the peer or here.
   *
   * @param rkey key
   */
  public void setInvalidate(int rkey) {
    key = rkey;
  }

  /**
   * Sets what REG_MR makes valid. The pages are known to the device.
   *
   * @param lkey new local key; tells the region, too
   * @param rkey new remote key
   * @param address by which the first byte will be named
   * @param lengthBytes bytes
   * @param rights {@link ib.verbs.AccessFlags}
   */
  public void setRegister(int lkey, int rkey, long address, long lengthBytes, int rights) {
    key = lkey;
    newKey = rkey;
    localAddress = address;
    localLength = lengthBytes;
    access = rights;
  }

  /**
   * Sets what BIND_MW binds.
   *
   * @param oldKey the window's key so far
   * @param rkey its new key
   * @param lkey of the region
   * @param address first byte, in the meaning of the region
   * @param lengthBytes bytes
   * @param rights {@link ib.verbs.AccessFlags}
   */
  public void setBind(int oldKey, int rkey, int lkey, long address, long lengthBytes, int rights) {
    key = oldKey;
    newKey = rkey;
    regionKey = lkey;
    localAddress = address;
    localLength = lengthBytes;
    access = rights;
  }

  /**
   * The key to make invalid; the lkey of REG_MR; a window's key so far.
   *
   * @return key
   */
  public int key() {
    return key;
  }

  /**
   * The rkey of REG_MR or BIND_MW.
   *
   * @return key
   */
  public int newKey() {
    return newKey;
  }

  /**
   * The region of a BIND_MW.
   *
   * @return lkey
   */
  public int regionKey() {
    return regionKey;
  }

  /**
   * First byte of a REG_MR or BIND_MW.
   *
   * @return address in the meaning of the region
   */
  public long localAddress() {
    return localAddress;
  }

  /**
   * Length of a REG_MR or BIND_MW.
   *
   * @return bytes
   */
  public long localLength() {
    return localLength;
  }

  /**
   * Rights of a REG_MR or BIND_MW.
   *
   * @return {@link ib.verbs.AccessFlags}
   */
  public int access() {
    return access;
  }

  /**
   * Sets what a FLUSH asks for.
   *
   * @param placement bits of {@link FlushPlacement}
   * @param level how much it covers
   * @param lengthBytes bytes of the range
   */
  public void setFlush(int placement, FlushLevel level, int lengthBytes) {
    flushType = Feth.of(level == FlushLevel.MR ? Feth.LEVEL_MR : Feth.LEVEL_RANGE, placement);
    flushBytes = lengthBytes;
  }

  /**
   * What a FLUSH asks for, as it is on the wire.
   *
   * @return the low byte of a {@link ib.transport.wire.Feth}
   */
  public int flushType() {
    return flushType;
  }

  /**
   * What a FLUSH covers.
   *
   * @return bytes
   */
  public int flushBytes() {
    return flushBytes;
  }

  /**
   * Copies inline data, which takes the place of the elements.
   *
   * @param from the entry's bytes
   * @param offset first byte of the data
   * @param lengthBytes bytes
   * @return false if there is more than {@link SendWr#MAX_INLINE_BYTES}: the entry is malformed
   */
  public boolean setInline(MemorySegment from, long offset, int lengthBytes) {
    if (!beginInline(lengthBytes)) {
      return false;
    }
    MemorySegment.copy(from, offset, inline, 0, lengthBytes);
    return true;
  }

  /** Room for inline data: made once for each entry of the engine that ever has some. */
  private boolean beginInline(int lengthBytes) {
    if (lengthBytes < 0 || lengthBytes > SendWr.MAX_INLINE_BYTES) {
      return false;
    }
    if (inline.byteSize() == 0) {
      inline = Arena.ofAuto().allocate(SendWr.MAX_INLINE_BYTES, Long.BYTES);
    }
    clearSges();
    inlineBytes = lengthBytes;
    setTotalBytes(lengthBytes);
    return true;
  }

  /**
   * Inline data.
   *
   * @return bytes; 0 if there is none
   */
  public int inlineBytes() {
    return inlineBytes;
  }

  /**
   * Inline data.
   *
   * @return begins with {@link #inlineBytes()} bytes of it
   */
  public MemorySegment inline() {
    return inline;
  }
}
