// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.transport.agent.NanoClock;
import ib.verbs.RdmaException;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * QP numbers of a port: begins at a random one and counts on, so that a number comes again only
 * after all others, and never before its quarantine is over. Thread-safe.
 */
final class QpnAllocator {
  /**
   * Longer than a peer remembers a connection: the timewait of the connection manager (16 s) begins
   * there when it hears of the end, at most 5 s after us.
   */
  static final long QUARANTINE_NS = 24_000_000_000L;

  /** 0 and 1 are the management queue pairs, 0xFFFFFF is multicast. */
  private static final int FIRST = 2;

  private static final int LAST = 0xFF_FFFE;

  private record Released(int qpn, long freeAtNs) {}

  private final String port;
  private final NanoClock clock;
  private final int limit;
  private final Set<Integer> taken = new HashSet<>();
  private final Set<Integer> inUse = new HashSet<>();
  private final ArrayDeque<Released> quarantine = new ArrayDeque<>();
  private int next;

  /**
   * Makes an allocator.
   *
   * @param limit most numbers that are in use or quarantine at a time
   */
  QpnAllocator(String port, RandomGenerator random, NanoClock clock, int limit) {
    this.port = port;
    this.clock = clock;
    this.limit = limit;
    this.next = random.nextInt(FIRST, LAST + 1);
  }

  synchronized int allocate() throws RdmaException {
    endQuarantines();
    if (taken.size() >= limit) {
      throw new RdmaException(
          "port "
              + port
              + " has no QP number left: "
              + inUse.size()
              + " are in use, "
              + quarantine.size()
              + " wait "
              + QUARANTINE_NS / 1_000_000_000L
              + " s in quarantine; close queue pairs or try again later");
    }
    while (!taken.add(next)) {
      advance();
    }
    int qpn = next;
    inUse.add(qpn);
    advance();
    return qpn;
  }

  private void advance() {
    next = next == LAST ? FIRST : next + 1;
  }

  synchronized void release(int qpn) {
    if (inUse.remove(qpn)) {
      quarantine.addLast(new Released(qpn, clock.nanoTime() + QUARANTINE_NS));
    }
  }

  private void endQuarantines() {
    Released oldest = quarantine.peekFirst();
    while (oldest != null && oldest.freeAtNs() - clock.nanoTime() <= 0) {
      quarantine.removeFirst();
      taken.remove(oldest.qpn());
      oldest = quarantine.peekFirst();
    }
  }
}
