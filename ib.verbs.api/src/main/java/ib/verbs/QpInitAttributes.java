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
 */
public record QpInitAttributes(
    QpType type,
    CompletionQueue sendCq,
    CompletionQueue recvCq,
    int maxSendWr,
    int maxRecvWr,
    int maxSendSge,
    int maxRecvSge,
    @Nullable SharedReceiveQueue srq) {
  /** Refuses sizes below 1. */
  public QpInitAttributes {
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
    this(type, sendCq, recvCq, maxSendWr, maxRecvWr, maxSendSge, maxRecvSge, null);
  }

  /**
   * The same queue pair with a shared receive queue.
   *
   * @param queue of the same device
   * @return new attributes
   */
  public QpInitAttributes withSrq(SharedReceiveQueue queue) {
    return new QpInitAttributes(
        type, sendCq, recvCq, maxSendWr, maxRecvWr, maxSendSge, maxRecvSge, queue);
  }
}
