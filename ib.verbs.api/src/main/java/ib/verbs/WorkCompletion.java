// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/**
 * A completion, reusable ({@code struct ibv_wc}). Fields beyond wrId, status, qpn are valid only on
 * success. Not thread-safe.
 */
public final class WorkCompletion {
  private long wrId;
  private WcStatus status = WcStatus.SUCCESS;
  private WcOpcode opcode = WcOpcode.SEND;
  private int byteLength;
  private int immediate;
  private int flags;
  private int qpn;
  private int srcQpn;

  /** Creates an empty completion. */
  public WorkCompletion() {}

  /**
   * An array of completions for {@link CompletionQueue#poll}.
   *
   * @param n size
   * @return filled with objects
   */
  public static WorkCompletion[] array(int n) {
    WorkCompletion[] all = new WorkCompletion[n];
    for (int i = 0; i < n; i++) {
      all[i] = new WorkCompletion();
    }
    return all;
  }

  /**
   * Fills it; for drivers.
   *
   * @param id cookie of the request
   * @param st status
   * @param op opcode
   * @param qp local QPN
   * @param bytes bytes received, or moved by a READ
   * @return this
   */
  public WorkCompletion set(long id, WcStatus st, WcOpcode op, int qp, int bytes) {
    wrId = id;
    status = st;
    opcode = op;
    qpn = qp;
    byteLength = bytes;
    flags = 0;
    immediate = 0;
    srcQpn = 0;
    return this;
  }

  /**
   * Adds immediate data; for drivers.
   *
   * @param value 32 bits
   * @return this
   */
  public WorkCompletion setImmediate(int value) {
    immediate = value;
    flags = WcFlags.WITH_IMM;
    return this;
  }

  /**
   * Adds the key that the sender made invalid; for drivers.
   *
   * @param key an rkey of ours
   * @return this
   */
  public WorkCompletion setInvalidatedRkey(int key) {
    immediate = key;
    flags = WcFlags.WITH_INV;
    return this;
  }

  /**
   * Adds the sender of a datagram; for drivers.
   *
   * @param qp its QPN
   * @return this
   */
  public WorkCompletion setSrcQpn(int qp) {
    srcQpn = qp;
    return this;
  }

  /**
   * Cookie of the request.
   *
   * @return as posted
   */
  public long wrId() {
    return wrId;
  }

  /**
   * Status.
   *
   * @return SUCCESS or the reason
   */
  public WcStatus status() {
    return status;
  }

  /**
   * What completed.
   *
   * @return opcode
   */
  public WcOpcode opcode() {
    return opcode;
  }

  /**
   * Bytes received (a datagram: including the 40 bytes of the GRH area), or moved by a READ; 8 for
   * an atomic operation, whose old value is in the request's element, in the host's byte order.
   *
   * @return bytes
   */
  public int byteLength() {
    return byteLength;
  }

  /**
   * Immediate data.
   *
   * @return valid if {@link #hasImmediate()}
   */
  public int immediate() {
    return immediate;
  }

  /**
   * Whether there is immediate data.
   *
   * @return flag
   */
  public boolean hasImmediate() {
    return flags == WcFlags.WITH_IMM;
  }

  /**
   * Flags ({@code wc_flags}).
   *
   * @return bits of {@link WcFlags}
   */
  public int flags() {
    return flags;
  }

  /**
   * The key that a SEND with invalidate made invalid ({@code invalidated_rkey}).
   *
   * @return an rkey of ours, valid if {@link #flags()} has {@link WcFlags#WITH_INV}
   */
  public int invalidatedRkey() {
    return immediate;
  }

  /**
   * Local queue pair.
   *
   * @return QPN
   */
  public int qpn() {
    return qpn;
  }

  /**
   * Sender of a datagram.
   *
   * @return QPN
   */
  public int srcQpn() {
    return srcQpn;
  }
}
