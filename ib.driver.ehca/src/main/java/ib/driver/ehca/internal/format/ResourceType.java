// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.format;

/** Types of resources of {@link Hcall#H_ALLOC_RESOURCE}. */
public final class ResourceType {
  /**
   * Queue pair: type (0 RC, 1 UD, 2 UC), protection domain, handles of send and receive CQ, entries
   * and segments of both queues, handle of the shared receive queue or 0.
   */
  public static final long QP = 1;

  /** Completion queue: entries, token for its events. */
  public static final long CQ = 2;

  /** Event queue: entries. */
  public static final long EQ = 3;

  /** Memory region: most pages, 0 for all memory; rights; protection domain. */
  public static final long MR = 5;

  /** Shared receive queue: entries, segments, token for its events. */
  public static final long SRQ = 6;

  /** {@link Hcall#H_REGISTER_RPAGES}: the queue that a completion queue is to go on in. */
  public static final long QUEUE_RESIZED = 2;

  /** Memory window: type 1 or 2; protection domain. */
  public static final long MW = 7;

  /** {@link Hcall#H_REGISTER_RPAGES}: the only or the send queue, or the region. */
  public static final long QUEUE_FIRST = 0;

  /** {@link Hcall#H_REGISTER_RPAGES}: the receive queue. */
  public static final long QUEUE_RECEIVE = 1;

  private ResourceType() {}
}
