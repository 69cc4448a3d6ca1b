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
final class WorldLink {
  private static final int PSN_SPACE = 1 << 24;
  private static final int LONGEST_POST_NS = 200_000;
  private static final byte MAGIC = 0x57;

  private final World world;
  private final Random random;
  final int number;
  final QpType type;
  final WorldHost from;
  final WorldHost to;

  /** Whether its work may fail; once true it stays so. */
  final boolean[] mayBreak = new boolean[1];

  private final SimFlow.Fault fault;
  private WorldEnd active;
  private WorldEnd passive;
  private SimWork there;
  private SimWork back;
  private boolean refused;
  private boolean ending;
  private boolean done;

  WorldLink(
      World world, int number, QpType type, WorldHost from, WorldHost to, SimFlow.Fault fault) {
    this.world = world;
    this.random = world.random;
    this.number = number;
    this.type = type;
    this.from = from;
    this.to = to;
    this.fault = fault;
    mayBreak[0] = fault != SimFlow.Fault.NONE;
  }

  /**
   * From now on the connection may break. Who only waits does not learn that a peer is gone: as
   * real applications do, both give up after a time.
   */
  void allowBreak() {
    mayBreak[0] = true;
    world.at(2 * World.LONG_NS, this::giveUp);
  }

  private void giveUp() {
    if (!done && active != null) {
      active.close();
    }
    if (!done && passive != null) {
      passive.close();
    }
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
    active = new WorldEnd(this, type, from, slot.device(), slot);
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

  private int ackTimeoutCode;

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
    passive = new WorldEnd(this, type, host, slot.device(), slot);
    passive.call = call;
    int psn = random.nextBoolean() ? random.nextInt(PSN_SPACE) : PSN_SPACE - 1 - random.nextInt(60);
    passive.connect(from, terms, psn, terms.timeoutCode(), 1 + random.nextInt(12));
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
    end.connect(to, terms, terms.receivePsn(), ackTimeoutCode, 1 + random.nextInt(12));
    from.cm.ready(end.call);
    if (fault == SimFlow.Fault.BROKEN) {
      world.at(random.nextInt(2_000_000), () -> (random.nextBoolean() ? active : passive).close());
    }
    postMore(there);
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

  void onFatal(WorldEnd end, String cause) {
    world.check(mayBreak[0], this + ": " + end.host + ": " + cause);
    end.close();
  }

  void onEnded(WorldEnd end, String how) {
    world.check(
        mayBreak[0] || ending || refused || end.closed, this + ": " + end.host + ": " + how);
    end.close();
  }

  void onClosed() {
    boolean bothClosed = active.closed && (passive == null || passive.closed);
    if (done || !bothClosed) {
      return;
    }
    done = true;
    if (passive != null) {
      world.check(!refused || mayBreak[0], this + " was refused and made");
      there.checkClosed(active.flushed, passive.flushed);
      back.checkClosed(passive.flushed, active.flushed);
      passive.device.give(passive.slot);
    }
    active.device.give(active.slot);
    world.onDone(this, true, passive != null && !mayBreak[0]);
  }

  boolean touches(WorldHost host) {
    return from == host || to == host;
  }

  boolean touches(WorldDevice device) {
    return (active != null && active.device == device)
        || (passive != null && passive.device == device);
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
        + (mayBreak[0] ? ", may break" : "")
        + ") "
        + there
        + "; "
        + back;
  }
}
