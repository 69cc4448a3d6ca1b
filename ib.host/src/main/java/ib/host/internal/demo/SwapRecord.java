// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.demo;

/**
 * One line of the timeline.
 *
 * @param number from 1
 * @param atMs milliseconds since the first I/O
 * @param side initiator, target or both
 * @param kind the kind of swap, as {@link Swap} names it
 * @param what what was replaced and how
 * @param inFlight commands in flight when it began
 * @param blackoutMs longest time without a completion while it lasted
 * @param tookMs until the new state was reached and I/O went on
 */
record SwapRecord(
    int number,
    long atMs,
    String side,
    String kind,
    String what,
    int inFlight,
    double blackoutMs,
    long tookMs) {}
