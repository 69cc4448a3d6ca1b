// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.dma.IbDevice;
import ib.dma.IbDma;
import ib.verbs.AsyncEventHandler;
import ib.verbs.CompletionHandler;
import ib.verbs.CompletionQueue;
import ib.verbs.DeviceAttributes;
import ib.verbs.FastRegMr;
import ib.verbs.MemoryRegion;
import ib.verbs.PostResult;
import ib.verbs.ProtectionDomain;
import ib.verbs.QpAttributes;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaDevice;
import ib.verbs.RdmaException;
import ib.verbs.RecvWr;
import ib.verbs.SendWr;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A device in memory: what is posted is carried out by the port's agent thread, and what the peer
 * does goes through keys and ops.
 */
final class FakeHca implements RdmaDevice {
  private static final AtomicInteger NUMBERS = new AtomicInteger(0x100);

  final FakeDmaOps ops;
  final Set<Object> resources = ConcurrentHashMap.newKeySet();
  private final String name;
  private final long generation;
  private final ScheduledExecutorService agent;
  private final IbDma dma;
  volatile boolean withdrawn;

  FakeHca(String name, long generation, ScheduledExecutorService agent, int maxSegmentBytes) {
    this.name = name;
    this.generation = generation;
    this.agent = agent;
    ops = new FakeDmaOps(0x7000_0000_0000L + generation * 0x10_0000_0000L);
    dma = new IbDma(new IbDevice(name, 1, -1, maxSegmentBytes, -1, "test"), ops);
  }

  /** Everything that is not closed or unmapped. */
  int leftovers() {
    return resources.size() + ops.live();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String portName() {
    return "p0";
  }

  @Override
  public long generation() {
    return generation;
  }

  @Override
  public IbDma dma() {
    return dma;
  }

  @Override
  public DeviceAttributes query() {
    return new DeviceAttributes(1, "p0", 1024, 64, 256, 4, 64, 1024, 64, 64, 16, 256);
  }

  @Override
  public ProtectionDomain allocPd() {
    return new Pd();
  }

  @Override
  public CompletionQueue createCq(int entries, CompletionHandler handler) {
    return new Cq(entries, handler);
  }

  @Override
  public void setAsyncEventHandler(AsyncEventHandler handler) {
    // Nothing happens here that is not in a completion.
  }

  @Override
  public boolean isWithdrawn() {
    return withdrawn;
  }

  private void onAgent(Runnable command) {
    Future<?> done = agent.submit(command);
    try {
      done.get();
    } catch (ExecutionException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private final class Pd implements ProtectionDomain {
    Pd() {
      resources.add(this);
    }

    @Override
    public MemoryRegion getDmaMr(int access) {
      return new Mr();
    }

    @Override
    public FastRegMr allocMr(int maxPages) throws RdmaException {
      throw new RdmaException("no fast registration here");
    }

    @Override
    public QueuePair createQp(QpInitAttributes init) {
      return new Qp((Cq) init.sendCq(), init.maxRecvWr());
    }

    @Override
    public String label() {
      return "pd";
    }

    @Override
    public void close() {
      resources.remove(this);
    }
  }

  private final class Mr implements MemoryRegion {
    final int key = NUMBERS.getAndIncrement();

    Mr() {
      resources.add(this);
    }

    @Override
    public int lkey() {
      return key;
    }

    @Override
    public int rkey() {
      return key;
    }

    @Override
    public String label() {
      return "mr";
    }

    @Override
    public void close() {
      resources.remove(this);
    }
  }

  final class Cq implements CompletionQueue {
    private record Entry(long id, WcStatus status, WcOpcode opcode, int bytes) {}

    private final ConcurrentLinkedQueue<Entry> entries = new ConcurrentLinkedQueue<>();
    private final int capacity;
    private final CompletionHandler handler;
    private volatile boolean notify;
    private volatile boolean open = true;

    Cq(int capacity, CompletionHandler handler) {
      this.capacity = capacity;
      this.handler = handler;
      resources.add(this);
    }

    void add(long id, WcStatus status, WcOpcode opcode, int bytes) {
      if (!open) {
        return;
      }
      entries.add(new Entry(id, status, opcode, bytes));
      if (notify) {
        notify = false;
        handler.onCompletion(this);
      }
    }

    @Override
    public int poll(WorkCompletion[] completions) {
      int n = 0;
      while (n < completions.length) {
        Entry entry = entries.poll();
        if (entry == null) {
          break;
        }
        completions[n++].set(entry.id, entry.status, entry.opcode, 0, entry.bytes);
      }
      return n;
    }

    @Override
    public void reqNotify() {
      notify = true;
    }

    @Override
    public int capacity() {
      return capacity;
    }

    @Override
    public String label() {
      return "cq";
    }

    @Override
    public void close() {
      open = false;
      resources.remove(this);
    }
  }

  final class Qp implements QueuePair {
    final int number = NUMBERS.getAndIncrement();
    private final Cq cq;
    private final int maxReceives;
    private final ArrayDeque<long[]> receives = new ArrayDeque<>();
    private final ConcurrentLinkedQueue<byte[]> unreceived = new ConcurrentLinkedQueue<>();
    volatile QpState state = QpState.RESET;
    volatile FakeTarget.Session session;
    private volatile boolean closed;

    Qp(Cq cq, int maxReceives) {
      this.cq = cq;
      this.maxReceives = maxReceives;
      resources.add(this);
    }

    boolean isClosed() {
      return closed;
    }

    /** Whether the peer still gets an answer. */
    boolean isAlive() {
      return !closed && !withdrawn && state == QpState.RTS;
    }

    /** RDMA by the peer; false for a protection error. On the agent. */
    boolean rdma(long address, byte[] bytes, int offset, int length, boolean write) {
      MemorySegment seen = isAlive() ? ops.device(address, length, write) : null;
      if (seen == null) {
        return false;
      }
      if (write) {
        MemorySegment.copy(bytes, offset, seen, ValueLayout.JAVA_BYTE, 0, length);
      } else {
        MemorySegment.copy(seen, ValueLayout.JAVA_BYTE, 0, bytes, offset, length);
      }
      return true;
    }

    /** A message of the peer. On the agent. */
    void deliver(byte[] message) {
      unreceived.add(message);
      match();
    }

    private void match() {
      while (isAlive()) {
        long[] receive;
        byte[] message;
        synchronized (receives) {
          if (receives.isEmpty() || unreceived.isEmpty()) {
            return;
          }
          receive = receives.poll();
          message = unreceived.poll();
        }
        if (rdma(receive[1], message, 0, message.length, true)) {
          cq.add(receive[0], WcStatus.SUCCESS, WcOpcode.RECV, message.length);
        } else {
          fail(WcStatus.LOC_PROT_ERR);
        }
      }
    }

    /** The queue pair goes into error: everything posted is flushed. On the agent. */
    void fail(WcStatus first) {
      if (state == QpState.ERR) {
        return;
      }
      state = QpState.ERR;
      WcStatus status = first;
      synchronized (receives) {
        while (!receives.isEmpty()) {
          cq.add(receives.poll()[0], status, WcOpcode.RECV, 0);
          status = WcStatus.WR_FLUSH_ERR;
        }
      }
    }

    @Override
    public int qpn() {
      return number;
    }

    @Override
    public QpType type() {
      return QpType.RC;
    }

    @Override
    public QpState state() {
      return state;
    }

    @Override
    public void modify(QpAttributes attributes) {
      state = attributes.state();
    }

    @Override
    public QpAttributes query() {
      return new QpAttributes().state(state);
    }

    @Override
    public PostResult postSend(SendWr request) {
      if (withdrawn || closed) {
        return PostResult.WITHDRAWN;
      }
      long id = request.wrId();
      long address = request.sges().address(0);
      int length = request.sges().length(0);
      agent.execute(() -> carryOut(id, address, length));
      return PostResult.OK;
    }

    private void carryOut(long id, long address, int length) {
      byte[] message = new byte[length];
      if (!isAlive()) {
        cq.add(id, WcStatus.WR_FLUSH_ERR, WcOpcode.SEND, 0);
      } else if (!rdma(address, message, 0, length, false)) {
        cq.add(id, WcStatus.LOC_PROT_ERR, WcOpcode.SEND, 0);
        fail(WcStatus.WR_FLUSH_ERR);
      } else {
        session.onMessage(message);
        cq.add(id, WcStatus.SUCCESS, WcOpcode.SEND, 0);
      }
    }

    @Override
    public PostResult postRecv(RecvWr request) {
      if (withdrawn || closed) {
        return PostResult.WITHDRAWN;
      }
      synchronized (receives) {
        if (receives.size() == maxReceives) {
          return PostResult.QUEUE_FULL;
        }
        receives.add(new long[] {request.wrId(), request.sges().address(0)});
      }
      if (!unreceived.isEmpty()) {
        agent.execute(this::match);
      }
      return PostResult.OK;
    }

    @Override
    public String label() {
      return "qp";
    }

    @Override
    public void close() {
      closed = true;
      onAgent(() -> {});
      resources.remove(this);
    }
  }
}
