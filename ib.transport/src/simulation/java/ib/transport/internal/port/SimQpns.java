// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.transport.agent.NanoClock;
import ib.verbs.RdmaException;
import java.util.HashSet;
import java.util.Set;
import java.util.random.RandomGenerator;

/** The queue pair numbers of a simulated host: a port's allocator that knows what is out. */
public final class SimQpns {
  /** As many as a port has. */
  private static final int LIMIT = 1 << 20;

  private final QpnAllocator allocator;
  private final Set<Integer> out = new HashSet<>();

  /** Begins at a random number. */
  public SimQpns(String port, RandomGenerator random, NanoClock clock) {
    allocator = new QpnAllocator(port, random, clock, LIMIT);
  }

  /** Takes a number that is not in use and was not for long enough. */
  public int allocate() throws RdmaException {
    int qpn = allocator.allocate();
    if (!out.add(qpn)) {
      throw new AssertionError("QP number " + qpn + " was given out twice");
    }
    return qpn;
  }

  /** Gives a number back. */
  public void release(int qpn) {
    if (!out.remove(qpn)) {
      throw new AssertionError("QP number " + qpn + " was given back twice");
    }
    allocator.release(qpn);
  }

  /** Numbers that are not given back. */
  public int inUse() {
    return out.size();
  }
}
