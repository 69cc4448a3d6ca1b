// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.format;

/** The hypercalls for the adapter, with their numbers. */
public enum Hcall {
  /** Makes a resource: a type of {@link ResourceType}, then its parameters. */
  H_ALLOC_RESOURCE(0x160),
  /** Frees a resource: handle. */
  H_FREE_RESOURCE(0x164),
  /** Modifies a queue pair: handle, DMA address of a {@link QpBlock}. */
  H_MODIFY_QP(0x168),
  /** Queries a queue pair: handle, DMA address of a {@link QpBlock}. */
  H_QUERY_QP(0x16C),
  /**
   * Gives a region a new place, rights and keys: handle, address, bytes, rights, offset of the
   * first byte in its page. With {@link #PREPARE} in place of rights: only the place, for a
   * registration by work request. 0 bytes: makes it invalid.
   */
  H_REREGISTER_PMR(0x170),
  /** Shares the pages of a region: handle, rights, protection domain. */
  H_REGISTER_SMR(0x174),
  /** Queries the adapter: DMA address of an {@link HcaBlock}. */
  H_QUERY_HCA(0x180),
  /** Queries the port: DMA address of a {@link PortBlock}. */
  H_QUERY_PORT(0x184),
  /** Registers pages: handle, which queue, DMA address, how many. */
  H_REGISTER_RPAGES(0x1AC),
  /** Attaches a queue pair to a multicast group: handle, upper and lower half of the GID. */
  H_ATTACH_MCQP(0x19C),
  /** Detaches from a multicast group: handle, upper and lower half of the GID. */
  H_DETACH_MCQP(0x1A0),
  /** Arms the limit of a shared receive queue: handle, limit. */
  H_MODIFY_SRQ(0x1B8),
  /** Answers with the limit of a shared receive queue: handle. */
  H_QUERY_SRQ(0x1BC),
  /**
   * Resizes a completion queue, first handle and entries: what follows are the pages of the new
   * queue; then handle and 0: the queue goes on there, from the position in the answer on.
   */
  H_RESIZE_CQ(0x1C0),
  /**
   * Asks why the last hypercall was refused or a queue pair failed: handle or 0, DMA address of an
   * {@link ErrorBlock}.
   */
  H_ERROR_DATA(0x1B4);

  /** In place of rights of {@link #H_REREGISTER_PMR}. */
  public static final long PREPARE = 1L << 32;

  private final int number;

  Hcall(int number) {
    this.number = number;
  }

  /** The hypercall's number. */
  public int number() {
    return number;
  }
}
