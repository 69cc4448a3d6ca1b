// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

/** Another host on the link: its address, its hardware address, and how sure that is. */
final class Neighbour {
  final long high;
  final long low;

  /** Hardware address, or 0 while it is not known. */
  long mac;

  /** When it was last heard of. */
  long confirmedNs;

  /** When something was last sent to it, or, if nothing ever was, when it was noted. */
  long usedNs;

  /** Something was sent to it; else it is only noted because it asked for us. */
  boolean used;

  /** Questions asked since it was last heard of. */
  int asked;

  /** When it is asked again or given up. */
  long dueNs = Long.MAX_VALUE;

  Neighbour(long high, long low) {
    this.high = high;
    this.low = low;
  }

  boolean is(long otherHigh, long otherLow) {
    return low == otherLow && high == otherHigh;
  }
}
