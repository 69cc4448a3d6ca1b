// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

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
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A device in memory. What is posted is carried out by its agent thread against the memory of a
 * {@link FakeInitiator}; queue sizes and order are kept as hardware does, and misuse is noted.
 */
final class FakeHca implements RdmaDevice, AutoCloseable {
  private static final AtomicInteger NUMBERS = new AtomicInteger(0x100);

  final FakeDmaOps ops;
  final Set<Object> resources = ConcurrentHashMap.newKeySet();
  final List<String> misuse = new CopyOnWriteArrayList<>();
  final ExecutorService agent;
  final int maxQpWr;
  private final long generation;
  private final IbDma dma;
  private final AtomicInteger untilFailure = new AtomicInteger(-1);
  private volatile boolean readsHeld;

  /**
   * Whether messages that nobody waits for are dropped instead of being held against the target.
   */
  volatile boolean lenient;

  FakeHca(long generation, int maxQpWr) {
    this.generation = generation;
    this.maxQpWr = maxQpWr;
    agent =
        Executors.newSingleThreadExecutor(
            r -> {
              Thread thread = new Thread(r, "agent");
              thread.setDaemon(true);
              return thread;
            });
    ops = new FakeDmaOps(0x7000_0000_0000L + generation * 0x10_0000_0000L);
    dma = new IbDma(new IbDevice("fake0", 1, -1, 1 << 20, -1, "test"), ops);
  }

  /** Everything that is not closed or unmapped. */
  int leftovers() {
    return resources.size() + ops.live();
  }

  /** The call after this many that makes a resource fails. */
  void failAfter(int calls) {
    untilFailure.set(calls);
  }

  /** READs are not carried out until they are let go; everything behind one waits too. */
  void holdReads(boolean hold) {
    readsHeld = hold;
    if (!hold) {
      for (Object resource : resources) {
        if (resource instanceof Qp qp) {
          agent.execute(qp::run);
        }
      }
    }
  }

  private void mayFail(String what) throws RdmaException {
    if (untilFailure.get() >= 0 && untilFailure.getAndDecrement() == 0) {
      throw new RdmaException("no room for a " + what);
    }
  }

  @Override
  public String name() {
    return "fake0";
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
    return new DeviceAttributes(1, "p0", 1024, 64, maxQpWr, 4, 64, 4096, 64, 64, 16, 256);
  }

  @Override
  public ProtectionDomain allocPd() throws RdmaException {
    mayFail("pd");
    return new Pd();
  }

  @Override
  public CompletionQueue createCq(int entries, @Nullable CompletionHandler handler)
      throws RdmaException {
    mayFail("cq");
    return new Cq(entries, handler);
  }

  @Override
  public void setAsyncEventHandler(AsyncEventHandler handler) {
    // Nothing happens here that is not in a completion.
  }

  @Override
  public boolean isWithdrawn() {
    return false;
  }

  @Override
  public void close() {
    agent.shutdown();
  }

  private abstract class Resource {
    Resource() {
      resources.add(this);
    }

    public String label() {
      return getClass().getSimpleName();
    }

    public void close() {
      resources.remove(this);
    }
  }

  private final class Pd extends Resource implements ProtectionDomain {
    @Override
    public MemoryRegion getDmaMr(int access) throws RdmaException {
      mayFail("mr");
      return new Mr();
    }

    @Override
    public FastRegMr allocMr(int maxPages) throws RdmaException {
      throw new RdmaException("no fast registration here");
    }

    @Override
    public QueuePair createQp(QpInitAttributes init) throws RdmaException {
      mayFail("qp");
      return new Qp((Cq) init.sendCq(), init.maxSendWr(), init.maxRecvWr());
    }

    @Override
    public void close() {
      if (resources.stream().anyMatch(r -> r instanceof Qp || r instanceof Mr)) {
        throw new IllegalStateException("something of the domain lives");
      }
      super.close();
    }
  }

  private final class Mr extends Resource implements MemoryRegion {
    @Override
    public int lkey() {
      return 0x4C;
    }

    @Override
    public int rkey() {
      return 0x4C;
    }
  }

  final class Cq extends Resource implements CompletionQueue {
    private record Entry(Qp qp, long id, WcStatus status, WcOpcode opcode, int bytes, int slots) {}

    private final ConcurrentLinkedQueue<Entry> entries = new ConcurrentLinkedQueue<>();
    private final AtomicInteger size = new AtomicInteger();
    private final int capacity;
    private final @Nullable CompletionHandler handler;
    private volatile boolean notify;

    Cq(int capacity, @Nullable CompletionHandler handler) {
      this.capacity = capacity;
      this.handler = handler;
    }

    private void add(Entry entry) {
      if (size.incrementAndGet() > capacity) {
        misuse.add("completion queue overrun");
      }
      entries.add(entry);
      if (notify) {
        notify = false;
        if (handler != null) {
          handler.onCompletion(this);
        }
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
        size.decrementAndGet();
        entry.qp.usedSends.addAndGet(-entry.slots);
        completions[n++].set(entry.id, entry.status, entry.opcode, entry.qp.number, entry.bytes);
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
  }

  final class Qp extends Resource implements QueuePair {
    private record Send(
        long id,
        WrOpcode opcode,
        boolean signaled,
        long remote,
        int rkey,
        long[] at,
        int[] length) {
      int bytes() {
        int sum = 0;
        for (int n : length) {
          sum += n;
        }
        return sum;
      }
    }

    final int number = NUMBERS.getAndIncrement();
    final AtomicInteger usedSends = new AtomicInteger();
    private final Cq cq;
    private final int maxSends;
    private final int maxReceives;
    private final ArrayDeque<long[]> receives = new ArrayDeque<>();
    private final ConcurrentLinkedQueue<Send> sends = new ConcurrentLinkedQueue<>();
    private int unsignaled;
    volatile QpState state = QpState.RESET;
    volatile @Nullable FakeInitiator peer;
    volatile boolean open = true;

    /** Nothing that is posted is carried out, as by a peer that acknowledges nothing. */
    volatile boolean held;

    volatile boolean throwsAtClose;

    Qp(Cq cq, int maxSends, int maxReceives) {
      this.cq = cq;
      this.maxSends = maxSends;
      this.maxReceives = maxReceives;
    }

    private synchronized boolean isAlive() {
      return open && state == QpState.RTS;
    }

    /** A message of the peer; on the agent. */
    synchronized void deliver(byte[] message) {
      if (!isAlive()) {
        return;
      }
      long[] receive = receives.poll();
      if (receive == null && lenient) {
        // A peer without manners is kept waiting by RNR; here it is not heard.
        return;
      }
      if (receive == null) {
        misuse.add("no receive for a message");
        return;
      }
      MemorySegment to = ops.device(receive[1], Math.max(1, message.length), true);
      if (to == null || message.length > receive[2]) {
        fail(receive[0], to == null ? WcStatus.LOC_PROT_ERR : WcStatus.LOC_LEN_ERR, WcOpcode.RECV);
        return;
      }
      MemorySegment.copy(message, 0, to, ValueLayout.JAVA_BYTE, 0, message.length);
      cq.add(new Cq.Entry(this, receive[0], WcStatus.SUCCESS, WcOpcode.RECV, message.length, 0));
    }

    /** Into the error state: everything posted is flushed. */
    private synchronized void fail(long id, WcStatus status, WcOpcode opcode) {
      if (state != QpState.ERR && open) {
        state = QpState.ERR;
        cq.add(new Cq.Entry(this, id, status, opcode, 0, 0));
      }
    }

    synchronized void breakLink() {
      fail(0, WcStatus.RETRY_EXC_ERR, WcOpcode.SEND);
    }

    /** Carries out what is posted, in order; on the agent. */
    synchronized void run() {
      while (isAlive() && !held && !sends.isEmpty()) {
        if (readsHeld && sends.peek().opcode == WrOpcode.RDMA_READ) {
          return;
        }
        carryOut(sends.poll());
      }
    }

    private void carryOut(Send send) {
      FakeInitiator initiator = peer;
      byte[] bytes = new byte[send.bytes()];
      WcStatus status = WcStatus.SUCCESS;
      if (send.opcode == WrOpcode.RDMA_READ) {
        status = initiator.access(send.remote, send.rkey, bytes, false);
      }
      int at = 0;
      for (int i = 0; i < send.at.length && status == WcStatus.SUCCESS; i++) {
        MemorySegment local =
            ops.device(send.at[i], send.length[i], send.opcode == WrOpcode.RDMA_READ);
        if (local == null) {
          misuse.add("wrong local address");
          status = WcStatus.LOC_PROT_ERR;
        } else if (send.opcode == WrOpcode.RDMA_READ) {
          MemorySegment.copy(bytes, at, local, ValueLayout.JAVA_BYTE, 0, send.length[i]);
        } else {
          MemorySegment.copy(local, ValueLayout.JAVA_BYTE, 0, bytes, at, send.length[i]);
        }
        at += send.length[i];
      }
      if (send.opcode == WrOpcode.RDMA_WRITE && status == WcStatus.SUCCESS) {
        status = initiator.access(send.remote, send.rkey, bytes, true);
      } else if (send.opcode == WrOpcode.SEND && status == WcStatus.SUCCESS) {
        initiator.onMessage(bytes);
      }
      unsignaled++;
      if (status != WcStatus.SUCCESS) {
        fail(send.id, status, send.opcode.wcOpcode());
      } else if (send.signaled) {
        cq.add(
            new Cq.Entry(this, send.id, status, send.opcode.wcOpcode(), bytes.length, unsignaled));
        unsignaled = 0;
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
    public void modify(QpAttributes attributes) throws RdmaException {
      mayFail("transition");
      state = attributes.state();
    }

    @Override
    public QpAttributes query() {
      return new QpAttributes().state(state);
    }

    @Override
    public PostResult postSend(SendWr request) {
      if (!open) {
        misuse.add("send posted on a closed queue pair");
        return PostResult.WITHDRAWN;
      }
      if (usedSends.incrementAndGet() > maxSends) {
        misuse.add("send queue overrun");
        return PostResult.QUEUE_FULL;
      }
      int n = request.sges().count();
      long[] at = new long[n];
      int[] length = new int[n];
      for (int i = 0; i < n; i++) {
        at[i] = request.sges().address(i);
        length[i] = request.sges().length(i);
      }
      if (n > 4) {
        misuse.add(n + " elements");
      }
      sends.add(
          new Send(
              request.wrId(),
              request.opcode(),
              request.signaled(),
              request.remoteAddress(),
              request.rkey(),
              at,
              length));
      agent.execute(this::run);
      return PostResult.OK;
    }

    @Override
    public synchronized PostResult postRecv(RecvWr request) {
      if (!open) {
        misuse.add("receive posted on a closed queue pair");
        return PostResult.WITHDRAWN;
      }
      if (receives.size() == maxReceives) {
        misuse.add("receive queue overrun");
        return PostResult.QUEUE_FULL;
      }
      receives.add(
          new long[] {request.wrId(), request.sges().address(0), request.sges().length(0)});
      return PostResult.OK;
    }

    @Override
    public synchronized void close() {
      open = false;
      super.close();
      if (throwsAtClose) {
        throw new IllegalStateException("the hardware does not answer");
      }
    }

    /** Goes on with what was held. */
    void letGo() {
      held = false;
      agent.execute(this::run);
    }
  }
}
