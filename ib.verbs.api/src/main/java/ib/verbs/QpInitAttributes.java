// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/**
 * How to make a queue pair ({@code struct ibv_qp_init_attr}).
 *
 * @param type RC or UD
 * @param sendCq completions of sends
 * @param recvCq completions of receives; may be the same
 * @param maxSendWr outstanding send requests, at least 1
 * @param maxRecvWr outstanding receives, at least 1
 * @param maxSendSge scatter-gather elements of a send, at least 1
 * @param maxRecvSge scatter-gather elements of a receive, at least 1
 */
public record QpInitAttributes(
    QpType type,
    CompletionQueue sendCq,
    CompletionQueue recvCq,
    int maxSendWr,
    int maxRecvWr,
    int maxSendSge,
    int maxRecvSge) {
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
}
