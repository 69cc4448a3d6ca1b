// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.PortCounter;
import ib.transport.wire.Opcode;
import ib.transport.wire.Wire;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Two or three whole hosts on a bad network in virtual time; everything follows from one seed: what
 * is connected, the work, and what goes wrong, down to hosts that pause, or restart as others.
 *
 * <p>Checked all along by {@link SimFlow} (delivered once, in order, right bytes), and at the end:
 * all connections came to their end in bounded time, and nothing is left over.
 */
final class World {
  /** 16.8 ms a try: hosts that pause, and cuts, up to {@link #SHORT_NS} break nothing. */
  static final int LEAST_TIMEOUT_CODE = 12;

  private static final int SHORT_NS = 8_000_000;
  static final long LONG_NS = 4_000_000_000L;
  private static final int MOST_HOSTS = 3;
  private static final int NOISE_BYTES = WorldDevice.SLOT_BYTES;
  private static final int BEGIN_WITHIN_NS = 30_000_000;

  /** Virtual time in which all must be done. */
  private static final long LIMIT_NS = 600_000_000_000L;

  private static final int STEP_LIMIT = 3_000_000;
  private static final int MARKED = 3;
  private static final int LETTER_BYTES = 40;

  /** The same memories for all seeds: allocating anew is what would cost. */
  private static final List<MemorySegment> MEMORY = new ArrayList<>();

  private static final MemorySegment NOISE = noise();

  private record Event(long atNs, long order, Runnable what) implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      return atNs != other.atNs ? Long.compare(atNs, other.atNs) : Long.compare(order, other.order);
    }
  }

  private record Cut(WorldHost from, WorldHost to, boolean bothWays, long untilNs, boolean isLong) {
    boolean holds(WorldHost a, WorldHost b) {
      return (a == from && b == to) || (bothWays && a == to && b == from);
    }
  }

  final Random random;
  final boolean calm;
  final boolean idKnown;
  final boolean narrowSink;

  /** What unreliable connections may rely on. */
  final SimMessages.Network promise;

  private final int marked;
  private final SimNetwork network;
  private final WorldHost[] hosts;

  /** Connections that are not over, by number. */
  private final Map<Integer, WorldActivity> links = new LinkedHashMap<>();

  private final Map<Happening, Long> happened = new EnumMap<>(Happening.class);
  private final Map<Long, Integer> doubled = new HashMap<>();
  private final List<Cut> cuts = new ArrayList<>();
  private final List<WorldDevice> devices = new ArrayList<>();
  private final PriorityQueue<Event> agenda = new PriorityQueue<>();
  private final StringBuilder diary = new StringBuilder();

  /** Told of all packets. */
  Consumer<SimPacket> onSent = packet -> {};

  /** Told of packets to nobody here. */
  Consumer<SimPacket> onSentAway = packet -> {};

  private long order;
  private int linksBegun;
  private int linksDone;
  private int linksWhole;

  private static MemorySegment noise() {
    byte[] bytes = new byte[2 * NOISE_BYTES];
    new Random(1).nextBytes(bytes);
    return MemorySegment.ofArray(bytes);
  }

  World(long seed) {
    this(seed, false);
  }

  /**
   * Makes a world.
   *
   * @param calm two hosts, a network without faults, and nothing planned
   */
  World(long seed, boolean calm) {
    this.calm = calm;
    random = new Random(seed * 0x9E37_79B9_7F4A_7C15L + 1);
    idKnown = random.nextBoolean();
    narrowSink = random.nextInt(4) == 0;
    marked = random.nextInt(3) == 0 ? random.nextInt(50) : 0;
    boolean clean = calm || random.nextInt(4) == 0;
    boolean ordered = clean || random.nextInt(3) == 0;
    int troubles = calm ? 0 : random.nextInt(4);
    promise =
        clean && troubles == 0
            ? SimMessages.Network.PERFECT
            : ordered ? SimMessages.Network.ORDERED : SimMessages.Network.ANY;
    network =
        new SimNetwork(
            random,
            new SimNetwork.Quality(
                clean ? 0 : random.nextInt(50),
                ordered ? 0 : random.nextInt(50),
                ordered ? 0 : random.nextInt(100),
                clean || !idKnown ? 0 : random.nextInt(10)));
    network.onDoubled = this::onDoubled;
    // A nanosecond clock may stand anywhere.
    network.nowNs = 1 + random.nextLong(1L << 40);
    hosts = new WorldHost[calm ? 2 : 2 + random.nextInt(MOST_HOSTS - 1)];
    for (int i = 0; i < hosts.length; i++) {
      hosts[i] = new WorldHost(this, i + 1);
      hosts[i].boot();
    }
    if (!calm) {
      planAll(troubles);
    }
  }

  private void planAll(int troubles) {
    planLinks(3 + random.nextInt(6));
    for (int i = 0; i < troubles; i++) {
      at(random.nextInt(BEGIN_WITHIN_NS), trouble());
    }
  }

  private void planLinks(int count) {
    for (int i = 0; i < count; i++) {
      WorldHost from = anyHost();
      at(random.nextInt(BEGIN_WITHIN_NS), () -> beginAny(from, anyHost()));
    }
  }

  private SimFlow.Fault fault() {
    SimFlow.Fault[] all = SimFlow.Fault.values();
    if (random.nextInt(5) > 0) {
      return SimFlow.Fault.NONE;
    }
    return random.nextInt(3) == 0 ? SimFlow.Fault.BROKEN : all[1 + random.nextInt(all.length - 1)];
  }

  private WorldHost anyHost() {
    return hosts[random.nextInt(hosts.length)];
  }

  private void beginAny(WorldHost from, WorldHost to) {
    SimFlow.Fault fault = fault();
    int kind = random.nextInt(16);
    if (kind < 3) {
      beginDatagrams(from, to);
    } else if (kind < 6) {
      boolean breaks = fault == SimFlow.Fault.BROKEN;
      begin(QpType.UC, from, to, breaks ? fault : SimFlow.Fault.NONE, false);
    } else {
      begin(QpType.RC, from, to, fault, kind < 11);
    }
  }

  private void beginDatagrams(WorldHost from, WorldHost to) {
    WorldDatagrams datagrams = new WorldDatagrams(this, linksBegun++, from, to);
    links.put(datagrams.number, datagrams);
    try {
      datagrams.start();
    } catch (RdmaException e) {
      throw new AssertionError(e);
    }
  }

  private void begin(
      QpType type, WorldHost from, WorldHost to, SimFlow.Fault fault, boolean aboutKeys) {
    WorldLink link = new WorldLink(this, linksBegun++, type, from, to, fault, aboutKeys);
    links.put(link.number, link);
    try {
      link.start();
    } catch (RdmaException e) {
      throw new AssertionError(e);
    }
  }

  /** Begins a connection that must work, unless there is no room. */
  void begin(int from, int to) {
    QpType type = random.nextInt(4) == 0 ? QpType.UC : QpType.RC;
    begin(type, hosts[from], hosts[to], SimFlow.Fault.NONE, random.nextBoolean());
  }

  // Troubles.

  private Runnable trouble() {
    return switch (random.nextInt(4)) {
      case 0 -> this::cut;
      case 1 -> this::pause;
      case 2 -> this::crash;
      default -> this::replaceDevice;
    };
  }

  private long duration(boolean isLong) {
    return isLong ? SHORT_NS + random.nextLong(LONG_NS) : random.nextInt(SHORT_NS);
  }

  private void cut() {
    boolean isLong = random.nextBoolean();
    Cut cut =
        new Cut(
            anyHost(),
            anyHost(),
            random.nextBoolean(),
            nowNs() + duration(isLong),
            isLong || !cuts.isEmpty() || isAnyPaused());
    note("cut " + cut);
    cuts.add(cut);
    if (cut.isLong) {
      links.values().stream()
          .filter(link -> link.touches(cut.from) && link.touches(cut.to))
          .forEach(this::allowBreak);
    }
    at(
        cut.untilNs - nowNs(),
        () -> {
          cuts.remove(cut);
          note("end of " + cut);
        });
  }

  private boolean isAnyPaused() {
    for (WorldHost host : hosts) {
      if (host.paused) {
        return true;
      }
    }
    return false;
  }

  private void pause() {
    WorldHost host = anyHost();
    if (!host.up || host.paused) {
      return;
    }
    boolean isLong = random.nextBoolean();
    if (isLong || !cuts.isEmpty() || isAnyPaused()) {
      links.values().stream().filter(link -> link.touches(host)).forEach(this::allowBreak);
      pausedLong = host;
    }
    long forNs = duration(isLong);
    note(host + " pauses for " + forNs);
    host.paused = true;
    at(
        forNs,
        () -> {
          if (host.up && host.paused) {
            note(host + " resumes");
            host.resume();
          }
          if (pausedLong == host) {
            pausedLong = null;
          }
        });
  }

  private WorldHost pausedLong;

  private void crash() {
    WorldHost host = anyHost();
    if (!host.up) {
      return;
    }
    note(host + " crashes");
    links.values().stream().filter(link -> link.touches(host)).forEach(this::allowBreak);
    host.crash();
    at(
        duration(random.nextBoolean()),
        () -> {
          note(host + " is back");
          host.boot();
          planLinks(2);
        });
  }

  private void replaceDevice() {
    WorldHost host = anyHost();
    int index = random.nextInt(WorldHost.DEVICES);
    WorldDevice device = host.devices[index];
    if (!host.up || host.paused || !device.present) {
      return;
    }
    note(host + " loses device " + index);
    links.values().stream().filter(link -> link.touches(device)).forEach(this::allowBreak);
    host.removeDevice(index);
    at(duration(random.nextBoolean()), () -> returnDevice(host, index, device));
  }

  private void returnDevice(WorldHost host, int index, WorldDevice old) {
    if (!host.up || host.devices[index] != old) {
      return;
    }
    note(host + " has device " + index + " again");
    host.addDevice(index);
    planLinks(2);
  }

  private void allowBreak(WorldActivity link) {
    link.allowBreak();
  }

  /** Whether a new connection between two hosts may fail. */
  boolean isTroubled(WorldHost a, WorldHost b) {
    return !a.up
        || !b.up
        || a == pausedLong
        || b == pausedLong
        || cuts.stream().anyMatch(cut -> cut.isLong && (cut.holds(a, b) || cut.holds(b, a)));
  }

  // For hosts and connections.

  long nowNs() {
    return network.nowNs;
  }

  void at(long inNs, Runnable what) {
    agenda.add(new Event(nowNs() + inNs, order++, what));
  }

  void send(SimPacket packet) {
    onSent.accept(packet);
    WorldHost from = host(packet.sourceLow());
    WorldHost to = host(packet.destLow());
    if (to == null) {
      onSentAway.accept(packet);
    } else if (cuts.stream().noneMatch(cut -> cut.holds(from, to))) {
      network.send(packet);
    }
  }

  private WorldHost host(long low) {
    for (WorldHost host : hosts) {
      if (host.low() == low) {
        return host;
      }
    }
    return null;
  }

  /** What is not over, or null. */
  WorldActivity activity(int number) {
    return links.get(number);
  }

  WorldHost hostAt(int index) {
    return hosts[index];
  }

  /** A device with memory of its own: what was before is still looked at. */
  WorldDevice newDevice() {
    if (devices.size() == MEMORY.size()) {
      MEMORY.add(Arena.global().allocate(WorldDevice.BYTES, 64));
    }
    WorldDevice device = new WorldDevice(this, MEMORY.get(devices.size()));
    devices.add(device);
    return device;
  }

  /** Fills the part of memory that a connection uses with noise. */
  void fill(WorldEnd end, int untilOffset) {
    int start = end.slot.start();
    MemorySegment.copy(
        NOISE,
        random.nextInt(NOISE_BYTES),
        end.memory.segment,
        start,
        Math.min(untilOffset, end.slot.end()) - start);
  }

  void happened(Happening what) {
    happened.merge(what, 1L, Long::sum);
  }

  long times(Happening what) {
    return happened.getOrDefault(what, 0L);
  }

  /** How often the network doubled a datagram so far. */
  int doubled(int activity, int letter) {
    return doubled.getOrDefault((long) activity << 32 | letter, 0);
  }

  private void onDoubled(SimPacket packet) {
    if (packet.bytes().length >= LETTER_BYTES && Opcode.transport(packet.opcode()) == Opcode.UD) {
      MemorySegment bytes = packet.segment();
      int at = Opcode.headerLength(packet.opcode());
      if (Wire.u32(bytes, at) == WorldMailbox.MAGIC) {
        long key = (long) Wire.u32(bytes, at + 4) << 32 | Wire.u32(bytes, at + 8);
        doubled.merge(key, 1, Integer::sum);
      }
    }
  }

  void onDone(WorldActivity link, boolean made, boolean whole) {
    links.remove(link.number);
    linksDone += made ? 1 : 0;
    linksWhole += whole ? 1 : 0;
  }

  void check(boolean right, String what) {
    if (!right) {
      throw new AssertionError(what + "\nwhat went wrong on purpose:" + diary);
    }
  }

  private void note(String what) {
    diary.append("\n  at ").append(nowNs()).append(": ").append(what);
  }

  // The run.

  /** Runs to the end; throws with what is wrong. */
  void run() {
    runUntilQuiet();
    // Whatever happened: every host serves every other again.
    for (WorldHost from : hosts) {
      for (WorldHost to : hosts) {
        boolean aboutKeys = random.nextBoolean();
        at(
            random.nextInt(SHORT_NS),
            () -> begin(QpType.RC, from, to, SimFlow.Fault.NONE, aboutKeys));
      }
    }
    int before = linksWhole;
    runUntilQuiet();
    check(linksWhole > before, "no connection could be made in the end");
    checkClean();
  }

  /** Nothing is left over. */
  void checkClean() {
    for (WorldHost host : hosts) {
      host.checkClean();
    }
    devices.forEach(WorldDevice::checkClean);
  }

  /** Lets a time pass. */
  void runFor(long ns) {
    long endNs = nowNs() + ns;
    for (long nextNs = nextNs(); nextNs <= endNs; nextNs = nextNs()) {
      network.nowNs = Math.max(network.nowNs, nextNs);
      step();
    }
    network.nowNs = endNs;
    step();
  }

  /** Goes on until nothing is to be waited for. */
  void runUntilQuiet() {
    long limitNs = nowNs() + LIMIT_NS;
    for (int step = 0; ; step++) {
      long nextNs = nextNs();
      if (nextNs == Long.MAX_VALUE) {
        break;
      }
      check(nextNs <= limitNs && step < STEP_LIMIT, "no end: " + links.values());
      network.nowNs = Math.max(network.nowNs, nextNs);
      step();
    }
    check(links.isEmpty(), "never ended: " + links.values());
  }

  private long nextNs() {
    long nextNs = network.nextNs();
    Event event = agenda.peek();
    nextNs = event == null ? nextNs : Math.min(nextNs, event.atNs);
    for (WorldHost host : hosts) {
      nextNs = Math.min(nextNs, host.nextNs());
    }
    return nextNs;
  }

  private void step() {
    for (SimPacket packet = network.poll(); packet != null; packet = network.poll()) {
      WorldHost to = host(packet.destLow());
      if (to != null) {
        to.receive(packet, marked > 0 && random.nextInt(1000) < marked ? MARKED : 2);
      }
    }
    for (Event event = agenda.peek();
        event != null && event.atNs <= nowNs();
        event = agenda.peek()) {
      agenda.remove();
      event.what.run();
    }
    for (WorldHost host : hosts) {
      host.turn();
    }
    links.values().forEach(WorldActivity::look);
  }

  /** Connections that were made, and those of them that nothing could break. */
  int[] connections() {
    return new int[] {linksDone, linksWhole};
  }

  /** A counter, of the hosts as they are at the end. */
  long counter(PortCounter counter) {
    long sum = 0;
    for (WorldHost host : hosts) {
      sum += host.engine().counter(counter);
    }
    return sum;
  }
}
