// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

/** A multicast group that the host belongs to. */
final class Membership {
  /** {@link #dueNs}: nothing is to be said. */
  static final long NEVER = Long.MAX_VALUE;

  /** GID of the group. */
  final long high;

  final long low;

  /** Its hardware address. */
  final long mac;

  /** When the membership is to be reported, or, if it is {@link #leaving}, its end. */
  long dueNs;

  /** Reports without being asked that are left. */
  int unsolicited;

  /** The last report on the link was ours: so we say when the group is left. */
  boolean reportedLast;

  /** Takes nothing any more; only the end is to be said yet. */
  boolean leaving;

  Membership(long high, long low) {
    this.high = high;
    this.low = low;
    this.mac = Frames.groupMac(high, low);
  }

  boolean is(long otherHigh, long otherLow) {
    return low == otherLow && high == otherHigh;
  }
}
