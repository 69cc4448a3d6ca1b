// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Told how a service id resolution ends: one call of one method. Called on the connection manager's
 * event thread; may block briefly, at most a second.
 */
@ConsumerType
public interface ResolveHandler {
  /**
   * The service answered.
   *
   * @param service where its datagrams go
   * @param privateData of the SIDR_REP, 136 bytes
   */
  void onResolved(DatagramService service, byte[] privateData);

  /**
   * The peer refused.
   *
   * @param status {@link SidrStatus}, not {@link SidrStatus#VALID}
   * @param privateData of the SIDR_REP, 136 bytes
   */
  void onRejected(int status, byte[] privateData);

  /**
   * No answer came, or the port closed.
   *
   * @param message what was tried, for how long, and what to check
   */
  void onError(String message);
}
