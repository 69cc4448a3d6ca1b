// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

/**
 * The way in which the ends of a perftest talk beside the measurement: each message is answered by
 * one of the same length, the client's first ({@code ctx_xchg_data} and {@code ctx_hand_shake} of
 * {@code perftest_communication.c}). Used by the thread of its run.
 */
interface PerfLine {
  /**
   * Tells something and is told the same.
   *
   * @param what for errors
   * @param mine what we tell
   * @return what the peer tells, as long
   */
  byte[] swap(String what, byte[] mine) throws ToolException;

  /** Tells where we are and is told where the peer is; also how the ends wait for each other. */
  PerfDest shake(PerfDest mine) throws ToolException;

  /** As a server that has nothing to do meanwhile: waits for the client's next word. */
  void awaitClient(int timeoutS) throws ToolException;

  /** Looks what the peer does, without waiting. */
  SideChannel.Peer peer() throws ToolException;

  /** The last word. */
  void done() throws ToolException;
}
