// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.driver.ehca.internal.firmware.RegisterPage;
import ib.driver.ehca.internal.format.Eqe;
import ib.driver.ehca.internal.format.Hcall;
import ib.driver.ehca.internal.format.HcallResult;
import ib.driver.ehca.internal.format.Memory;
import ib.driver.ehca.internal.format.Register;
import ib.driver.ehca.internal.format.ResourceType;
import ib.transport.agent.AgentTask;
import ib.transport.hca.Doorbell;
import ib.verbs.AsyncEventType;
import ib.verbs.RdmaException;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The driver's side of the event queue: read at each interrupt, and once a second in case one was
 * lost. Agent thread, unless said.
 */
final class EventQueue implements AgentTask {
  /** More than one event of each kind that every queue can have waiting. */
  private static final int ENTRIES = 1 << 15;

  private static final long PERIOD_NS = TimeUnit.SECONDS.toNanos(1);

  private final EhcaHca hca;
  private final QueueMemory memory;
  private final RegisterPage registers;
  private final Map<Integer, EhcaCq> cqs = new ConcurrentHashMap<>();
  private final Map<Integer, EhcaSrq> srqs = new ConcurrentHashMap<>();
  private @Nullable Doorbell interrupt;
  private long head;
  private long nextLookNs;
  private boolean fatal;

  private EventQueue(EhcaHca hca, QueueMemory memory, RegisterPage registers) {
    this.hca = hca;
    this.memory = memory;
    this.registers = registers;
    nextLookNs = hca.commands.agent().clock().nanoTime() + PERIOD_NS;
  }

  /** Makes the queue. Any thread. */
  static EventQueue create(EhcaHca hca) throws RdmaException {
    String what = "event queue";
    HcallResult made = hca.hcalls.run(what, Hcall.H_ALLOC_RESOURCE, ResourceType.EQ, ENTRIES);
    QueueMemory memory =
        QueueMemory.allocate(hca.context.dma(), what, ENTRIES, Eqe.BYTES_PER_ENTRY, hca.queues);
    memory.register(hca.hcalls, what, made.r4(), ResourceType.QUEUE_FIRST);
    RegisterPage registers =
        hca.commands.call("mapping " + what, () -> hca.hcalls.hypervisor().map(made.r4()));
    return new EventQueue(hca, memory, registers);
  }

  /** Connects the interrupt. Any thread. */
  void start(Doorbell line) throws RdmaException {
    hca.commands.call(
        "connecting the interrupt",
        () -> {
          interrupt = line;
          hca.hcalls.hypervisor().connect(line::ring);
          return true;
        });
    hca.commands.agent().add(this, EhcaHca.COMMAND_TIMEOUT);
  }

  /** Ends the looking. Any thread. */
  void stop() {
    hca.commands.agent().remove(this, EhcaHca.COMMAND_TIMEOUT);
  }

  /** Any thread. */
  void add(int token, EhcaCq cq) {
    cqs.put(token, cq);
  }

  /** Any thread. */
  void add(int token, EhcaSrq srq) {
    srqs.put(token, srq);
  }

  /** Any thread. */
  void remove(int token) {
    cqs.remove(token);
    srqs.remove(token);
  }

  /** The shared receive queue of a token, or null. Any thread. */
  @Nullable EhcaSrq srq(int token) {
    return srqs.get(token);
  }

  /** Handles what is in the queue. */
  void poll() {
    if (!memory.gate.enter()) {
      return;
    }
    try {
      while (next()) {}
    } catch (RuntimeException e) {
      // A handler threw: the agent reports it; the events behind it must not wait.
      if (interrupt != null) {
        interrupt.ring();
      }
      throw e;
    } finally {
      memory.gate.leave();
    }
    if (!fatal && registers.load(Register.EQ_OVERRUN) != 0) {
      fatal = true;
      hca.context.asyncEvent(AsyncEventType.DEVICE_FATAL, "the event queue overran");
    }
  }

  private boolean next() {
    MemorySegment segment = memory.segment();
    long offset = memory.offset(head);
    int valid = Memory.acquire32(segment, offset + Eqe.VALID);
    if ((valid & 1) != memory.validBit(head)) {
      return false;
    }
    int kind = Memory.get32(segment, offset + Eqe.KIND);
    int subject = Memory.get32(segment, offset + Eqe.SUBJECT);
    head++;
    registers.store(Register.EQ_CONSUMED, 1);
    handle(kind, subject);
    return true;
  }

  private void handle(int kind, int subject) {
    switch (kind) {
      case Eqe.COMPLETION -> {
        EhcaCq cq = cqs.get(subject);
        if (cq != null) {
          cq.notifyHandler();
        }
      }
      case Eqe.CQ_ERROR -> {
        EhcaCq cq = cqs.get(subject);
        if (cq != null) {
          String detail = "overran its " + cq.capacity() + " entries";
          hca.context.asyncEvent(AsyncEventType.CQ_ERR, cq.label() + " " + detail);
          cq.tellOwner(AsyncEventType.CQ_ERR, detail);
        }
      }
      case Eqe.QP_ERROR -> {
        EhcaQp qp = hca.qps.find(subject);
        if (qp != null) {
          qp.failed();
        }
      }
      case Eqe.PORT_UP -> hca.context.asyncEvent(AsyncEventType.PORT_ACTIVE, "the port came up");
      case Eqe.PORT_DOWN -> hca.context.asyncEvent(AsyncEventType.PORT_ERR, "the port went down");
      case Eqe.SQ_ERROR -> {
        EhcaQp qp = hca.qps.find(subject);
        if (qp != null) {
          qp.sendQueueFailed();
        }
      }
      case Eqe.COMM_EST ->
          tellOfQp(subject, AsyncEventType.COMM_EST, "received the first packet in RTR");
      case Eqe.SQ_DRAINED -> tellOfQp(subject, AsyncEventType.SQ_DRAINED, "nothing is in progress");
      case Eqe.LAST_WQE ->
          tellOfQp(subject, AsyncEventType.QP_LAST_WQE_REACHED, "takes no receive any more");
      case Eqe.SRQ_LIMIT ->
          tellOfSrq(
              subject, AsyncEventType.SRQ_LIMIT_REACHED, "fewer receives are left; post more");
      case Eqe.SRQ_ERROR -> tellOfSrq(subject, AsyncEventType.SRQ_ERR, "its entries can't be read");
      default -> hca.context.asyncEvent(AsyncEventType.DEVICE_FATAL, "unknown event kind " + kind);
    }
  }

  private void tellOfQp(int qpn, AsyncEventType type, String detail) {
    EhcaQp qp = hca.qps.find(qpn);
    if (qp != null) {
      qp.tellOwner(type, detail);
    }
  }

  private void tellOfSrq(int token, AsyncEventType type, String detail) {
    EhcaSrq srq = srqs.get(token);
    if (srq != null) {
      srq.tellOwner(type, detail);
    }
  }

  @Override
  public int doWork(long nowNs) {
    if (nowNs - nextLookNs < 0) {
      return 0;
    }
    nextLookNs = nowNs + PERIOD_NS;
    poll();
    return 0;
  }

  @Override
  public long nextDeadlineNs() {
    return nextLookNs;
  }

  @Override
  public String toString() {
    return "event queue of " + hca.commands.device();
  }
}
