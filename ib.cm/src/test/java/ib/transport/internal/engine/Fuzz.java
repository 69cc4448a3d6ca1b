// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.cm.internal.SimCm;
import ib.transport.PortCounter;
import ib.transport.PortQp;
import ib.transport.wire.Bth;
import ib.transport.wire.Gids;
import ib.transport.wire.Icrc;
import ib.transport.wire.Opcode;
import ib.transport.wire.Psn;
import ib.verbs.AccessFlags;
import ib.verbs.ConnectParams;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/**
 * {@code ./ib fuzz}: a host that is sent packets which somebody hostile may make, while it serves
 * an honest host. Checked: nothing is thrown, no byte outside of the open regions changes, tables
 * and memory stay bounded, the honest connections notice nothing, and in the end it serves as
 * before.
 */
public final class Fuzz {
  static final String USAGE =
      """
      usage: ./ib fuzz [--packets N] [--seed S]

        --packets N   how many packets; 10000000 if left out
        --seed S      where chance begins; 1 if left out
        --srp         information units against SRP's initiator and target instead, 100000 each
      """;

  private static final long USUAL_PACKETS = 10_000_000;
  private static final int WRONG_USE = 2;
  private static final int ATTACKER = 9;
  private static final int TURN_NS = 4_000;
  private static final int PACKETS_A_TURN = 8;
  private static final int LOOK_EVERY = 1 << 16;
  private static final int STRAYS_EVERY = 64;
  private static final int ON_ITS_WAY_NS = 5_000;
  private static final int GUARD_BYTES = 4096;
  private static final byte GUARD = 0x66;
  private static final int MOST_STRANGERS = 32;
  private static final int MOST_REMEMBERED = 2 * 4096;
  private static final long MOST_GROWTH_BYTES = 24L << 20;
  private static final int LINES = 10;

  /** What an application does with connections that the attacker makes. */
  private record Accepted(SimCm.Call call, PortQp qp, int qpn) {}

  private final long seed;
  private final Random random;
  private final World world;
  private final WorldHost host;
  private final List<FuzzVictim> victims = new ArrayList<>();
  private final ArrayDeque<Accepted> strangers = new ArrayDeque<>();
  private final SimMemory memory;
  private final FuzzPackets packets;
  private final byte[] attackerGid;
  private final byte[] hostGid;
  private int mostRemembered;
  private SimPacket seen;
  private long seenNs = Long.MIN_VALUE / 2;
  private int forgedCopies;

  Fuzz(long seed, Path captures) throws IOException, RdmaException {
    this.seed = seed;
    random = new Random(seed * 0x9E37_79B9_7F4A_7C15L + 2);
    world = new World(seed, true);
    host = world.hostAt(0);
    InetAddress attacker = SimHost.address(ATTACKER);
    attackerGid = Gids.bytes(Gids.high(attacker), Gids.low(attacker));
    hostGid = Gids.bytes(Gids.high(host.address), host.low());
    packets = new FuzzPackets(random, captures, Gids.low(attacker), host.low());
    List<QpType> types = types();
    int stride = FuzzVictim.REGION_BYTES + GUARD_BYTES;
    MemorySegment segment = Arena.ofAuto().allocate((long) types.size() * stride + GUARD_BYTES, 64);
    segment.fill(GUARD);
    memory = new SimMemory(segment);
    memory.deregister(memory.allKey);
    for (int i = 0; i < types.size(); i++) {
      victims.add(
          new FuzzVictim(
              random,
              host.engine(),
              host.qpns.allocate(),
              types.get(i),
              memory,
              GUARD_BYTES + i * stride,
              attacker));
    }
    world.onSentAway = this::observe;
    world.onSent = this::remember;
    host.strangers = this::onStranger;
  }

  private List<QpType> types() {
    List<QpType> types = new ArrayList<>(List.of(QpType.RC, QpType.RC, QpType.RC, QpType.UD));
    try {
      host.engine().createQp(5, QpType.UC, new SimBackend(null)).destroy();
      types.add(QpType.UC);
    } catch (IllegalArgumentException e) {
      // A port that has no such queue pairs.
      return types;
    }
    return types;
  }

  /** A packet of an honest connection, which is on its way: what a forger would like to know. */
  private void remember(SimPacket packet) {
    if (packet.destLow() == host.low()
        && packet.bytes().length >= Bth.LENGTH + Icrc.LENGTH
        && Opcode.transport(packet.opcode()) != Opcode.UD) {
      seen = packet;
      seenNs = world.nowNs();
    }
  }

  private void observe(SimPacket packet) {
    if (Opcode.transport(packet.opcode()) == Opcode.UD) {
      packets.observeMad(packet);
      return;
    }
    // All victims have the same peer; the order of turns tells whose it is only by the PSN.
    for (FuzzVictim victim : victims) {
      int near = Psn.diff(packet.psn(), victim.newestPsn);
      int answers = Psn.diff(packet.psn(), victim.requestPsn);
      if (Math.abs(near) < 4096 || Math.abs(answers) < 4096) {
        victim.observe(packet);
      }
    }
  }

  /** Accepts, refuses, or forgets to answer; ends the oldest when there are many. */
  private void onStranger(SimCm.Call call, SimCm.Terms terms) {
    int choice = random.nextInt(256);
    if (choice < 64) {
      host.cm.reject(call, 28, world.nowNs());
    } else if (choice < 255) {
      try {
        accept(call, terms);
      } catch (RdmaException e) {
        host.cm.reject(call, 28, world.nowNs());
      }
    }
    while (strangers.size() > MOST_STRANGERS) {
      endOldest();
    }
  }

  private void accept(SimCm.Call call, SimCm.Terms terms) throws RdmaException {
    int qpn = host.qpns.allocate();
    PortQp qp = host.engine().createQp(qpn, QpType.RC, new SimBackend(memory));
    Accepted accepted = new Accepted(call, qp, qpn);
    strangers.add(accepted);
    qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(AccessFlags.ALL));
    qp.modify(
        new QpAttributes()
            .state(QpState.RTR)
            .remoteAddress(SimHost.address(ATTACKER))
            .destQpn(terms.qpn())
            .rqPsn(7)
            .pathMtuBytes(terms.mtuBytes())
            .maxDestRdAtomic(1)
            .minRnrTimer(1));
    ConnectParams params = new ConnectParams(new byte[0], 1, 1, 7, 7, 14, AccessFlags.ALL);
    host.cm.accept(call, qpn, 7, params, accepted, world.nowNs());
  }

  private void endOldest() {
    Accepted oldest = strangers.remove();
    oldest.qp.destroy();
    host.qpns.release(oldest.qpn);
    host.cm.disconnect(oldest.call, world.nowNs());
  }

  // The run.

  /** Sends packets; throws with what is wrong. */
  void run(long count, Consumer<String> progress) throws RdmaException {
    long beganBytes = 0;
    for (long i = 1; i <= count; i++) {
      SimPacket packet = next();
      int trafficClass = random.nextInt(64) == 0 ? 3 : 0;
      FuzzPackets.tell(packet, victims);
      host.receive(packet, trafficClass);
      if (i % STRAYS_EVERY == 0) {
        lookForStrays();
      }
      if (i % PACKETS_A_TURN == 0) {
        turn();
      }
      if (i % LOOK_EVERY == 0) {
        look();
        if (i == LOOK_EVERY) {
          beganBytes = usedBytes();
        }
      }
      if (count >= USUAL_PACKETS && i % (count / LINES) == 0) {
        progress.accept(i + " packets, " + (usedBytes() >> 20) + " MiB of heap");
      }
    }
    look();
    if (count > LOOK_EVERY) {
      long grown = usedBytes() - beganBytes;
      check(grown < MOST_GROWTH_BYTES, "the heap has grown by " + grown + " bytes");
    }
    end();
  }

  private void lookForStrays() {
    for (FuzzVictim victim : victims) {
      int stray = victim.strayByte();
      check(
          stray < 0,
          victim.type + ": byte " + stray + " of the open part changed, which no request named");
    }
  }

  private static long usedBytes() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  private SimPacket next() {
    if (world.nowNs() - seenNs < ON_ITS_WAY_NS && random.nextInt(4) == 0) {
      forgedCopies++;
      return packets.forged(seen);
    }
    int choice = random.nextInt(64);
    if (choice < 8) {
      return packets.againstManagement();
    }
    if (choice == 8) {
      return packets.request(attackerGid, hostGid);
    }
    if (choice < 12 && !host.ends.isEmpty()) {
      return packets.forged(host.ends.get(random.nextInt(host.ends.size())).qpn);
    }
    return packets.against(victims.get(random.nextInt(victims.size())));
  }

  private void turn() throws RdmaException {
    for (FuzzVictim victim : victims) {
      victim.keepBusy();
    }
    if (random.nextInt(250) == 0) {
      world.begin(random.nextInt(2), random.nextInt(2));
    }
    if (random.nextInt(500) == 0 && !strangers.isEmpty()) {
      endOldest();
    }
    // Now and then time goes fast, so that what waits for it ends.
    world.runFor(random.nextInt(4000) == 0 ? 2_000_000_000L : TURN_NS);
  }

  private void look() {
    for (int i = 0; i <= victims.size(); i++) {
      int start = i * (FuzzVictim.REGION_BYTES + GUARD_BYTES);
      for (int at = start; at < start + GUARD_BYTES; at++) {
        check(
            memory.segment.get(ValueLayout.JAVA_BYTE, at) == GUARD,
            "memory outside of all regions was written");
      }
    }
    mostRemembered = Math.max(mostRemembered, host.cm.connections());
    check(host.cm.connections() <= MOST_REMEMBERED, "too many connections are remembered");
    check(
        host.engine().queuePairs() <= victims.size() + strangers.size() + host.ends.size(),
        "queue pairs are left over");
  }

  /** The attack is over: the host serves, and nothing is left. */
  private void end() throws RdmaException {
    while (!strangers.isEmpty()) {
      endOldest();
    }
    for (FuzzVictim victim : victims) {
      victim.qp.modify(new QpAttributes().state(QpState.ERR));
      victim.qp.destroy();
      host.qpns.release(victim.qp.qpn());
    }
    world.runUntilQuiet();
    int before = world.connections()[1];
    for (int i = 0; i < 8; i++) {
      world.begin(i & 1, 1 - (i & 1));
      world.runUntilQuiet();
    }
    check(world.connections()[1] >= before + 4, "connections can't be made any more");
    world.checkClean();
  }

  private void check(boolean right, String what) {
    if (!right) {
      throw new AssertionError("seed " + seed + ": " + what);
    }
  }

  long counter(PortCounter counter) {
    return host.engine().counter(counter);
  }

  /**
   * Honest connections that were made and used meanwhile, most that were remembered, and packets
   * that were forged from what was on its way.
   */
  int[] figures() {
    return new int[] {world.connections()[1], mostRemembered, forgedCopies};
  }

  /** Runs, prints what came of it, and exits with 1 if something is wrong. */
  public static void main(String[] args) throws IOException, RdmaException {
    long count = USUAL_PACKETS;
    long seed = 1;
    try {
      for (int i = 1; i < args.length; i += 2) {
        long value = i + 1 < args.length ? Long.parseLong(args[i + 1]) : 0;
        switch (value > 0 ? args[i] : "") {
          case "--packets" -> count = value;
          case "--seed" -> seed = value;
          default -> throw new NumberFormatException();
        }
      }
    } catch (NumberFormatException e) {
      System.err.println(USAGE + "\neach option needs a number of 1 or more");
      System.exit(WRONG_USE);
    }
    long beganNs = System.nanoTime();
    try {
      Fuzz fuzz = new Fuzz(seed, Path.of(args[0]));
      fuzz.run(count, System.out::println);
      System.out.printf(
          "%d packets from seed %d, %d honest connections meanwhile, at most %d connections"
              + " remembered, %d forged copies, %.1f s%n",
          count,
          seed,
          fuzz.figures()[0],
          fuzz.figures()[1],
          fuzz.figures()[2],
          (System.nanoTime() - beganNs) / 1e9);
      for (PortCounter counter : PortCounter.values()) {
        System.out.printf("  %-28s %d%n", counter, fuzz.counter(counter));
      }
    } catch (RuntimeException | AssertionError e) {
      System.out.println("again with ./ib fuzz --packets " + count + " --seed " + seed);
      e.printStackTrace();
      System.exit(1);
    }
  }
}
