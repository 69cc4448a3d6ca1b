// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import ib.verbs.RdmaException;

/** The hardware keeps a resource because something is bound to it; it can be closed later. */
public class BoundException extends RdmaException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message what is bound, and the remedy
   */
  public BoundException(String message) {
    super(message);
  }
}
