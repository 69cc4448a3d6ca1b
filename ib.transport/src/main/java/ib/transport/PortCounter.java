// SPDX-License-Identifier: Apache-2.0
package ib.transport;

/**
 * Counters of a port; rxe's names ({@code rxe_hw_counters.c}) where it has the counter, for
 * congestion those of the adapters that have them.
 */
public enum PortCounter {
  /** Packets sent. */
  SENT_PKTS,
  /** Packets received that passed all checks. */
  RCVD_PKTS,
  /** Bytes sent, BTH to ICRC. */
  SENT_BYTES,
  /** Bytes received, BTH to ICRC. */
  RCVD_BYTES,
  /** Dropped: shorter than its headers say. */
  DROPPED_SHORT,
  /** Dropped: an IPv4 fragment; seen only by ports of Ethernet frames. */
  DROPPED_FRAGMENT,
  /** Dropped: IP or UDP header is damaged; seen only by ports of Ethernet frames. */
  DROPPED_MALFORMED,
  /** Dropped: wrong ICRC. */
  DROPPED_ICRC,
  /** Dropped: unknown opcode or one that the queue pair does not take. */
  DROPPED_OPCODE,
  /** Dropped: no such queue pair. */
  DROPPED_QPN,
  /** Dropped: wrong P_Key. */
  DROPPED_PKEY,
  /** Dropped: wrong Q_Key. */
  DROPPED_QKEY,
  /** Dropped: source address is not that of the queue pair's peer. */
  DROPPED_ADDRESS,
  /** Dropped: the queue pair is in a state that takes no packets. */
  DROPPED_STATE,
  /** Dropped: a datagram found no receive posted or one too short. */
  DROPPED_UD_NO_RECV,
  /** Dropped: a datagram longer than the port's MTU, or than a MAD at QP1. */
  DROPPED_UD_TOO_LONG,
  /**
   * Dropped: part of a message of an unreliable connection that can't be delivered; also the begun
   * message whose end does not come before the next message.
   */
  DROPPED_UC,
  /** Duplicate requests answered again. */
  DUPLICATE_REQUEST,
  /** Requests ahead of the expected PSN. */
  OUT_OF_SEQ_REQUEST,
  /** RNR NAKs received. */
  RCVD_RNR_ERR,
  /** RNR NAKs sent. */
  SEND_RNR_ERR,
  /** PSN sequence error NAKs received. */
  RCVD_SEQ_ERR,
  /** NAKs other than RNR sent. */
  SENT_NAK,
  /** Queue pairs that ran out of retries. */
  RETRY_EXCEEDED_ERR,
  /** Queue pairs that ran out of retries where no receive was posted. */
  RETRY_RNR_EXCEEDED_ERR,
  /** SENDs completed successfully, of all queue pairs but QP1. */
  RDMA_SENDS,
  /** Receives completed successfully, of all queue pairs but QP1. */
  RDMA_RECVS,
  /** Retransmissions begun: timeouts, NAKs and implied NAKs. */
  COMPLETER_RETRY_ERR,
  /** Congestion notifications received by queue pairs, which then send more slowly. */
  RP_CNP_HANDLED,
  /** Congestion notifications sent. */
  NP_CNP_SENT,
  /** Packets of queue pairs that came with a mark of congestion (ECN). */
  NP_ECN_MARKED_ROCE_PACKETS,
  /** Times the interface went down, or lost the address, under the port. */
  LINK_DOWNED,
  /** Times the socket took no more and packets waited. */
  SEND_QUEUE_FULL,
  /** Times a packet was too big for the link. */
  MTU_CLAMPED,
  /** Packets the system refused to send. */
  SEND_ERRORS,
  /** Times the packet tap threw. */
  TAP_ERRORS
}
