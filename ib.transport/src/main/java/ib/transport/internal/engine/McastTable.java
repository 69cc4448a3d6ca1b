// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.RdmaPort;
import ib.verbs.RdmaException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which datagram queue pairs are attached to which multicast group; the port joins a group with its
 * first queue pair and leaves it with its last. Agent thread only.
 */
final class McastTable {
  private static final class Group {
    final long high;
    final long low;
    final List<UdQp> qps = new ArrayList<>();

    Group(long high, long low) {
      this.high = high;
      this.low = low;
    }
  }

  private final List<Group> groups = new ArrayList<>();
  private McastGroups port = McastGroups.NONE;

  /** Who joins and leaves groups on the network. */
  void setPort(McastGroups newPort) {
    port = newPort;
  }

  void attach(UdQp qp, long high, long low) throws RdmaException {
    Group group = find(high, low);
    if (group != null && group.qps.contains(qp)) {
      return;
    }
    if (group == null) {
      if (groups.size() == RdmaPort.MAX_MCAST_GROUPS) {
        throw new RdmaException(
            "all "
                + RdmaPort.MAX_MCAST_GROUPS
                + " multicast groups of the port are in use; detach from some");
      }
      port.join(high, low);
      group = new Group(high, low);
      groups.add(group);
    }
    if (group.qps.size() == RdmaPort.MAX_MCAST_QP_ATTACH) {
      throw new RdmaException(
          RdmaPort.MAX_MCAST_QP_ATTACH + " queue pairs are attached to the group; detach some");
    }
    group.qps.add(qp);
  }

  /** False if the queue pair is not attached. */
  boolean detach(UdQp qp, long high, long low) {
    Group group = find(high, low);
    if (group == null || !group.qps.remove(qp)) {
      return false;
    }
    leaveIfEmpty(group);
    return true;
  }

  void detachAll(UdQp qp) {
    for (int i = groups.size() - 1; i >= 0; i--) {
      Group group = groups.get(i);
      if (group.qps.remove(qp)) {
        leaveIfEmpty(group);
      }
    }
  }

  private void leaveIfEmpty(Group group) {
    if (group.qps.isEmpty()) {
      groups.remove(group);
      port.leave(group.high, group.low);
    }
  }

  private @Nullable Group find(long high, long low) {
    for (int i = 0; i < groups.size(); i++) {
      Group group = groups.get(i);
      if (group.low == low && group.high == high) {
        return group;
      }
    }
    return null;
  }

  /** Queue pairs of a group; 0 if there is none. */
  int count(long high, long low) {
    Group group = find(high, low);
    return group == null ? 0 : group.qps.size();
  }

  UdQp get(long high, long low, int index) {
    Group group = find(high, low);
    if (group == null) {
      throw new IllegalArgumentException("no such group");
    }
    return group.qps.get(index);
  }
}
