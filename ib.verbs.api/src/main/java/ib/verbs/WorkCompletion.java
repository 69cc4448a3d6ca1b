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
  private boolean hasImmediate;
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
    hasImmediate = false;
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
    hasImmediate = true;
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
   * Bytes received (a datagram: including the 40 bytes of the GRH area), or moved by a READ.
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
    return hasImmediate;
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
