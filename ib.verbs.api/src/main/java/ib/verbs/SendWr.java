// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** A send work request, reusable ({@code struct ibv_send_wr}). Not thread-safe. */
public final class SendWr {
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
   * Whether this waits for all READs before it.
   *
   * @return flag
   */
  public boolean fence() {
    return fence;
  }

  /**
   * Sets whether this waits for all READs before it.
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
}
