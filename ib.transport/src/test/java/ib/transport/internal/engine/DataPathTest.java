// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import ib.dma.BusWindow;
import ib.transport.MemoryStatus;
import ib.transport.PortQp;
import ib.transport.QpBackend;
import ib.transport.RecvWqe;
import ib.transport.SendWqe;
import ib.transport.wire.Gids;
import ib.transport.wire.Icrc;
import ib.transport.wire.IcrcFlow;
import ib.verbs.FlushLevel;
import ib.verbs.FlushPlacement;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Much data through two engines whose packets only change slabs: no garbage, very long messages.
 */
class DataPathTest {
  private static final int SLOT = 4352;
  private static final int SLOTS = 512;
  private static final int MEMORY = 1 << 20;
  private static final long COMPILED_NS = 120_000_000_000L;

  /** A sink of fixed slots. */
  private static final class Slab implements PacketSink {
    private final MemorySegment memory = Arena.ofAuto().allocate((long) SLOT * SLOTS, 64);
    private final int[] lengths = new int[SLOTS];
    private final Icrc icrc = new Icrc();
    private final IcrcFlow flow = IcrcFlow.ipv4();
    private final long sourceLow;
    private int used;
    private int length;

    Slab(long sourceLow) {
      this.sourceLow = sourceLow;
      flow.sourcePort(SimPacket.SOURCE_PORT);
    }

    @Override
    public boolean begin(long destHigh, long destLow, int flowLabel, int lengthBytes) {
      flow.ipv4Addresses((int) sourceLow, (int) destLow);
      length = lengthBytes;
      return used < SLOTS;
    }

    @Override
    public MemorySegment segment() {
      return memory;
    }

    @Override
    public long offset() {
      return (long) used * SLOT;
    }

    @Override
    public void commit() {
      icrc.append(flow, 0, memory, offset(), length);
      lengths[used++] = length + Icrc.LENGTH;
    }

    void moveTo(PortEngine engine, long nowNs) {
      for (int i = 0; i < used; i++) {
        engine.receive(
            0,
            sourceLow,
            SimPacket.SOURCE_PORT,
            PortEngine.IP_ID_UNKNOWN,
            0,
            memory,
            (long) i * SLOT,
            lengths[i],
            nowNs);
      }
      used = 0;
    }
  }

  /** Posts the same work again and again; addresses wrap around in its memory. */
  private static final class Endless implements QpBackend {
    private final MemorySegment memory = Arena.ofAuto().allocate(MEMORY, 64);
    private WrOpcode opcode = WrOpcode.SEND;
    private int bytes;
    private int left;
    private long completed;
    private long received;

    @Override
    public boolean nextSend(SendWqe into) {
      if (left == 0) {
        return false;
      }
      left--;
      into.begin(0, opcode);
      into.setFlags(true, false, false);
      into.setRemote(0, 0);
      into.setFlush(FlushPlacement.GLOBAL, FlushLevel.RANGE, 8);
      return into.addSge(0, bytes, 0);
    }

    @Override
    public boolean nextReceive(RecvWqe into) {
      into.clearSges();
      return into.addSge(0, Integer.MAX_VALUE, 0);
    }

    @Override
    public MemoryStatus resolveLocal(
        int lkey, long address, long lengthBytes, boolean write, BusWindow window) {
      long at = address % MEMORY;
      window.set(memory, at, Math.min(lengthBytes, MEMORY - at));
      return MemoryStatus.OK;
    }

    @Override
    public MemoryStatus resolveRemote(
        int rkey, long address, long lengthBytes, int need, BusWindow window) {
      return resolveLocal(rkey, address, lengthBytes, QpBackend.writes(need), window);
    }

    @Override
    public boolean executeLocal(SendWqe entry) {
      return true;
    }

    @Override
    public boolean invalidateRemote(int rkey) {
      return true;
    }

    @Override
    public void completeSend(
        long cookie, boolean signaled, WcStatus status, WcOpcode done, int lengthBytes) {
      if (status != WcStatus.SUCCESS || lengthBytes != bytes) {
        left = 0;
        throw new AssertionError(done + " " + status + " " + lengthBytes);
      }
      completed++;
    }

    @Override
    public void completeReceive(
        long cookie,
        WcStatus status,
        WcOpcode done,
        int lengthBytes,
        int flags,
        int immediateOrKey,
        int srcQpn,
        boolean solicited) {
      received += lengthBytes;
    }

    @Override
    public void onFatal(String cause) {
      throw new AssertionError(cause);
    }
  }

  private final long lowA = Gids.low(SimHost.address(1));
  private final long lowB = Gids.low(SimHost.address(2));
  private final PortEngine engineA = new PortEngine(EngineOptions.of(0, lowA));
  private final PortEngine engineB = new PortEngine(EngineOptions.of(0, lowB));
  private final Slab slabA = new Slab(lowA);
  private final Slab slabB = new Slab(lowB);
  private final Endless backendA = new Endless();
  private final Endless backendB = new Endless();
  private final PortQp qpA = engineA.createQp(5, QpType.RC, backendA);
  private final PortQp qpB = engineB.createQp(6, QpType.RC, backendB);

  private void connect(int mtu) throws RdmaException {
    Pair.connect(qpA, SimHost.address(2), 6, a -> a.accessFlags(SimMemory.ALL).pathMtuBytes(mtu));
    Pair.connect(qpB, SimHost.address(1), 5, a -> a.accessFlags(SimMemory.ALL).pathMtuBytes(mtu));
  }

  private void run(WrOpcode opcode, int bytes, int count) {
    backendA.opcode = opcode;
    backendA.bytes = bytes;
    backendA.left = count;
    long goal = backendA.completed + count;
    qpA.kickSend();
    // Nothing is lost here, so the clock may stand still.
    while (backendA.completed < goal) {
      int work = engineA.transmit(slabA, 0);
      slabA.moveTo(engineB, 0);
      work += engineB.transmit(slabB, 0);
      slabB.moveTo(engineA, 0);
      if (work == 0) {
        throw new AssertionError("no progress");
      }
    }
  }

  private static int bytesOf(WrOpcode opcode) {
    if (opcode.isAtomic() || opcode == WrOpcode.ATOMIC_WRITE) {
      return Long.BYTES;
    }
    return opcode.isLocal() || opcode == WrOpcode.FLUSH ? 0 : 5000;
  }

  @ParameterizedTest
  @EnumSource(names = {"SEND", "SEND_WITH_IMM", "RDMA_WRITE", "RDMA_WRITE_WITH_IMM", "RDMA_READ"})
  void shouldAllocateNothingPerOperation(WrOpcode opcode) throws Exception {
    connect(1024);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    int operations = 2000;
    long perOperation = Long.MAX_VALUE;
    // Code that is not compiled yet allocates; so it may take some rounds, but then nothing.
    long endNs = System.nanoTime() + COMPILED_NS;
    while (perOperation > 0 && System.nanoTime() - endNs < 0) {
      long before = threads.getCurrentThreadAllocatedBytes();
      run(opcode, bytesOf(opcode), operations);
      perOperation = (threads.getCurrentThreadAllocatedBytes() - before) / operations;
    }
    assertThat(perOperation).isZero();
  }

  @ParameterizedTest
  @EnumSource(names = {"SEND", "RDMA_WRITE", "RDMA_READ"})
  void shouldMoveMessagesOfMoreThanAHundredThousandPackets(WrOpcode opcode) throws Exception {
    connect(256);
    run(opcode, (32 << 20) + 1, 1);
    assertThat(backendA.completed).isEqualTo(1);
  }

  @Test
  void shouldMoveAMessageOfOneGibibyte() throws Exception {
    connect(4096);
    run(WrOpcode.SEND, RcQp.MAX_MESSAGE_BYTES, 1);
    assertThat(backendB.received).isEqualTo(RcQp.MAX_MESSAGE_BYTES);
  }
}
