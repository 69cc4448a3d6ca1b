// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

/**
 * What a {@link DatagramIo} counts. A packet is one datagram as the wire has it, also where several
 * cross the kernel's border as one.
 */
public enum IoCounter {
  /** Packets received. */
  RX_PACKETS,
  /** Bytes of UDP payload received. */
  RX_BYTES,
  /** Buffers received: one or more packets each. */
  RX_BUFFERS,
  /** Buffers dropped because they were longer than a slot of the batch. */
  RX_TRUNCATED,
  /** Receive calls that failed in a way that passes. */
  RX_ERRORS,
  /** Frames dropped: IPv4 fragments, which RoCEv2 never sends. */
  RX_FRAGMENTS,
  /** Frames dropped: their headers contradict themselves or each other. */
  RX_MALFORMED,
  /** Frames that were for somebody else, or of a protocol that is not spoken here. */
  RX_IGNORED,
  /** Packets handed to the system. */
  TX_PACKETS,
  /** Bytes of UDP payload handed to the system. */
  TX_BYTES,
  /** Runs of equal-size packets handed to the system as one. */
  TX_TRAINS,
  /** Send calls that would have blocked; what was queued stays. */
  TX_WOULD_BLOCK,
  /** Packets dropped: longer than the path lets through without fragmentation. */
  TX_TOO_LONG,
  /** Packets dropped: the peer's host said that nobody listens. */
  TX_REFUSED,
  /** Packets dropped: no route, or the network or host is not reachable. */
  TX_UNREACHABLE,
  /** Packets dropped: too many waited for the peer's hardware address. */
  TX_UNRESOLVED,
  /** Packets dropped: not permitted, as by a packet filter. */
  TX_NOT_PERMITTED,
  /** Packets dropped: the system had no buffers. */
  TX_NO_BUFFERS,
  /**
   * Packets sent with zeros for a payload that was released too early; the peer drops them by their
   * checksum.
   */
  TX_PAYLOAD_GONE,
  /** Packets dropped for any other error. */
  TX_OTHER_ERRORS,
  /** Runs that the system would not take as one and that were sent packet by packet. */
  TX_TRAINS_UNDONE
}
