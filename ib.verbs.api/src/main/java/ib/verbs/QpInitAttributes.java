// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import org.jspecify.annotations.Nullable;

/**
 * How to make a queue pair ({@code struct ibv_qp_init_attr}).
 *
 * @param type RC, UC or UD
 * @param sendCq completions of sends
 * @param recvCq completions of receives; may be the same
 * @param maxSendWr outstanding send requests, at least 1
 * @param maxRecvWr outstanding receives, at least 1
 * @param maxSendSge scatter-gather elements of a send, at least 1
 * @param maxRecvSge scatter-gather elements of a receive, at least 1
 * @param srq receives are taken from this one; the sizes of the receive queue are ignored then.
 *     Null for a receive queue of its own
 * @param maxInlineData inline data of a send request in bytes, 0 or more
 */
public record QpInitAttributes(
    QpType type,
    CompletionQueue sendCq,
    CompletionQueue recvCq,
    int maxSendWr,
    int maxRecvWr,
    int maxSendSge,
    int maxRecvSge,
    @Nullable SharedReceiveQueue srq,
    int maxInlineData) {
  /** Refuses sizes below 1, and inline data below 0. */
  public QpInitAttributes {
    if (maxInlineData < 0) {
      throw new IllegalArgumentException(
          "maxInlineData " + maxInlineData + ": must be 0 (none) or more");
    }
    if (maxSendWr < 1 || maxRecvWr < 1 || maxSendSge < 1 || maxRecvSge < 1) {
      throw new IllegalArgumentException(
          "queue pair sizes must be 1 or more: send "
              + maxSendWr
              + "x"
              + maxSendSge
              + ", receive "
              + maxRecvWr
              + "x"
              + maxRecvSge);
    }
  }

  /** A queue pair with a receive queue of its own; parameters as of the record. */
  public QpInitAttributes(
      QpType type,
      CompletionQueue sendCq,
      CompletionQueue recvCq,
      int maxSendWr,
      int maxRecvWr,
      int maxSendSge,
      int maxRecvSge) {
    this(type, sendCq, recvCq, maxSendWr, maxRecvWr, maxSendSge, maxRecvSge, null, 0);
  }

  /**
   * The same queue pair with a shared receive queue.
   *
   * @param queue of the same device
   * @return new attributes
   */
  public QpInitAttributes withSrq(SharedReceiveQueue queue) {
    return new QpInitAttributes(
        type, sendCq, recvCq, maxSendWr, maxRecvWr, maxSendSge, maxRecvSge, queue, maxInlineData);
  }

  /**
   * The same queue pair with inline data.
   *
   * @param bytes most inline data of a send request
   * @return new attributes
   */
  public QpInitAttributes withMaxInlineData(int bytes) {
    return new QpInitAttributes(
        type, sendCq, recvCq, maxSendWr, maxRecvWr, maxSendSge, maxRecvSge, srq, bytes);
  }
}
