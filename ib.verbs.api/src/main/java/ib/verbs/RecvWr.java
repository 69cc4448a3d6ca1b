// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/** A receive work request, reusable ({@code struct ibv_recv_wr}). Not thread-safe. */
public final class RecvWr {
  private final SgeList sges = new SgeList();
  private long wrId;

  /** Creates an empty request. */
  public RecvWr() {}

  /**
   * The elements.
   *
   * @return to be filled
   */
  public SgeList sges() {
    return sges;
  }

  /**
   * The caller's cookie.
   *
   * @return comes back in the completion
   */
  public long wrId() {
    return wrId;
  }

  /**
   * Empties the request and sets the cookie.
   *
   * @param id comes back in the completion
   * @return this
   */
  public RecvWr reset(long id) {
    wrId = id;
    sges.clear();
    return this;
  }
}
