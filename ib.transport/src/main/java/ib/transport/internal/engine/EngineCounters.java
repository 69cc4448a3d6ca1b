// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.PortCounter;
import ib.verbs.WcOpcode;
import java.util.concurrent.atomic.AtomicLongArray;

/** The counters of a port: one writer, the agent thread; any reader. */
@SuppressWarnings("EnumOrdinal") // the index of a counter within this process, never stored
final class EngineCounters {
  private static final int COUNT = PortCounter.values().length;

  private final AtomicLongArray values = new AtomicLongArray(COUNT);

  void add(PortCounter counter, long n) {
    int i = counter.ordinal();
    // No read-modify-write instruction is needed with a single writer.
    values.setOpaque(i, values.getPlain(i) + n);
  }

  void add(PortCounter counter) {
    add(counter, 1);
  }

  /** A request completed successfully. */
  void sendCompleted(WcOpcode opcode) {
    if (opcode == WcOpcode.SEND) {
      add(PortCounter.RDMA_SENDS);
    }
  }

  long get(PortCounter counter) {
    return values.getOpaque(counter.ordinal());
  }
}
