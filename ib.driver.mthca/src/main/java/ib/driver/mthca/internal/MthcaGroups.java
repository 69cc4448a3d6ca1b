// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.Command;
import ib.driver.mthca.internal.prm.Mgm;
import ib.transport.wire.Gids;
import ib.verbs.RdmaException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The driver's side of the multicast table: which queue pairs are in which entry. An entry is
 * written as a whole at each change. Thread-safe.
 */
final class MthcaGroups {
  private record Group(int index, List<Integer> qpns) {}

  private final Hcr hcr;
  private final Mailboxes mailboxes;
  private final IdPool entries;
  private final Map<InetAddress, Group> groups = new HashMap<>();

  MthcaGroups(Hcr hcr, Mailboxes mailboxes, String device, int maxGroups) {
    this.hcr = hcr;
    this.mailboxes = mailboxes;
    entries = new IdPool("multicast groups of " + device, maxGroups);
  }

  synchronized void attach(int qpn, InetAddress address) throws RdmaException {
    Group group = groups.get(address);
    if (group == null) {
      group = new Group(entries.take(), new ArrayList<>());
      groups.put(address, group);
    }
    if (group.qpns.contains(qpn)) {
      return;
    }
    try {
      if (group.qpns.size() == Mgm.MAX_QPS) {
        throw new RdmaException(
            "qp 0x"
                + Integer.toHexString(qpn)
                + ": "
                + Mgm.MAX_QPS
                + " queue pairs are attached to "
                + address
                + "; detach some");
      }
      group.qpns.add(qpn);
      write(address, group);
    } catch (RdmaException | RuntimeException e) {
      group.qpns.removeIf(one -> one == qpn);
      forgetIfEmpty(address, group);
      throw e;
    }
  }

  synchronized void detach(int qpn, InetAddress address) throws RdmaException {
    Group group = groups.get(address);
    if (group == null || !group.qpns.removeIf(one -> one == qpn)) {
      throw new RdmaException(
          "qp 0x" + Integer.toHexString(qpn) + " is not attached to " + address);
    }
    forgetIfEmpty(address, group);
    write(address, group);
  }

  /** A queue pair ends. */
  synchronized void detachAll(int qpn) throws RdmaException {
    for (Map.Entry<InetAddress, Group> entry : List.copyOf(groups.entrySet())) {
      if (entry.getValue().qpns.contains(qpn)) {
        detach(qpn, entry.getKey());
      }
    }
  }

  private void forgetIfEmpty(InetAddress address, Group group) {
    if (group.qpns.isEmpty()) {
      groups.remove(address);
      entries.give(group.index);
    }
  }

  private void write(InetAddress address, Group group) throws RdmaException {
    try (Mailboxes.Box box = mailboxes.take()) {
      MemorySegment in = box.segment();
      in.asSlice(0, Mgm.BYTES).fill((byte) 0);
      Be.put64(in, Mgm.GID, Gids.high(address));
      Be.put64(in, Mgm.GID + 8, Gids.low(address));
      for (int i = 0; i < group.qpns.size(); i++) {
        Be.put32(in, Mgm.QPS + 4L * i, Mgm.QP_VALID | group.qpns.get(i));
      }
      hcr.execute(Command.WRITE_MGM, box.address(), group.index, 0);
    }
  }
}
