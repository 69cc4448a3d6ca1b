// SPDX-License-Identifier: Apache-2.0
package ib.transport;

import ib.verbs.WrOpcode;

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
}
