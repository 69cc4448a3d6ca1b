// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.srp.LoginRejReason;

/**
 * Why a login is refused.
 *
 * @param reason what the initiator is told
 * @param words what the log is told
 */
record LoginRefusal(LoginRejReason reason, String words) {
  static final LoginRefusal STOPPED = noResources("the target stops");
  static final LoginRefusal NO_DEVICE = noResources("there is no device on the target's port");
  static final LoginRefusal TOO_MANY = noResources("too many channels are open");

  static LoginRefusal of(LoginRejReason reason) {
    return new LoginRefusal(reason, LoginRejReason.describe(reason.code()));
  }

  /** A reason for which SRP has no number of its own. */
  static LoginRefusal other(String words) {
    return new LoginRefusal(LoginRejReason.UNABLE_ESTABLISH_CHANNEL, words);
  }

  static LoginRefusal noResources(String words) {
    return new LoginRefusal(LoginRejReason.INSUFFICIENT_RESOURCES, words);
  }
}
