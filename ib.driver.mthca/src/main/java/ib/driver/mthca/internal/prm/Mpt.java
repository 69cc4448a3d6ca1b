// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

import ib.verbs.AccessFlags;

/** An entry of the memory protection table ({@code struct mthca_mpt_entry}), 64 bytes. */
public final class Mpt {
  /** Flags; the upper four bits say who owns the entry. */
  public static final int FLAGS = 0;

  /** Logarithm of the page size, from 12. */
  public static final int PAGE_SIZE = 4;

  /** Key. */
  public static final int KEY = 8;

  /** Protection domain. */
  public static final int PD = 12;

  /** Address of the first byte, 8 bytes. */
  public static final int START = 16;

  /** Bytes, 8 bytes. */
  public static final int LENGTH = 24;

  /** Local key. */
  public static final int LKEY = 32;

  /** Region: windows bound to it. */
  public static final int WINDOW_COUNT = 36;

  /** Window: the queue pair that it was bound by (in the place of translations). */
  public static final int WINDOW_QPN = 44;

  /** Window: life of that queue pair. */
  public static final int WINDOW_LIFE = 48;

  /** Index of the first translation, 8 bytes. */
  public static final int MTT_SEG = 44;

  /** Offset of the first byte in its page (a later chip's field, reserved in this one). */
  public static final int FIRST_BYTE_OFFSET = 56;

  /** Bytes of an entry. */
  public static final int BYTES = 64;

  /** Flag: software owns the entry. */
  public static final int SW_OWNS = 0xF << 28;

  /** Flag: the hardware owns the entry, but it opens nothing before a request fills it. */
  public static final int FREE = 1 << 27;

  /** Flag: a region that requests may register and make invalid. */
  public static final int FAST_REG = 1 << 26;

  /** Flag: a window. */
  public static final int WINDOW = 1 << 25;

  /** Flag: a window of type 2. */
  public static final int WINDOW_TYPE_2 = 1 << 24;

  /** Flag: addresses are bus addresses. */
  public static final int PHYSICAL = 1 << 9;

  /** Flag: a region, not a window. */
  public static final int REGION = 1 << 8;

  /** Flag: remote FLUSH to where it persists (not of the chip). */
  public static final int FLUSH_PERSISTENT = 1 << 13;

  /** Flag: remote FLUSH to where everybody sees it (not of the chip). */
  public static final int FLUSH_GLOBAL = 1 << 12;

  /** Flag: windows may be bound. */
  public static final int BIND = 1 << 15;

  /** Flag: remote atomic operations. */
  public static final int ATOMIC = 1 << 6;

  /** Flag: remote writes. */
  public static final int REMOTE_WRITE = 1 << 5;

  /** Flag: remote reads. */
  public static final int REMOTE_READ = 1 << 4;

  /** Flag: local writes. */
  public static final int LOCAL_WRITE = 1 << 3;

  /** Flag: local reads. */
  public static final int LOCAL_READ = 1 << 2;

  private Mpt() {}

  /** Whether an entry with these flags may open something. */
  public static boolean isValid(int flags) {
    return (flags & (SW_OWNS | FREE)) == 0 && (flags & (REGION | WINDOW)) != 0;
  }

  /** Flags of access rights. */
  public static int rights(int access) {
    return LOCAL_READ
        | ((access & AccessFlags.LOCAL_WRITE) != 0 ? LOCAL_WRITE : 0)
        | ((access & AccessFlags.MW_BIND) != 0 ? BIND : 0)
        | remote(access);
  }

  /** Flags of remote access rights. */
  public static int remote(int access) {
    return ((access & AccessFlags.REMOTE_WRITE) != 0 ? REMOTE_WRITE : 0)
        | ((access & AccessFlags.REMOTE_READ) != 0 ? REMOTE_READ : 0)
        | ((access & AccessFlags.REMOTE_ATOMIC) != 0 ? ATOMIC : 0)
        | ((access & AccessFlags.FLUSH_GLOBAL) != 0 ? FLUSH_GLOBAL : 0)
        | ((access & AccessFlags.FLUSH_PERSISTENT) != 0 ? FLUSH_PERSISTENT : 0);
  }
}
