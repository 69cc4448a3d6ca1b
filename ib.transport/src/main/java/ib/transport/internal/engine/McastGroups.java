// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.verbs.RdmaException;

/** How an engine joins multicast groups on its port's network. Called on the agent thread. */
public interface McastGroups {
  /** A network on which every group reaches everybody, as in a simulation. */
  McastGroups NONE =
      new McastGroups() {
        @Override
        public void join(long groupHigh, long groupLow) {}

        @Override
        public void leave(long groupHigh, long groupLow) {}
      };

  /**
   * From now on the port receives what is sent to a group and gives it to {@link
   * PortEngine#receiveMulticast}. Called once for a group until {@link #leave}.
   *
   * @param groupHigh GID of the group, upper half ({@code ::ffff:a.b.c.d} for IPv4)
   * @param groupLow lower half
   * @throws RdmaException if the network refuses, with reason and remedy
   */
  void join(long groupHigh, long groupLow) throws RdmaException;

  /** The port need not receive what is sent to a group any more. Never fails. */
  void leave(long groupHigh, long groupLow);
}
