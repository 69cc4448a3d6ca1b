// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

/** Offers a promoted device to its users. */
interface Publisher {
  /**
   * Offers it; users may acquire handles before this returns.
   *
   * @param publication the device
   * @return takes the offer back; returns when every user has let go
   */
  Runnable publish(Publication publication);
}
