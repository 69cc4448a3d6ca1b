// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

/** Entries of the memory translation table, and the input of WRITE_MTT. */
public final class Mtt {
  /** Bytes of an entry: a bus address of a page, and a flag. */
  public static final int BYTES = 8;

  /** Flag: the entry is valid. */
  public static final long PRESENT = 1;

  /** WRITE_MTT: index of the first entry, 8 bytes. */
  public static final int WRITE_INDEX = 0;

  /** WRITE_MTT: the entries. */
  public static final int WRITE_ENTRIES = 16;

  /** WRITE_MTT: most entries of one command. */
  public static final int WRITE_MAX = (Mailbox.BYTES - WRITE_ENTRIES) / BYTES;

  private Mtt() {}
}
