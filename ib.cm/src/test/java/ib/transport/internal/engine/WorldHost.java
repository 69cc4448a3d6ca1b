// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.cm.internal.SimCm;
import ib.transport.GsiHandler;
import ib.transport.internal.port.SimQpns;
import ib.verbs.RdmaException;
import ib.verbs.RejectReason;
import ib.verbs.SidrStatus;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A whole host in virtual time: a port with its engine, QP numbers and connection manager, and two
 * devices. It can crash and come back as another that knows nothing of what was.
 */
final class WorldHost implements SimCm.Application {
  static final int DEVICES = 2;

  private static final int MOST_MTU_BYTES = 4096;

  /** The last is 256. */
  private static final int MTUS = 5;

  /** Packets that wait for a host that is paused, as in a socket's buffer. */
  private static final int BACKLOG = 256;

  /** What happens with connections that no {@link WorldLink} makes. */
  interface Strangers {
    void onRequest(SimCm.Call call, SimCm.Terms terms);

    default void onReply(Object owner, SimCm.Terms terms) {}

    default void onEnded(Object owner) {}
  }

  private record Waiting(SimPacket packet, int trafficClass) {}

  final World world;
  final int number;
  final InetAddress address;
  final List<WorldEnd> ends = new ArrayList<>();
  final WorldDevice[] devices = new WorldDevice[DEVICES];
  SimQpns qpns;
  SimCm cm;
  boolean up;
  boolean paused;
  long resumedNs;

  /** A request of a connection that is over is refused, as any other of a stranger. */
  Strangers strangers =
      (call, terms) -> cm.reject(call, RejectReason.CONSUMER_DEFINED, world().nowNs());

  private final ArrayDeque<Runnable> todo = new ArrayDeque<>();
  private final ArrayDeque<Waiting> backlog = new ArrayDeque<>();
  private SimHost port;

  WorldHost(World world, int number) {
    this.world = world;
    this.number = number;
    this.address = SimHost.address(number);
  }

  private World world() {
    return world;
  }

  PortEngine engine() {
    return port.engine;
  }

  long low() {
    return port.low;
  }

  void boot() {
    Random random = world.random;
    EngineOptions options =
        SimHost.options()
            .withWindowPackets(8 << random.nextInt(6))
            .withSendRing(2 << random.nextInt(6));
    port = new SimHost(number, options, null, world::send);
    port.pieces = random.nextBoolean();
    qpns = new SimQpns("p" + number, new Random(random.nextLong()), world::nowNs);
    cm =
        new SimCm(
            "p" + number,
            address,
            0x0200_0000_0000_0000L + number,
            world.calm ? MOST_MTU_BYTES : MOST_MTU_BYTES >> random.nextInt(MTUS),
            new Random(random.nextLong()),
            (high, low, mad) -> port.engine.gsi().send(high, low, mad, 0),
            this);
    SimCm handler = cm;
    port.engine
        .gsi()
        .setHandler(
            new GsiHandler() {
              @Override
              public void onMad(
                  long high, long low, int qpn, MemorySegment mad, long offset, int length) {
                handler.receive(high, low, mad, offset, length, world.nowNs());
              }

              @Override
              public void onFirstPacket(int qpn) {
                handler.firstPacket(qpn);
              }
            });
    for (int i = 0; i < DEVICES; i++) {
      devices[i] = world.newDevice();
    }
    up = true;
  }

  void crash() {
    up = false;
    paused = false;
    backlog.clear();
    todo.clear();
    for (WorldEnd end : List.copyOf(ends)) {
      end.lost();
    }
    ends.clear();
  }

  /** The driver of a device leaves; its connections end without another word to their users. */
  void removeDevice(int index) {
    WorldDevice device = devices[index];
    device.present = false;
    for (WorldEnd end : List.copyOf(ends)) {
      if (end.device == device) {
        end.close();
      }
    }
  }

  void addDevice(int index) {
    devices[index] = world.newDevice();
  }

  /** A device with a free part, or null. */
  WorldDevice.Slot takeSlot() {
    int first = world.random.nextInt(DEVICES);
    for (int i = 0; i < DEVICES; i++) {
      WorldDevice device = devices[(first + i) % DEVICES];
      WorldDevice.Slot slot = device.present ? device.take() : null;
      if (slot != null) {
        return slot;
      }
    }
    return null;
  }

  /** Runs something once the engine has returned. */
  void later(Runnable command) {
    todo.add(command);
  }

  void receive(SimPacket packet, int trafficClass) {
    if (paused && backlog.size() < BACKLOG) {
      backlog.add(new Waiting(packet, trafficClass));
    } else if (up && !paused) {
      port.receive(packet, world.idKnown, trafficClass, world.nowNs());
    }
  }

  void resume() {
    paused = false;
    resumedNs = world.nowNs();
    for (Waiting next = backlog.poll(); next != null; next = backlog.poll()) {
      receive(next.packet, next.trafficClass);
    }
  }

  long nextNs() {
    return !up || paused ? Long.MAX_VALUE : Math.min(port.engine.nextDeadlineNs(), cm.nextDueNs());
  }

  void turn() {
    if (!up || paused) {
      return;
    }
    long nowNs = world.nowNs();
    port.engine.onTimers(nowNs);
    cm.poll(nowNs);
    do {
      for (Runnable next = todo.poll(); next != null && up; next = todo.poll()) {
        next.run();
      }
      port.room = world.narrowSink ? 1 + world.random.nextInt(20) : -1;
      port.engine.transmit(port, nowNs);
    } while (port.engine.wantsTransmit() || !todo.isEmpty());
  }

  /** After everything: nothing is left over. */
  void checkClean() {
    world.check(ends.isEmpty(), this + " holds ends of connections");
    world.check(engine().queuePairs() == 0, this + " has queue pairs left");
    world.check(engine().packetsInFlight() == 0, this + " counts packets as in flight");
    world.check(qpns.inUse() == 0, this + " has not got back QP numbers");
    world.check(cm.leftOver().isEmpty(), this + " remembers " + cm.leftOver());
    world.check(engine().nextDeadlineNs() == PortEngine.NO_DEADLINE, this + " has a deadline left");
  }

  // The connection manager.

  @Override
  public void onRequest(SimCm.Call call, SimCm.Terms terms, byte[] privateData) {
    WorldActivity activity = world.activity(WorldLink.numberIn(privateData));
    later(
        () -> {
          if (activity instanceof WorldLink link) {
            link.onRequest(this, call, terms);
          } else {
            strangers.onRequest(call, terms);
          }
        });
  }

  @Override
  public void onReply(Object owner, SimCm.Terms terms) {
    if (!(owner instanceof WorldEnd end && end.link instanceof WorldLink link)) {
      later(() -> strangers.onReply(owner, terms));
      return;
    }
    later(
        () -> {
          try {
            link.onReply(end, terms);
          } catch (RdmaException e) {
            throw new AssertionError(e);
          }
        });
  }

  @Override
  public void onEstablished(Object owner) {
    if (owner instanceof WorldEnd end && end.link instanceof WorldLink link) {
      later(() -> link.onEstablished(end));
    }
  }

  @Override
  public void onEnded(Object owner, String how) {
    if (owner instanceof WorldEnd end && end.link instanceof WorldLink link) {
      later(() -> link.onEnded(end, how));
    } else {
      later(() -> strangers.onEnded(owner));
    }
  }

  @Override
  public void onAsked(SimCm.Asked asked, byte[] privateData) {
    WorldActivity activity = world.activity(WorldDatagrams.numberIn(privateData));
    later(
        () -> {
          if (activity instanceof WorldDatagrams datagrams) {
            datagrams.onAsked(this, asked);
          } else {
            cm.answer(asked, SidrStatus.REJECTED, 0, 0, world.nowNs());
          }
        });
  }

  @Override
  public void onResolved(Object owner, int qpn, int qkey) {
    if (owner instanceof WorldEnd end && end.link instanceof WorldDatagrams datagrams) {
      later(() -> datagrams.onResolved(qpn, qkey));
    }
  }

  @Override
  public void onNotResolved(Object owner, String how) {
    if (owner instanceof WorldEnd end && end.link instanceof WorldDatagrams datagrams) {
      later(() -> datagrams.onNotResolved(how));
    }
  }

  @Override
  public String toString() {
    return "host " + number;
  }
}
