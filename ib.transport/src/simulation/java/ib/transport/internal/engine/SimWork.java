// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

/** One direction of a simulated connection, with the model of what must become of it. */
interface SimWork {
  /** Nothing to do. */
  SimWork NONE =
      new SimWork() {
        @Override
        public boolean postSome() {
          return false;
        }

        @Override
        public boolean isDone() {
          return true;
        }

        @Override
        public void checkClosed(boolean senderTold, boolean receiverTold) {}
      };

  /** Posts some more work and receives; false if all is posted. */
  boolean postSome();

  /** Whether nothing is to be waited for. */
  boolean isDone();

  /**
   * After both ends are closed: checks what became of all work.
   *
   * @param senderTold whether the sender's end lived to tell
   * @param receiverTold whether the receiver's did
   */
  void checkClosed(boolean senderTold, boolean receiverTold);
}
