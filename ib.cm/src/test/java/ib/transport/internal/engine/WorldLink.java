// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.cm.internal.SimCm;
import ib.verbs.AccessFlags;
import ib.verbs.ConnectParams;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.RejectReason;
import java.util.Random;

/**
 * A connection that two applications of simulated hosts make, use and end, with the work of both
 * directions and what must become of it.
 */
final class WorldLink extends WorldActivity {
  private static final int PSN_SPACE = 1 << 24;
  private static final int LONGEST_POST_NS = 200_000;
  private static final int LATEST_BREAK_NS = 2_000_000;
  private static final int TRIES = 50;
  private static final int FOR_EVER = 7;
  private static final byte MAGIC = 0x57;

  private final Random random;
  final QpType type;
  private final SimFlow.Fault fault;

  /** Whether it is about keys: the one kind of work that both directions do together. */
  private final boolean aboutKeys;

  private SimWork there;
  private SimWork back;
  private boolean refused;
  private boolean ending;
  private int ackTimeoutCode;

  WorldLink(
      World world,
      int number,
      QpType type,
      WorldHost from,
      WorldHost to,
      SimFlow.Fault fault,
      boolean aboutKeys) {
    super(world, number, from, to);
    this.random = world.random;
    this.type = type;
    this.fault = fault;
    this.aboutKeys = aboutKeys;
    mayBreak[0] = fault != SimFlow.Fault.NONE;
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
    active = new WorldEnd(this, type, from, slot);
    int reads = 1 + random.nextInt(5);
    ConnectParams params =
        new ConnectParams(
            new byte[] {MAGIC, ~MAGIC, (byte) (number >> 8), (byte) number},
            reads,
            reads,
            7,
            7,
            World.LEAST_TIMEOUT_CODE + random.nextInt(3),
            AccessFlags.ALL);
    active.call = from.cm.connect(active.qpn, type, to.address, params, active, world.nowNs());
    ackTimeoutCode = params.ackTimeoutCode();
  }

  /** The number that private data names, or -1 if they are not of a connection of this kind. */
  static int numberIn(byte[] data) {
    return data.length >= 4 && data[0] == MAGIC && data[1] == ~MAGIC
        ? (data[2] & 0xFF) << 8 | (data[3] & 0xFF)
        : -1;
  }

  void onRequest(WorldHost host, SimCm.Call call, SimCm.Terms terms) {
    boolean known = passive != null || active == null || active.closed || host != to;
    WorldDevice.Slot slot = known || random.nextInt(16) == 0 ? null : host.takeSlot();
    if (slot == null) {
      world.check(!known || mayBreak[0], this + " was requested twice, or too late");
      refused = true;
      host.cm.reject(call, RejectReason.CONSUMER_DEFINED, world.nowNs());
      return;
    }
    try {
      accept(host, slot, call, terms);
    } catch (RdmaException e) {
      throw new AssertionError(e);
    }
  }

  private void accept(WorldHost host, WorldDevice.Slot slot, SimCm.Call call, SimCm.Terms terms)
      throws RdmaException {
    world.check(call.type == type, this + " was requested as " + call.type);
    passive = new WorldEnd(this, type, host, slot);
    passive.call = call;
    int psn = random.nextBoolean() ? random.nextInt(PSN_SPACE) : PSN_SPACE - 1 - random.nextInt(60);
    passive.connect(from, terms, psn, terms.timeoutCode(), FOR_EVER);
    ConnectParams params =
        new ConnectParams(
            new byte[0], terms.reads(), terms.reads(), 7, 7, terms.timeoutCode(), AccessFlags.ALL);
    plan(terms.mtuBytes());
    if (!host.cm.accept(call, passive.qpn, psn, params, passive, world.nowNs())) {
      // The request was withdrawn meanwhile.
      world.check(mayBreak[0], this + ": a request is gone");
      passive.call = null;
      passive.close();
    }
  }

  private void plan(int mtu) {
    SimPlaces fromPlaces = new SimPlaces(active.slot.start(), active.slot.end());
    SimPlaces toPlaces = new SimPlaces(passive.slot.start(), passive.slot.end());
    if (type == QpType.UC) {
      there = messages(active, passive, mtu, fromPlaces, toPlaces);
      back = messages(passive, active, mtu, toPlaces, fromPlaces);
    } else if (aboutKeys) {
      boolean turned = random.nextBoolean();
      WorldKeys keys =
          new WorldKeys(this, turned ? active : passive, turned ? passive : active, mtu, fault);
      there = turned ? SimWork.NONE : keys;
      back = turned ? keys : SimWork.NONE;
      return;
    } else {
      there = flow(active, passive, mtu, fromPlaces, toPlaces, fault);
      back = flow(passive, active, mtu, toPlaces, fromPlaces, SimFlow.Fault.NONE);
    }
    world.fill(active, fromPlaces.used());
    world.fill(passive, toPlaces.used());
  }

  private SimFlow flow(
      WorldEnd sender,
      WorldEnd receiver,
      int mtu,
      SimPlaces fromPlaces,
      SimPlaces toPlaces,
      SimFlow.Fault flowFault) {
    SimFlow flow = new SimFlow(random, sender.side(), receiver.side(), mayBreak);
    flow.exact = world.promise == SimMessages.Network.PERFECT;
    flow.plan(2 + random.nextInt(14), mtu, fromPlaces, toPlaces, flowFault);
    return flow;
  }

  private SimMessages messages(
      WorldEnd sender, WorldEnd receiver, int mtu, SimPlaces fromPlaces, SimPlaces toPlaces) {
    SimMessages messages =
        new SimMessages(random, world.promise, sender.side(), receiver.side(), mayBreak);
    messages.plan(2 + random.nextInt(14), mtu, fromPlaces, toPlaces);
    return messages;
  }

  void onReply(WorldEnd end, SimCm.Terms terms) throws RdmaException {
    if (end.closed) {
      return;
    }
    end.connect(to, terms, terms.receivePsn(), ackTimeoutCode, rnrRetry());
    from.cm.ready(end.call);
    if (fault == SimFlow.Fault.BROKEN) {
      boolean first = passive.backend.srq == null && random.nextBoolean();
      WorldEnd breaks = first ? active : passive;
      world.at(random.nextInt(LATEST_BREAK_NS), () -> breakSoon(breaks, TRIES));
    }
    postMore(there);
  }

  private int rnrRetry() {
    return fault == SimFlow.Fault.NEVER_READY && !aboutKeys ? random.nextInt(FOR_EVER) : FOR_EVER;
  }

  /** Where receives are shared, the more interesting moment is in the middle of a message. */
  private void breakSoon(WorldEnd end, int tries) {
    SimSrq srq = end.backend.srq;
    boolean held = srq != null && srq.isHeldBy(end.backend);
    if (srq == null || tries == 0 || held) {
      end.careless = held;
      end.close();
    } else if (!end.closed) {
      world.at(random.nextInt(LONGEST_POST_NS), () -> breakSoon(end, tries - 1));
    }
  }

  void onEstablished(WorldEnd end) {
    if (!end.closed) {
      postMore(back);
    }
  }

  private void postMore(SimWork flow) {
    if (active.closed || passive == null || passive.closed) {
      return;
    }
    if (flow.postSome()) {
      world.at(random.nextInt(LONGEST_POST_NS), () -> postMore(flow));
    }
  }

  /** Ends the connection once all work is done. */
  @Override
  void look() {
    if (ending || done || there == null || !there.isDone() || !back.isDone()) {
      return;
    }
    ending = true;
    boolean both = random.nextInt(4) == 0;
    boolean first = random.nextBoolean();
    if (both || first) {
      world.at(random.nextInt(LONGEST_POST_NS), active::close);
    }
    if (both || !first) {
      world.at(random.nextInt(LONGEST_POST_NS), passive::close);
    }
  }

  void onEnded(WorldEnd end, String how) {
    world.check(
        mayBreak[0] || ending || refused || end.closed, this + ": " + end.host + ": " + how);
    end.close();
  }

  @Override
  void checkClosed() {
    if (passive != null) {
      world.check(!refused || mayBreak[0], this + " was refused and made");
      there.checkClosed(active.flushed, passive.flushed);
      back.checkClosed(passive.flushed, active.flushed);
    }
  }

  @Override
  public String toString() {
    return type
        + " connection "
        + number
        + " ("
        + from
        + " to "
        + to
        + ", "
        + fault
        + (aboutKeys ? ", keys" : "")
        + (mayBreak[0] ? ", may break" : "")
        + ") "
        + there
        + "; "
        + back;
  }
}
