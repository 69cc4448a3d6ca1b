// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.transport.SendWqe;
import ib.transport.wire.Gids;
import ib.verbs.SendWr;
import ib.verbs.WrOpcode;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** The send queue. */
final class SendRing extends WorkRing {
  private static final int SIGNALED = 1;
  private static final int SOLICITED = 2;
  private static final int FENCE = 4;

  private final WrOpcode[] opcode = new WrOpcode[slots()];
  private final byte[] flags = new byte[slots()];
  private final int[] immediate = new int[slots()];
  private final long[] remoteAddress = new long[slots()];
  private final int[] rkey = new int[slots()];
  private final long[] gidHigh = new long[slots()];
  private final long[] gidLow = new long[slots()];
  private final int[] remoteQpn = new int[slots()];
  private final int[] remoteQkey = new int[slots()];

  /**
   * The last destination and its GID, so that a stream of datagrams to one peer allocates nothing.
   */
  private @Nullable InetAddress lastDestination;

  private long lastHigh;
  private long lastLow;

  SendRing(int limit, int maxSge) {
    super(limit, maxSge);
  }

  /** Copies a request into a claimed slot. */
  void put(int slot, SendWr wr) {
    put(slot, wr.wrId(), wr.sges());
    opcode[slot] = wr.opcode();
    flags[slot] =
        (byte)
            ((wr.signaled() ? SIGNALED : 0)
                | (wr.solicited() ? SOLICITED : 0)
                | (wr.fence() ? FENCE : 0));
    immediate[slot] = wr.immediate();
    remoteAddress[slot] = wr.remoteAddress();
    rkey[slot] = wr.rkey();
    InetAddress destination = wr.destination();
    if (destination != null) {
      putDestination(slot, destination, wr);
    }
  }

  private void putDestination(int slot, InetAddress destination, SendWr wr) {
    if (!destination.equals(lastDestination)) {
      lastDestination = destination;
      lastHigh = Gids.high(destination);
      lastLow = Gids.low(destination);
    }
    gidHigh[slot] = lastHigh;
    gidLow[slot] = lastLow;
    remoteQpn[slot] = wr.remoteQpn();
    remoteQkey[slot] = wr.remoteQkey();
  }

  /** Decodes the entry at a position. Agent thread. */
  void load(long position, SendWqe into) {
    int slot = slot(position);
    into.begin(position, opcode[slot]);
    into.setFlags(
        (flags[slot] & SIGNALED) != 0, (flags[slot] & SOLICITED) != 0, (flags[slot] & FENCE) != 0);
    into.setImmediate(immediate[slot]);
    into.setRemote(remoteAddress[slot], rkey[slot]);
    into.setDatagram(gidHigh[slot], gidLow[slot], remoteQpn[slot], remoteQkey[slot]);
    super.load(position, into);
  }
}
