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

  /** Memory windows may be bound here. */
  public static final int MW_BIND = 1 << 4;

  /** The peer may FLUSH what it wrote to where everybody sees it. */
  public static final int FLUSH_GLOBAL = 1 << 8;

  /** The peer may FLUSH what it wrote to where it persists. */
  public static final int FLUSH_PERSISTENT = 1 << 9;

  /** All of the above. */
  public static final int ALL =
      LOCAL_WRITE
          | REMOTE_WRITE
          | REMOTE_READ
          | REMOTE_ATOMIC
          | MW_BIND
          | FLUSH_GLOBAL
          | FLUSH_PERSISTENT;

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
