// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.PortCounter;
import ib.transport.PortQp;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Two hosts on a bad network in virtual time; everything follows from one seed: the network, the
 * connections, the work, when it is posted, what goes wrong.
 */
final class Simulation {
  /** Percent of packets lost and reordered at most. */
  static final int WORST = 10;

  private static final int MEMORY = 8 << 20;
  private static final long LIMIT_NS = 3_600_000_000_000L;
  private static final int BREAK_WITHIN_NS = 2_000_000;
  private static final int STEP_LIMIT = 2_000_000;
  private static final int PSN_SPACE = 1 << 24;

  private static final MemorySegment NOISE = noise();

  /** One pair of memories for all seeds: allocating and filling them anew is what costs. */
  private static final MemorySegment MEMORY_A = Arena.global().allocate(MEMORY, 64);

  private static final MemorySegment MEMORY_B = Arena.global().allocate(MEMORY, 64);

  private final Random random;
  private final SimNetwork network;
  private final SimHost a;
  private final SimHost b;
  private final boolean idKnown;
  private final boolean narrowSink;
  private final List<SimFlow> flows = new ArrayList<>();
  private final List<SimBackend> backends = new ArrayList<>();
  private final List<PortQp> qps = new ArrayList<>();

  /** Queue pairs that are put into error, each at its time. */
  private final List<Break> breaks = new ArrayList<>();

  private record Break(PortQp qp, long atNs) {}

  private static MemorySegment noise() {
    byte[] bytes = new byte[MEMORY];
    new Random(1).nextBytes(bytes);
    return MemorySegment.ofArray(bytes);
  }

  Simulation(long seed) throws RdmaException {
    random = new Random(seed * 0x9E37_79B9_7F4A_7C15L);
    idKnown = random.nextBoolean();
    narrowSink = random.nextInt(4) == 0;
    // Without the identification an ICRC is 16 bits: some damage would get through.
    int damaged = idKnown ? random.nextInt(10) : 0;
    network =
        new SimNetwork(
            random,
            new SimNetwork.Quality(
                random.nextInt(10 * WORST + 1),
                random.nextInt(30),
                random.nextInt(10 * WORST + 1),
                damaged));
    a = host(1, MEMORY_A);
    b = host(2, MEMORY_B);
    SimPlaces placesA = new SimPlaces(MEMORY);
    SimPlaces placesB = new SimPlaces(MEMORY);
    int connections = 1 + random.nextInt(3);
    for (int i = 0; i < connections; i++) {
      connection(i, 36 / connections, placesA, placesB);
    }
    MemorySegment.copy(NOISE, 0, MEMORY_A, 0, placesA.used());
    MemorySegment.copy(NOISE, 0, MEMORY_B, 0, placesB.used());
  }

  private SimHost host(int lastByte, MemorySegment memory) {
    SimHost host = newHost(lastByte, memory);
    host.pieces = random.nextBoolean();
    return host;
  }

  private SimHost newHost(int lastByte, MemorySegment memory) {
    EngineOptions options =
        SimHost.options()
            .withWindowPackets(4 << random.nextInt(7))
            .withSendRing(2 << random.nextInt(6));
    return new SimHost(lastByte, options, new SimMemory(memory), packet -> network().send(packet));
  }

  private SimNetwork network() {
    return network;
  }

  private void connection(int index, int operations, SimPlaces placesA, SimPlaces placesB)
      throws RdmaException {
    SimBackend backendA = new SimBackend(a.memory);
    SimBackend backendB = new SimBackend(b.memory);
    PortQp qpA = a.engine.createQp(100 + index, QpType.RC, backendA);
    PortQp qpB = b.engine.createQp(200 + 7 * index, QpType.RC, backendB);
    int mtu = 256 << random.nextInt(5);
    int psnAb = psn();
    int psnBa = psn();
    int readsAb = 1 + random.nextInt(5);
    int readsBa = 1 + random.nextInt(5);
    int timeoutCode = 7 + random.nextInt(4);
    int rnrTimer = 1 + random.nextInt(12);
    Pair.connect(
        qpA,
        b.address,
        qpB.qpn(),
        at -> change(at, mtu, psnAb, psnBa, readsAb, readsBa, timeoutCode, rnrTimer));
    Pair.connect(
        qpB,
        a.address,
        qpA.qpn(),
        at -> change(at, mtu, psnBa, psnAb, readsBa, readsAb, timeoutCode, rnrTimer));
    SimFlow.Fault fault = fault();
    boolean[] mayBreak = {fault != SimFlow.Fault.NONE};
    if (fault == SimFlow.Fault.BROKEN) {
      breaks.add(new Break(random.nextBoolean() ? qpA : qpB, random.nextInt(BREAK_WITHIN_NS)));
    }
    SimFlow.Side sideA = new SimFlow.Side(a.memory, a.memory.allKey, backendA, qpA);
    SimFlow.Side sideB = new SimFlow.Side(b.memory, b.memory.allKey, backendB, qpB);
    SimFlow ab = new SimFlow(random, sideA, sideB, mayBreak);
    SimFlow ba = new SimFlow(random, sideB, sideA, mayBreak);
    ab.plan(operations, mtu, placesA, placesB, fault);
    ba.plan(operations, mtu, placesB, placesA, SimFlow.Fault.NONE);
    flows.add(ab);
    flows.add(ba);
    backends.add(backendA);
    backends.add(backendB);
    qps.add(qpA);
    qps.add(qpB);
  }

  private SimFlow.Fault fault() {
    SimFlow.Fault[] all = SimFlow.Fault.values();
    // Up to the last but one: these queue pairs retry for ever when no receive is posted.
    return random.nextInt(5) == 0 ? all[1 + random.nextInt(all.length - 2)] : all[0];
  }

  /** Often just before the wrap. */
  private int psn() {
    return random.nextBoolean() ? random.nextInt(PSN_SPACE) : PSN_SPACE - 1 - random.nextInt(60);
  }

  private static QpAttributes change(
      QpAttributes at,
      int mtu,
      int sqPsn,
      int rqPsn,
      int reads,
      int destReads,
      int timeoutCode,
      int rnrTimer) {
    return at.pathMtuBytes(mtu)
        .sqPsn(sqPsn)
        .rqPsn(rqPsn)
        .maxRdAtomic(reads)
        .maxDestRdAtomic(destReads)
        .timeoutCode(timeoutCode)
        .minRnrTimer(rnrTimer);
  }

  /** Runs to the end; throws with what is wrong. */
  void run() throws RdmaException {
    long nextPostNs = 0;
    boolean posting = true;
    for (int step = 0; posting || !flows.stream().allMatch(SimFlow::isDone); step++) {
      long nextNs = Math.min(network.nextNs(), deadlineNs());
      nextNs = Math.min(nextNs, posting ? nextPostNs : Long.MAX_VALUE);
      if (nextNs > LIMIT_NS || step > STEP_LIMIT) {
        throw new AssertionError("no progress any more: " + flows);
      }
      network.nowNs = Math.max(network.nowNs, nextNs);
      deliver();
      if (posting && network.nowNs >= nextPostNs) {
        posting = false;
        for (SimFlow flow : flows) {
          posting |= flow.postSome();
        }
        nextPostNs = network.nowNs + random.nextInt(200_000);
      }
      breakSome();
      turn(a);
      turn(b);
    }
    end();
  }

  private void breakSome() throws RdmaException {
    for (int i = breaks.size() - 1; i >= 0; i--) {
      if (network.nowNs >= breaks.get(i).atNs()) {
        breaks.remove(i).qp().modify(new QpAttributes().state(QpState.ERR));
      }
    }
  }

  private long deadlineNs() {
    return Math.min(a.engine.nextDeadlineNs(), b.engine.nextDeadlineNs());
  }

  private void deliver() {
    for (SimPacket packet = network.poll(); packet != null; packet = network.poll()) {
      SimHost to = packet.destLow() == a.low ? a : b;
      to.receive(packet, idKnown, network.nowNs);
    }
  }

  private void turn(SimHost host) {
    host.engine.onTimers(network.nowNs);
    do {
      host.room = narrowSink ? 1 + random.nextInt(20) : -1;
      host.engine.transmit(host, network.nowNs);
    } while (host.engine.wantsTransmit());
  }

  /** Lets late packets arrive, ends what a fault left over, and checks that nothing is amiss. */
  private void end() throws RdmaException {
    while (network.nextNs() != Long.MAX_VALUE) {
      network.nowNs = network.nextNs();
      deliver();
      turn(a);
      turn(b);
    }
    for (int i = 0; i < qps.size(); i++) {
      qps.get(i).modify(new QpAttributes().state(QpState.ERR));
    }
    flows.forEach(SimFlow::checkEnd);
    if (a.engine.packetsInFlight() != 0 || b.engine.packetsInFlight() != 0) {
      throw new AssertionError("packets are still counted as in flight");
    }
  }

  /** A counter of both hosts. */
  long counter(PortCounter counter) {
    return a.engine.counter(counter) + b.engine.counter(counter);
  }
}
