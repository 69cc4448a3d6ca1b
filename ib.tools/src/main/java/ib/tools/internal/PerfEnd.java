// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.dma.DmaDirection;
import ib.tools.internal.PerfOptions.Operation;
import ib.verbs.AccessFlags;
import ib.verbs.AtomicCap;
import ib.verbs.ConnectParams;
import ib.verbs.DeviceAttributes;
import ib.verbs.QpAttributes;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.SendWr;
import ib.verbs.WcOpcode;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One end of a measurement: a queue pair, what it sends or reads into, and what the peer reaches or
 * sends to. Used by the thread of its run.
 */
final class PerfEnd {
  /** As perftest sets it ({@code DEF_QKEY}). */
  private static final int QKEY = 0x1111_1111;

  /** What memory holds to which data comes: no pattern of perftest's. */
  static final byte BLANK = (byte) 0xAA;

  private static final int GRH_BYTES = 40;
  private static final int PSNS = 1 << 24;
  private static final int MIN_RNR_TIMER = 12;
  private static final int RETRIES = 7;

  final PerfOptions options;
  final PerfTerms terms;
  final int sizeBytes;
  final Channel channel;
  final QueuePair qp;
  final Region source;
  final Region target;

  /** Receives posted at a time. */
  final int rxDepth;

  private final int receiveBytes;
  private final int reads;
  private final PerfDest mine;
  private @Nullable PerfDest peer;
  private final PerfWatch watch;

  /**
   * Makes it, its queue pair in INIT.
   *
   * @param sizeBytes largest message
   */
  PerfEnd(Run run, PerfOptions options, PerfTerms terms, int sizeBytes, PerfWatch watch)
      throws RdmaException, ToolException {
    this.options = options;
    this.terms = terms;
    this.sizeBytes = sizeBytes;
    this.watch = watch;
    DeviceAttributes has = run.local().device().query();
    Operation operation = options.operation;
    if (operation == Operation.ATOMIC && has.capabilities().atomicCap() == AtomicCap.NONE) {
      throw new ToolException(
          run.local().device().name() + " has no atomic operations; choose another with -d");
    }
    boolean one = operation == Operation.READ || operation == Operation.ATOMIC;
    int most = options.reads == 0 ? has.maxQpRdAtom() : Math.min(options.reads, has.maxQpRdAtom());
    this.reads = one ? most : 1;
    this.receiveBytes = sizeBytes + (options.type == QpType.UD ? GRH_BYTES : 0);
    int sends = options.txDepth + 1;
    int receives = Math.min(options.rxDepth, Math.min(has.maxQpWr(), has.maxCqe() - sends));
    this.channel = new Channel(run, sends + receives);
    int buffer = terms.bufferBytes(sizeBytes);
    this.source =
        new Region(
            run,
            channel.pd,
            buffer,
            AccessFlags.LOCAL_WRITE,
            one ? DmaDirection.FROM_DEVICE : DmaDirection.TO_DEVICE,
            this::fillSource);
    this.target =
        new Region(
            run,
            channel.pd,
            buffer + GRH_BYTES,
            AccessFlags.LOCAL_WRITE | remoteAccess(operation),
            targetDirection(operation),
            this::fillTarget);
    QpInitAttributes init = channel.attributes(options.type, sends, receives);
    this.qp = channel.queuePair(init.withMaxInlineData(options.inlineBytes));
    this.rxDepth = receives;
    QpAttributes ready = new QpAttributes().state(QpState.INIT);
    qp.modify(
        options.type == QpType.UD
            ? ready.qkey(QKEY)
            : ready.accessFlags(AccessFlags.LOCAL_WRITE | remoteAccess(operation)));
    this.mine =
        new PerfDest(
            reads,
            qp.qpn(),
            ThreadLocalRandom.current().nextInt(PSNS),
            target.rkey(),
            target.address(),
            run.local().manager().localAddress());
  }

  private static int remoteAccess(Operation operation) {
    return switch (operation) {
      case WRITE -> AccessFlags.REMOTE_WRITE;
      case READ -> AccessFlags.REMOTE_READ;
      case ATOMIC -> AccessFlags.REMOTE_ATOMIC;
      case SEND -> 0;
    };
  }

  private static DmaDirection targetDirection(Operation operation) {
    return switch (operation) {
      case WRITE, SEND -> DmaDirection.FROM_DEVICE;
      case READ -> DmaDirection.TO_DEVICE;
      case ATOMIC -> DmaDirection.BIDIRECTIONAL;
    };
  }

  private void fillSource(MemorySegment memory) {
    if (options.operation == Operation.WRITE && options.latency) {
      memory.fill((byte) 0);
    } else {
      PerfPattern.fill(memory);
    }
  }

  private void fillTarget(MemorySegment memory) {
    if (targetDirection(options.operation) == DmaDirection.FROM_DEVICE) {
      memory.fill(BLANK);
    } else {
      PerfPattern.fill(memory);
    }
  }

  /** What the peer needs to know of us. */
  PerfDest mine() {
    return mine;
  }

  /** What we know of the peer. */
  PerfDest peer() {
    PerfDest known = peer;
    if (known == null) {
      throw new IllegalStateException("not connected");
    }
    return known;
  }

  /** The peer, by way of the connection manager. */
  void connected(PerfDest other) {
    peer = other;
  }

  /** What we propose, or agree to, where the connection manager connects. */
  ConnectParams params() {
    boolean one = options.operation == Operation.READ || options.operation == Operation.ATOMIC;
    int most = one ? reads : 0;
    return new ConnectParams(
        new byte[0],
        most,
        most,
        RETRIES,
        RETRIES,
        options.ackTimeoutCode,
        AccessFlags.LOCAL_WRITE | remoteAccess(options.operation));
  }

  /** Connects the queue pair. */
  void connect(PerfDest other) throws RdmaException {
    peer = other;
    QpAttributes rtr = new QpAttributes().state(QpState.RTR);
    QpAttributes rts = new QpAttributes().state(QpState.RTS).sqPsn(mine.psn());
    if (options.type != QpType.UD) {
      rtr.pathMtuBytes(terms.mtuBytes())
          .destQpn(other.qpn())
          .rqPsn(other.psn())
          .remoteAddress(other.gid());
    }
    if (options.type == QpType.RC) {
      rtr.maxDestRdAtomic(reads).minRnrTimer(MIN_RNR_TIMER);
      rts.timeoutCode(options.ackTimeoutCode)
          .retryCount(RETRIES)
          .rnrRetry(RETRIES)
          .maxRdAtomic(Math.max(1, Math.min(reads, other.outReads())));
    }
    qp.modify(rtr);
    qp.modify(rts);
  }

  /** Posts as many receives as there are at a time, before the ends begin. */
  void postReceives() throws ToolException {
    for (int i = 0; i < rxDepth; i++) {
      postReceive();
    }
  }

  /** Posts a receive of the peer's next message. */
  void postReceive() throws ToolException {
    channel.postReceive(qp, 0, target.address(), receiveBytes, target.lkey());
  }

  /**
   * Posts the operation.
   *
   * @param n which one, from 0: small messages go to slots in turn
   */
  void post(int size, long n, boolean signaled) throws ToolException {
    int offset = terms.offset(size, n);
    SendWr request = channel.send();
    PerfDest to = peer();
    switch (options.operation) {
      case WRITE -> request.reset(n, WrOpcode.RDMA_WRITE).remote(to.address() + offset, to.rkey());
      case READ -> request.reset(n, WrOpcode.RDMA_READ).remote(to.address() + offset, to.rkey());
      case SEND -> request.reset(n, WrOpcode.SEND);
      case ATOMIC -> {
        postAdd(offset, 1, signaled);
        return;
      }
    }
    if (options.type == QpType.UD) {
      request.datagram(to.gid(), to.qpn(), QKEY);
    }
    if (size <= options.inlineBytes && options.operation != Operation.READ) {
      request.inline(source.segment(), offset, size);
    } else {
      request.sges().add(source.address() + offset, size, source.lkey());
    }
    channel.post(qp, request.signaled(signaled));
  }

  /**
   * Posts an addition to the peer's number at an offset; what was there comes to the same of ours.
   */
  void postAdd(int offset, long value, boolean signaled) throws ToolException {
    PerfDest to = peer();
    SendWr request = channel.send().reset(0, WrOpcode.ATOMIC_FETCH_AND_ADD);
    request.fetchAdd(value).remote(to.address() + offset, to.rkey());
    request.sges().add(source.address() + offset, PerfOptions.ATOMIC_BYTES, source.lkey());
    channel.post(qp, request.signaled(signaled));
  }

  /**
   * Waits for the next completion, which must be a success.
   *
   * @param size of the messages that come
   * @return what completed; null if the time is over
   */
  @Nullable WcOpcode next(int size, PerfClock clock) throws ToolException {
    watch.begin();
    BooleanSupplier over = () -> clock.isOver() || watch.isOver();
    WorkCompletion completion = channel.next(over, Common.OPERATION_NS);
    if (completion == null) {
      if (clock.isOver()) {
        return null;
      }
      throw watch.why();
    }
    check(completion, size);
    return completion.opcode();
  }

  private void check(WorkCompletion completion, int size) throws ToolException {
    String status = "completion with status " + completion.status() + ": ";
    switch (completion.status()) {
      case SUCCESS -> checkLength(completion, size);
      case REM_ACCESS_ERR ->
          throw new ToolException(
              status
                  + "the peer's memory is smaller, or for another operation; give both ends the"
                  + " same operation and -s");
      case LOC_LEN_ERR, REM_INV_REQ_ERR ->
          throw new ToolException(
              status
                  + "a message is longer than the receiver's -s "
                  + size
                  + "; give both ends the same -s");
      case RETRY_EXC_ERR ->
          throw new ToolException(status + "the peer is gone, or its network loses everything");
      case RNR_RETRY_EXC_ERR ->
          throw new ToolException(status + "the peer receives no more; give both ends the same -n");
      default -> throw new ToolException(status + "the connection is broken");
    }
  }

  private void checkLength(WorkCompletion completion, int size) throws ToolException {
    int wanted = size + receiveBytes - sizeBytes;
    if (completion.opcode() == WcOpcode.RECV && completion.byteLength() != wanted) {
      throw new ToolException(
          "a message of %d bytes came instead of %d; give both ends the same -s"
              .formatted(completion.byteLength() - wanted + size, size));
    }
  }

  /** Looks after the peer during a wait that is not for a completion. */
  PerfWatch watch() {
    return watch;
  }

  /** Where in {@link #target} a message begins. */
  int headBytes() {
    return receiveBytes - sizeBytes;
  }
}
