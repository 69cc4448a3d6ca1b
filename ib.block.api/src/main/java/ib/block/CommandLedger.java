// SPDX-License-Identifier: Apache-2.0
package ib.block;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What a target executed, by login; a service of the SRP target, for tests and demonstrations.
 * Thread-safe.
 */
@ProviderType
public interface CommandLedger {
  /**
   * One login of an initiator.
   *
   * @param login number of the login, from 1 in this target
   * @param initiatorPortId 16 bytes as 32 hex digits
   * @param device device it came in by, e.g. {@code ehca0}
   * @param open whether its channel still stands
   * @param received commands received
   * @param answered commands answered
   * @param executedTwice commands whose tag was executed again while its answer was outstanding or
   *     without having been reused
   * @param failed commands that ended with a status other than GOOD
   */
  record Login(
      long login,
      String initiatorPortId,
      String device,
      boolean open,
      long received,
      long answered,
      long executedTwice,
      long failed) {}

  /**
   * Name of the target.
   *
   * @return as configured
   */
  String targetName();

  /**
   * All logins since the target started; old closed ones are folded into one entry with number 0
   * beyond a bound.
   *
   * @return a snapshot
   */
  List<Login> logins();
}
