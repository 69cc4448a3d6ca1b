// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.dma.BusWindow;
import ib.transport.MemoryStatus;
import ib.transport.QpBackend;
import ib.transport.RecvWqe;
import ib.transport.RemoteRange;
import ib.transport.SendWqe;
import ib.verbs.WcFlags;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;

/** A device's side of a queue pair: queues of entries, and lists of what was completed. */
class SimBackend implements QpBackend {
  record SendDone(
      long cookie, boolean signaled, WcStatus status, WcOpcode opcode, int lengthBytes) {}

  record ReceiveDone(
      long cookie,
      WcStatus status,
      WcOpcode opcode,
      int lengthBytes,
      int flags,
      int immediateOrKey,
      int srcQpn,
      boolean solicited) {
    boolean hasImmediate() {
      return flags == WcFlags.WITH_IMM;
    }

    int immediate() {
      return immediateOrKey;
    }
  }

  final SimMemory memory;
  final Deque<Consumer<SendWqe>> sends = new ArrayDeque<>();
  final Deque<Consumer<RecvWqe>> receives = new ArrayDeque<>();
  final List<SendDone> sendDone = new ArrayList<>();
  final List<ReceiveDone> receiveDone = new ArrayList<>();
  final List<String> fatal = new ArrayList<>();

  /** COMM_EST, SQE, SQ_DRAINED and LAST_WQE, as they came. */
  final List<String> events = new ArrayList<>();

  /** Whether {@link #receives} is a shared receive queue. */
  boolean shared;

  /** A shared receive queue in the place of {@link #receives}, or null. */
  SimSrq srq;

  /** Local operations in the order of their execution. */
  final List<WrOpcode> executed = new ArrayList<>();

  Consumer<SendDone> onSend = done -> {};
  Consumer<ReceiveDone> onReceive = done -> {};

  /** Told of what put the queue pair into error; must not call the queue pair. */
  Consumer<String> whenFatal = cause -> {};

  private long nextSendCookie;
  private long nextReceiveCookie;

  SimBackend(SimMemory memory) {
    this.memory = memory;
  }

  /** Posts a signalled send with one element; returns its cookie, 0, 1, 2, .. */
  long post(WrOpcode opcode, int offset, int length, Consumer<SendWqe> more) {
    long cookie = nextSendCookie++;
    sends.add(
        wqe -> {
          wqe.begin(cookie, opcode);
          wqe.setFlags(true, false, false);
          if (length > 0) {
            wqe.addSge(SimMemory.BASE + offset, length, memory.allKey);
          }
          more.accept(wqe);
        });
    return cookie;
  }

  /** How many sends were posted. */
  long posted() {
    return nextSendCookie;
  }

  /** Posts a receive with one element; returns its cookie, 0, 1, 2, .. */
  long postReceive(int offset, int length) {
    return postReceive(
        wqe -> {
          if (length > 0) {
            wqe.addSge(SimMemory.BASE + offset, length, memory.allKey);
          }
        });
  }

  long postReceive(Consumer<RecvWqe> fill) {
    long cookie = nextReceiveCookie++;
    receives.add(
        wqe -> {
          wqe.clearSges();
          wqe.setCookie(cookie);
          fill.accept(wqe);
        });
    return cookie;
  }

  @Override
  public boolean nextSend(SendWqe into) {
    Consumer<SendWqe> fill = sends.poll();
    if (fill != null) {
      fill.accept(into);
    }
    return fill != null;
  }

  @Override
  public boolean nextReceive(RecvWqe into) {
    if (srq != null) {
      return srq.next(this, into);
    }
    Consumer<RecvWqe> fill = receives.poll();
    if (fill != null) {
      fill.accept(into);
    }
    return fill != null;
  }

  @Override
  public MemoryStatus resolveLocal(
      int lkey, long address, long lengthBytes, boolean write, BusWindow window) {
    return memory.resolve(lkey, address, lengthBytes, write ? SimMemory.LOCAL_WRITE : 0, window);
  }

  @Override
  public MemoryStatus resolveRemote(
      int rkey, long address, long lengthBytes, int need, BusWindow window) {
    return memory.resolve(rkey, address, lengthBytes, need, window);
  }

  @Override
  public MemoryStatus remoteRange(int rkey, int need, RemoteRange into) {
    return memory.range(rkey, need, into);
  }

  @Override
  public boolean executeLocal(SendWqe entry) {
    executed.add(entry.opcode());
    return switch (entry.opcode()) {
      case LOCAL_INV -> memory.invalidate(entry.key());
      case BIND_MW ->
          memory.bind(
              entry.regionKey(),
              entry.newKey(),
              entry.localAddress(),
              entry.localLength(),
              entry.access());
      case REG_MR -> {
        long offset = entry.localAddress() - SimMemory.BASE;
        memory.put(
            entry.newKey(),
            entry.localAddress(),
            offset,
            entry.localLength(),
            entry.access(),
            true);
        yield true;
      }
      default -> false;
    };
  }

  @Override
  public boolean invalidateRemote(int rkey) {
    return memory.invalidate(rkey);
  }

  @Override
  public void completeSend(
      long cookie, boolean signaled, WcStatus status, WcOpcode opcode, int lengthBytes) {
    SendDone done = new SendDone(cookie, signaled, status, opcode, lengthBytes);
    sendDone.add(done);
    onSend.accept(done);
  }

  @Override
  public void completeReceive(
      long cookie,
      WcStatus status,
      WcOpcode opcode,
      int lengthBytes,
      int flags,
      int immediateOrKey,
      int srcQpn,
      boolean solicited) {
    ReceiveDone done =
        new ReceiveDone(
            cookie, status, opcode, lengthBytes, flags, immediateOrKey, srcQpn, solicited);
    receiveDone.add(done);
    onReceive.accept(done);
    if (srq != null) {
      srq.done(this, cookie);
    }
  }

  /** Whether receives are shared with other queue pairs. */
  boolean isShared() {
    return shared || srq != null;
  }

  @Override
  public boolean sharesReceives() {
    return isShared();
  }

  @Override
  public void onLastWqe() {
    events.add("LAST_WQE");
  }

  @Override
  public void onCommEst() {
    events.add("COMM_EST");
  }

  @Override
  public void onSqDrained() {
    events.add("SQ_DRAINED");
  }

  @Override
  public void onSqe(String cause) {
    events.add("SQE");
  }

  @Override
  public void onFatal(String cause) {
    fatal.add(cause);
    whenFatal.accept(cause);
  }
}
