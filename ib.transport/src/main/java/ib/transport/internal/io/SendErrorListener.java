// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

/**
 * Told of packets that could not be sent, on the thread that flushes. The packet is dropped and
 * counted already.
 */
@FunctionalInterface
public interface SendErrorListener {
  /**
   * A packet was dropped.
   *
   * @param cause the counter that counted it
   * @param to where it was to go
   * @param length bytes of UDP payload
   */
  void onSendError(IoCounter cause, PeerAddress to, int length);
}
