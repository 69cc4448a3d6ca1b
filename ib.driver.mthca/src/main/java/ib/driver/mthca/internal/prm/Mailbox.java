// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

/** Size of a mailbox, and the small layouts that travel in one. */
public final class Mailbox {
  /** Bytes of a mailbox. */
  public static final int BYTES = 4096;

  private Mailbox() {}
}
