// SPDX-License-Identifier: Apache-2.0
package ib.transport;

/** A decoded receive work queue entry. */
public final class RecvWqe extends Wqe {
  /** Creates an empty entry. */
  public RecvWqe() {}
}
