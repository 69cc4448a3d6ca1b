// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/** Access rights of a memory region or queue pair, a bit set ({@code enum ibv_access_flags}). */
public final class AccessFlags {
  /** Receives, and READ responses, may be written here. */
  public static final int LOCAL_WRITE = 1;

  /** The peer may RDMA WRITE. Requires LOCAL_WRITE. */
  public static final int REMOTE_WRITE = 1 << 1;

  /** The peer may RDMA READ. */
  public static final int REMOTE_READ = 1 << 2;

  /** The peer may do atomic operations. Requires LOCAL_WRITE. */
  public static final int REMOTE_ATOMIC = 1 << 3;

  /** All of the above. */
  public static final int ALL = LOCAL_WRITE | REMOTE_WRITE | REMOTE_READ | REMOTE_ATOMIC;

  private AccessFlags() {}

  /**
   * Refuses impossible combinations.
   *
   * @param access bit set
   * @throws IllegalArgumentException naming what is wrong (IBA vol. 1, 10.6.3.1: remote write and
   *     atomic need local write)
   */
  public static void check(int access) {
    if ((access & ~ALL) != 0) {
      throw new IllegalArgumentException(
          "unknown access flags 0x" + Integer.toHexString(access & ~ALL));
    }
    if ((access & (REMOTE_WRITE | REMOTE_ATOMIC)) != 0 && (access & LOCAL_WRITE) == 0) {
      throw new IllegalArgumentException("REMOTE_WRITE and REMOTE_ATOMIC need LOCAL_WRITE too");
    }
  }
}
