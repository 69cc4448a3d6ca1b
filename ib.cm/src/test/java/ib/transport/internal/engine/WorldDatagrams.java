// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.cm.internal.SimCm;
import ib.transport.wire.Gids;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.SidrStatus;
import java.util.Random;

/**
 * Datagrams between two hosts: one resolves the other's service, sends, and is answered. What
 * arrives is what was sent, by whom it says, to whom it was addressed, and no more often than the
 * network carried it; where that loses nothing and there are receives, all of it arrives.
 */
final class WorldDatagrams extends WorldActivity {
  private static final byte MAGIC = 0x55;
  private static final int PSN_SPACE = 1 << 24;
  private static final int LONGEST_POST_NS = 200_000;

  /** More than any detour: what has not arrived by then was lost. */
  private static final int LATEST_NS = 2_000_000;

  private final Random random;
  private WorldMailbox asker;
  private WorldMailbox server;
  private boolean refused;
  private boolean resolved;
  private boolean ending;
  private int sendsLeft;

  WorldDatagrams(World world, int number, WorldHost from, WorldHost to) {
    super(world, number, from, to);
    random = world.random;
    sendsLeft = 1 + random.nextInt(12);
  }

  /** Begins, unless the host has no room. */
  void start() throws RdmaException {
    WorldDevice.Slot slot = from.up ? from.takeSlot() : null;
    if (slot == null) {
      done = true;
      world.onDone(this, false, false);
      return;
    }
    if (world.isTroubled(from, to)) {
      allowBreak();
    }
    active = end(from, slot);
    asker = new WorldMailbox(this, active, random.nextInt() & Integer.MAX_VALUE);
    byte[] data = {MAGIC, ~MAGIC, (byte) (number >> 8), (byte) number};
    from.cm.resolve(to.address, random.nextBoolean(), data, active, world.nowNs());
  }

  private WorldEnd end(WorldHost host, WorldDevice.Slot slot) throws RdmaException {
    return new WorldEnd(this, QpType.UD, host, slot);
  }

  static void open(WorldEnd end, int qkey, Random random) throws RdmaException {
    end.qp.modify(new QpAttributes().state(QpState.INIT).qkey(qkey));
    end.qp.modify(new QpAttributes().state(QpState.RTR));
    end.qp.modify(new QpAttributes().state(QpState.RTS).sqPsn(random.nextInt(PSN_SPACE)));
  }

  /** The number that private data name, or -1 if they are not of datagrams of this kind. */
  static int numberIn(byte[] data) {
    return data.length >= 4 && data[0] == MAGIC && data[1] == ~MAGIC
        ? (data[2] & 0xFF) << 8 | (data[3] & 0xFF)
        : -1;
  }

  WorldMailbox asker() {
    return asker;
  }

  void onAsked(WorldHost host, SimCm.Asked asked) {
    boolean known = passive != null || active == null || active.closed || host != to;
    WorldDevice.Slot slot = known || random.nextInt(16) == 0 ? null : host.takeSlot();
    if (slot == null) {
      world.check(!known || mayBreak[0], this + " was asked for twice, or too late");
      refused = true;
      host.cm.answer(asked, SidrStatus.NO_QP, 0, 0, world.nowNs());
      return;
    }
    try {
      passive = end(host, slot);
      server = new WorldMailbox(this, passive, random.nextInt() & Integer.MAX_VALUE);
      asker.meets(server);
      asker.prepare();
      server.prepare();
    } catch (RdmaException e) {
      throw new AssertionError(e);
    }
    if (!host.cm.answer(asked, SidrStatus.VALID, passive.qpn, server.qkey, world.nowNs())) {
      world.check(mayBreak[0], this + ": the question is gone");
      passive.close();
    }
  }

  void onResolved(int qpn, int qkey) {
    if (active.closed) {
      return;
    }
    world.check(
        passive != null && qpn == passive.qpn && qkey == server.qkey,
        this + " was resolved to QP " + qpn);
    resolved = true;
    world.happened(Happening.RESOLVED);
    sendSome();
  }

  void onNotResolved(String how) {
    world.check(mayBreak[0] || refused || active.closed, this + ": " + how);
    world.happened(Happening.NOT_RESOLVED);
    giveUp();
  }

  private void sendSome() {
    if (active.closed || passive.closed) {
      return;
    }
    int burst = 1 + random.nextInt(6);
    for (int i = 0; i < burst && sendsLeft > 0; i++, sendsLeft--) {
      asker.send(Gids.low(to.address), passive.qpn);
    }
    if (sendsLeft > 0) {
      world.at(random.nextInt(LONGEST_POST_NS), this::sendSome);
    }
  }

  @Override
  void look() {
    if (ending || done || !resolved || sendsLeft > 0) {
      return;
    }
    ending = true;
    world.at(LATEST_NS, this::giveUp);
  }

  @Override
  void checkClosed() {
    if (passive == null) {
      return;
    }
    world.check(!refused || mayBreak[0], this + " was refused and made");
    boolean all = world.promise == SimMessages.Network.PERFECT && !mayBreak[0];
    asker.checkClosed(all);
    server.checkClosed(all);
  }

  @Override
  public String toString() {
    return "datagrams "
        + number
        + " ("
        + from
        + " to "
        + to
        + (mayBreak[0] ? ", may break" : "")
        + ") "
        + asker
        + "; "
        + server;
  }
}
