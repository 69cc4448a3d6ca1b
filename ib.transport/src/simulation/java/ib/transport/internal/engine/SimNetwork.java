// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import java.util.PriorityQueue;
import java.util.Random;
import java.util.function.Consumer;

/** A network in virtual time that loses, doubles, delays, reorders and damages packets. */
final class SimNetwork {
  private record Arrival(long timeNs, long order, SimPacket packet) implements Comparable<Arrival> {
    @Override
    public int compareTo(Arrival other) {
      int byTime = Long.compare(timeNs, other.timeNs);
      return byTime != 0 ? byTime : Long.compare(order, other.order);
    }
  }

  /** How bad the network is; rates in packets per thousand. */
  record Quality(int lost, int doubled, int reordered, int damaged) {}

  private static final int DELAY_NS = 5_000;
  private static final int DETOUR_NS = 100_000;

  private final PriorityQueue<Arrival> arrivals = new PriorityQueue<>();
  private final Random random;
  private final Quality quality;
  private long order;
  long nowNs;

  /** Told of packets that are doubled. */
  Consumer<SimPacket> onDoubled = packet -> {};

  SimNetwork(Random random, Quality quality) {
    this.random = random;
    this.quality = quality;
  }

  void send(SimPacket packet) {
    if (happens(quality.lost)) {
      return;
    }
    SimPacket carried = happens(quality.damaged) ? damage(packet) : packet;
    arrive(carried);
    if (happens(quality.doubled)) {
      onDoubled.accept(carried);
      arrive(carried);
    }
  }

  private boolean happens(int perThousand) {
    return perThousand > 0 && random.nextInt(1000) < perThousand;
  }

  private void arrive(SimPacket packet) {
    long at = nowNs + DELAY_NS;
    if (happens(quality.reordered)) {
      at += random.nextInt(DETOUR_NS);
    }
    arrivals.add(new Arrival(at, order++, packet));
  }

  private SimPacket damage(SimPacket packet) {
    byte[] bytes = packet.bytes().clone();
    // Not the byte that the ICRC leaves out.
    int at = random.nextInt(bytes.length);
    bytes[at == 4 ? 5 : at] ^= (byte) (1 << random.nextInt(8));
    int length = random.nextInt(4) == 0 ? random.nextInt(bytes.length) : bytes.length;
    return new SimPacket(
        packet.sourceLow(),
        packet.destLow(),
        packet.ipId(),
        java.util.Arrays.copyOf(bytes, length));
  }

  /** Time of the next arrival, or {@link Long#MAX_VALUE}. */
  long nextNs() {
    Arrival next = arrivals.peek();
    return next == null ? Long.MAX_VALUE : next.timeNs;
  }

  /** The next packet that has arrived by now, or null. */
  SimPacket poll() {
    return nextNs() <= nowNs ? arrivals.remove().packet : null;
  }
}
