// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.PortQp;
import ib.verbs.FlushLevel;
import ib.verbs.FlushPlacement;
import ib.verbs.WcFlags;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * One direction of a simulated connection: planned operations, and the reference model that says
 * what each completion must be and what memory must hold at that moment. What is complete is
 * overwritten, so that anything executed twice shows.
 */
final class SimFlow implements SimWork {
  /** What goes wrong on purpose. */
  enum Fault {
    NONE,
    WRONG_KEY,
    OUT_OF_BOUNDS,
    NO_RIGHT,
    WRONG_LOCAL_KEY,
    MALFORMED,
    RECEIVE_TOO_SHORT,
    /** One side goes into error while work is on its way. */
    BROKEN,
    /** A receive is never posted; the sender's RNR retries must be few. */
    NEVER_READY
  }

  private record Operation(
      WrOpcode opcode,
      int length,
      int local,
      int remote,
      int immediate,
      boolean signaled,
      boolean solicited,
      boolean fence,
      int key,
      Fault fault) {
    boolean needsReceive() {
      return opcode.isSend() || opcode.hasImmediate();
    }
  }

  /** What is planned, the usual more often. */
  private static final List<WrOpcode> OPCODES =
      List.of(
          WrOpcode.SEND,
          WrOpcode.SEND_WITH_IMM,
          WrOpcode.RDMA_WRITE,
          WrOpcode.RDMA_WRITE_WITH_IMM,
          WrOpcode.RDMA_READ,
          WrOpcode.SEND,
          WrOpcode.RDMA_WRITE,
          WrOpcode.RDMA_READ,
          WrOpcode.ATOMIC_FETCH_AND_ADD,
          WrOpcode.ATOMIC_CMP_AND_SWP,
          WrOpcode.ATOMIC_WRITE,
          WrOpcode.FLUSH,
          WrOpcode.SEND_WITH_INV,
          WrOpcode.LOCAL_INV);

  private static final byte DONE = 0x5A;
  private static final int SLACK = 8;
  private static final int LEFT_OVER = 4;

  private final Random random;
  private final SimMemory from;
  private final SimMemory to;
  private final int fromKey;
  private final int toKey;
  private final SimBackend sender;
  private final SimBackend receiver;
  private final PortQp senderQp;
  private final PortQp receiverQp;
  private final List<Operation> operations = new ArrayList<>();
  private final List<Operation> receives = new ArrayList<>();

  /** What lay at the remote place of each operation when it was posted. */
  private final Map<Operation, Long> before = new IdentityHashMap<>();

  /** Ranges that nothing may touch any more: memory, offset, length. */
  private final List<MemorySegment> finished = new ArrayList<>();

  private int posted;
  private int receivesPosted;
  private int completed;
  private int received;
  private int faultAt = -1;
  private WcStatus faultStatus = WcStatus.SUCCESS;

  /** Keys that were made to be refused. */
  private final List<Integer> extraKeys = new ArrayList<>();

  private final List<Integer> ownKeys = new ArrayList<>();

  /** Set once the connection may break: by a fault here or in the other direction. */
  private boolean[] mayBreak;

  /** Whether the sender gives up when receives come late. */
  private boolean fewRetries;

  /** Whether no NAK gets lost. */
  boolean exact;

  /** One end: its memory, and the key that opens its part of it to the other. */
  record Side(SimMemory memory, int key, SimBackend backend, PortQp qp) {}

  SimFlow(Random random, Side from, Side to, boolean[] mayBreak) {
    this.random = random;
    this.from = from.memory;
    this.to = to.memory;
    this.fromKey = from.memory.allKey;
    this.toKey = to.key;
    this.sender = from.backend;
    this.senderQp = from.qp;
    this.receiver = to.backend;
    this.receiverQp = to.qp;
    this.mayBreak = mayBreak;
    sender.onSend = this::onSendDone;
    receiver.onReceive = this::onReceiveDone;
  }

  /** Plans operations; {@code places} hands out memory of both hosts. */
  void plan(int count, int mtu, SimPlaces fromPlaces, SimPlaces toPlaces, Fault fault) {
    fewRetries = fault == Fault.NEVER_READY;
    boolean somewhere = fault != Fault.NONE && fault != Fault.BROKEN;
    int faulty = somewhere && !(fewRetries && isShared()) ? random.nextInt(count) : -1;
    for (int i = 0; i < count; i++) {
      WrOpcode opcode = OPCODES.get(random.nextInt(OPCODES.size()));
      // Something is left for all that follow, and for the other direction.
      int left = Math.min(fromPlaces.left(), toPlaces.left());
      int room = left / (count - i + LEFT_OVER) - 2 * SLACK;
      int length = Math.min(room, lengthOf(opcode, mtu));
      if (i == faulty) {
        opcode = opcodeFor(fault);
        length = 1 + random.nextInt(Math.min(room - 1, 4 * mtu));
      }
      if (receiver.srq != null && opcode.isSend()) {
        int most = receiver.srq.bytes;
        boolean tooLong = i == faulty && fault == Fault.RECEIVE_TOO_SHORT;
        length = tooLong ? most + 1 + random.nextInt(mtu) : Math.min(length, most);
      }
      int local = fromPlaces.take(length + SLACK);
      int remote = toPlaces.take(length + SLACK);
      int key =
          switch (opcode) {
            case SEND_WITH_INV -> fastKey(to, remote, extraKeys);
            case LOCAL_INV -> fastKey(from, local, ownKeys);
            default -> 0;
          };
      Operation op =
          new Operation(
              opcode,
              length,
              local,
              remote,
              random.nextInt(),
              random.nextBoolean(),
              random.nextBoolean(),
              random.nextInt(4) == 0,
              key,
              i == faulty ? fault : Fault.NONE);
      operations.add(op);
      if (op.needsReceive()) {
        receives.add(op);
      }
    }
    faultAt = faulty;
  }

  private int lengthOf(WrOpcode opcode, int mtu) {
    if (opcode.isAtomic() || opcode == WrOpcode.ATOMIC_WRITE) {
      return Long.BYTES;
    }
    return opcode.isLocal() || opcode == WrOpcode.FLUSH ? 0 : length(mtu);
  }

  private int length(int mtu) {
    return switch (random.nextInt(6)) {
      case 0 -> random.nextInt(4);
      case 1, 2 -> Math.max(0, (random.nextInt(12)) * mtu + random.nextInt(3) - 1);
      case 3 -> random.nextInt(mtu);
      case 4 -> random.nextInt(20 * mtu);
      default -> random.nextInt(64) * 64;
    };
  }

  private WrOpcode opcodeFor(Fault fault) {
    boolean first = random.nextBoolean();
    return switch (fault) {
      case NEVER_READY -> first ? WrOpcode.SEND : WrOpcode.RDMA_WRITE_WITH_IMM;
      case RECEIVE_TOO_SHORT -> first ? WrOpcode.SEND : WrOpcode.SEND_WITH_IMM;
      case WRONG_KEY, OUT_OF_BOUNDS, NO_RIGHT -> first ? WrOpcode.RDMA_READ : WrOpcode.RDMA_WRITE;
      default -> WrOpcode.RDMA_WRITE;
    };
  }

  @Override
  public boolean postSome() {
    int burst = 1 + random.nextInt(8);
    for (int i = 0; i < burst && posted < operations.size(); i++) {
      post(operations.get(posted++));
    }
    senderQp.kickSend();
    int receiveBurst = random.nextInt(6);
    if (isShared()) {
      receivesPosted = receives.size();
    }
    for (int i = 0; i < receiveBurst && isNextReady(); i++) {
      postReceive(receives.get(receivesPosted++));
    }
    receiverQp.kickReceive();
    return posted < operations.size() || receivesPosted < receives.size();
  }

  private boolean isNextReady() {
    return receivesPosted < receives.size()
        && receives.get(receivesPosted).fault != Fault.NEVER_READY;
  }

  /** Whether the receives are somebody else's to post. */
  private boolean isShared() {
    return receiver.isShared();
  }

  private void post(Operation op) {
    int split = op.length > 10 ? random.nextInt(op.length) : 0;
    int lkey = op.fault == Fault.WRONG_LOCAL_KEY ? 99 : fromKey;
    int rkey = remoteKey(op);
    long there = to.segment.get(ValueLayout.JAVA_LONG, op.remote);
    before.put(op, there);
    sender.post(
        op.opcode,
        0,
        0,
        wqe -> {
          wqe.setFlags(op.signaled, op.solicited, op.fence);
          wqe.setImmediate(op.immediate);
          if (split > 0) {
            wqe.addSge(SimMemory.BASE + op.local, split, lkey);
          }
          if (op.length > 0) {
            wqe.addSge(SimMemory.BASE + op.local + split, op.length - split, lkey);
          }
          if (op.opcode.isRdma()) {
            wqe.setRemote(SimMemory.BASE + op.remote, rkey);
          }
          wqe.setInvalidate(op.key);
          wqe.setFlush(FlushPlacement.GLOBAL, FlushLevel.RANGE, SLACK);
          boolean swap = op.opcode == WrOpcode.ATOMIC_CMP_AND_SWP;
          wqe.setAtomic(swap ? compareOf(op, there) : op.immediate, op.immediate);
          if (op.fault == Fault.MALFORMED) {
            wqe.setMalformed();
          }
        });
  }

  /** Half of the comparisons find what they look for. */
  private static long compareOf(Operation op, long there) {
    return (op.immediate & 1) == 0 ? there : ~there;
  }

  private int remoteKey(Operation op) {
    return switch (op.fault) {
      case WRONG_KEY -> 77;
      case OUT_OF_BOUNDS ->
          wrongKey(op.remote, op.length - 1, SimMemory.REMOTE_READ | SimMemory.REMOTE_WRITE);
      case NO_RIGHT -> wrongKey(op.remote, op.length, SimMemory.LOCAL_WRITE);
      // Without bytes no key is looked at.
      default -> op.length == 0 && op.opcode != WrOpcode.FLUSH ? 0 : toKey;
    };
  }

  private static int fastKey(SimMemory memory, int offset, List<Integer> keys) {
    int key = memory.registerFast(offset, 1, SimMemory.ALL);
    keys.add(key);
    return key;
  }

  private int wrongKey(int offset, int length, int rights) {
    int key = to.register(offset, length, rights);
    extraKeys.add(key);
    return key;
  }

  private void postReceive(Operation op) {
    int extra = op.fault == Fault.RECEIVE_TOO_SHORT ? -1 : random.nextInt(SLACK);
    int bytes = op.opcode == WrOpcode.RDMA_WRITE_WITH_IMM ? 0 : op.length + extra;
    receiver.postReceive(op.remote, bytes);
  }

  private void onSendDone(SimBackend.SendDone done) {
    check(done.cookie() == completed, "send completion " + done + " but next is " + completed);
    Operation op = operations.get(completed++);
    check(done.signaled() == op.signaled, "signalled flag of " + done);
    check(done.opcode() == op.opcode.wcOpcode(), "opcode of " + done + " for " + op);
    if (done.status() != WcStatus.SUCCESS) {
      onError(done.status(), op);
      return;
    }
    check(faultStatus == WcStatus.SUCCESS, "success after error: " + done);
    check(op.fault == Fault.NONE, "success of a faulty operation " + op);
    check(done.lengthBytes() == op.length, "length of " + done + " for " + op);
    switch (op.opcode) {
      case ATOMIC_CMP_AND_SWP, ATOMIC_FETCH_AND_ADD -> checkAtomic(op);
      case LOCAL_INV -> check(!from.isAlive(op.key), "key of " + op + " lives");
      default -> checkBytes(op);
    }
  }

  private void checkAtomic(Operation op) {
    long there = before.getOrDefault(op, 0L);
    long wanted =
        op.opcode == WrOpcode.ATOMIC_FETCH_AND_ADD
            ? there + op.immediate
            : compareOf(op, there) == there ? op.immediate : there;
    check(from.segment.get(ValueLayout.JAVA_LONG, op.local) == there, "answer of " + op);
    check(to.segment.get(ValueLayout.JAVA_LONG, op.remote) == wanted, "result of " + op);
    finish(from, op.local, op.length);
    finish(to, op.remote, op.length);
  }

  private void checkBytes(Operation op) {
    if (op.opcode == WrOpcode.RDMA_READ) {
      check(same(from, op.local, to, op.remote, op.length), "bytes of " + op);
      finish(from, op.local, op.length);
    } else if (op.opcode == WrOpcode.RDMA_WRITE || op.opcode == WrOpcode.ATOMIC_WRITE) {
      check(same(from, op.local, to, op.remote, op.length), "bytes of " + op);
      finish(to, op.remote, op.length);
    }
  }

  private void onError(WcStatus status, Operation op) {
    check(mayBreak[0], "completion with " + status + " without a fault: " + op);
    if (faultStatus == WcStatus.SUCCESS) {
      // A NAK may have been lost, and its sender is then silent.
      check(
          (op.fault != Fault.NONE && status == expected(op.fault))
              || (status == WcStatus.RETRY_EXC_ERR && (!exact || op.fault == Fault.NONE))
              || (status == WcStatus.RNR_RETRY_EXC_ERR && fewRetries && op.needsReceive())
              || status == WcStatus.WR_FLUSH_ERR,
          status + " for " + op);
    }
    check(
        faultStatus == WcStatus.SUCCESS || status == WcStatus.WR_FLUSH_ERR,
        "second error " + status + " of " + op);
    faultStatus = status;
  }

  private static WcStatus expected(Fault fault) {
    return switch (fault) {
      case NONE, BROKEN -> WcStatus.SUCCESS;
      case WRONG_KEY, OUT_OF_BOUNDS, NO_RIGHT -> WcStatus.REM_ACCESS_ERR;
      case WRONG_LOCAL_KEY -> WcStatus.LOC_PROT_ERR;
      case MALFORMED -> WcStatus.LOC_QP_OP_ERR;
      case RECEIVE_TOO_SHORT -> WcStatus.REM_INV_REQ_ERR;
      case NEVER_READY -> WcStatus.RNR_RETRY_EXC_ERR;
    };
  }

  private void onReceiveDone(SimBackend.ReceiveDone done) {
    check(
        isShared() || done.cookie() == received,
        "receive completion " + done + " but next is " + received);
    if (done.status() != WcStatus.SUCCESS) {
      check(mayBreak[0], "receive with " + done.status() + " without a fault");
      received += isShared() ? 0 : 1;
      return;
    }
    check(received < receives.size(), done + " though all was received");
    Operation op = receives.get(received++);
    boolean write = op.opcode == WrOpcode.RDMA_WRITE_WITH_IMM;
    check(
        done.opcode() == (write ? WcOpcode.RECV_RDMA_WITH_IMM : WcOpcode.RECV)
            && done.lengthBytes() == op.length
            && done.hasImmediate() == op.opcode.hasImmediate()
            && (!done.hasImmediate() || done.immediate() == op.immediate)
            && (op.opcode == WrOpcode.SEND_WITH_INV) == (done.flags() == WcFlags.WITH_INV)
            && (op.opcode != WrOpcode.SEND_WITH_INV || done.immediateOrKey() == op.key)
            && (op.opcode != WrOpcode.SEND_WITH_INV || !to.isAlive(op.key))
            && done.solicited() == op.solicited
            && done.srcQpn() == senderQp.qpn(),
        done + " for " + op);
    int place = isShared() && !write ? receiver.srq.place(done.cookie()) : op.remote;
    check(same(from, op.local, to, place, op.length), "bytes of " + op);
    if (place == op.remote) {
      finish(to, op.remote, op.length);
    }
  }

  private static boolean same(SimMemory a, int offsetA, SimMemory b, int offsetB, int length) {
    return MemorySegment.mismatch(
            a.segment, offsetA, offsetA + length, b.segment, offsetB, offsetB + length)
        < 0;
  }

  private void finish(SimMemory memory, int offset, int length) {
    MemorySegment range = memory.segment.asSlice(offset, length);
    range.fill(DONE);
    finished.add(range);
  }

  @Override
  public boolean isDone() {
    return posted == operations.size()
        && receivesPosted == receives.size()
        && completed == operations.size()
        && (received == receives.size() || mayBreak[0]);
  }

  /** After the network is empty: all is complete, and nothing that was has changed since. */
  void checkEnd() {
    check(completed == operations.size(), "completions missing");
    check(received == receives.size(), "receive completions missing");
    check(faultAt < 0 || mayBreak[0], "fault without licence");
    checkFinished();
  }

  /**
   * After both ends are closed: what was posted is complete, flushed at last, where the end lived
   * to tell; nothing that was complete has changed since.
   */
  @Override
  public void checkClosed(boolean senderTold, boolean receiverTold) {
    check(!senderTold || completed == posted, "completions missing: " + this);
    check(
        !receiverTold || isShared() || received == receivesPosted,
        "receive completions missing: " + this);
    check(mayBreak[0] || isDone(), "closed before all was done: " + this);
    checkFinished();
    for (int key : extraKeys) {
      to.deregister(key);
    }
    for (int key : ownKeys) {
      from.deregister(key);
    }
  }

  private void checkFinished() {
    for (MemorySegment range : finished) {
      for (long i = 0; i < range.byteSize(); i++) {
        if (range.get(ValueLayout.JAVA_BYTE, i) != DONE) {
          throw new AssertionError("memory changed after its operation was complete");
        }
      }
    }
  }

  private static void check(boolean right, String what) {
    if (!right) {
      throw new AssertionError(what);
    }
  }

  @Override
  public String toString() {
    return "QP "
        + senderQp.qpn()
        + ": "
        + completed
        + " of "
        + operations.size()
        + " sends, "
        + received
        + " of "
        + receives.size()
        + " receives, posted "
        + posted
        + " and "
        + receivesPosted
        + ", states "
        + senderQp.state()
        + " and "
        + receiverQp.state();
  }
}
