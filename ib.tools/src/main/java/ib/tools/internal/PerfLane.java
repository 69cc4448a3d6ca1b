// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.dma.DmaDirection;
import ib.tools.internal.PerfOptions.Operation;
import ib.verbs.AccessFlags;
import ib.verbs.QpAttributes;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A queue pair of a measurement, what it sends or reads into, and what the peer reaches or sends
 * to. Used by the thread of its run.
 */
final class PerfLane {
  /** As perftest sets it ({@code DEF_QKEY}). */
  static final int QKEY = 0x1111_1111;

  /** Before a datagram's data. */
  static final int GRH_BYTES = 40;

  static final int RETRIES = 7;

  /** What memory holds to which data comes: no pattern of perftest's. */
  static final byte BLANK = (byte) 0xAA;

  private static final int PSNS = 1 << 24;
  private static final int MIN_RNR_TIMER = 12;

  /** Its number, by which its completions name it. */
  final int index;

  final QueuePair qp;
  final Region source;
  final Region target;

  /** What the peer needs to know of it. */
  final PerfDest mine;

  private final PerfOptions options;
  private @Nullable PerfDest peer;

  /**
   * Makes it, its queue pair in INIT.
   *
   * @param bufferBytes of what it sends from, and of what comes
   * @param init how to make its queue pair
   * @param reads READs and atomics at a time
   */
  PerfLane(
      Run run,
      PerfOptions options,
      Channel channel,
      int index,
      int bufferBytes,
      QpInitAttributes init,
      int reads)
      throws RdmaException, ToolException {
    this.options = options;
    this.index = index;
    Operation operation = options.operation;
    this.source =
        new Region(
            run,
            channel.pd,
            bufferBytes,
            AccessFlags.LOCAL_WRITE,
            options.fetches() ? DmaDirection.FROM_DEVICE : DmaDirection.TO_DEVICE,
            this::fillSource);
    this.target =
        new Region(
            run,
            channel.pd,
            bufferBytes + GRH_BYTES,
            AccessFlags.LOCAL_WRITE | remoteAccess(operation),
            targetDirection(operation),
            this::fillTarget);
    this.qp = channel.queuePair(init);
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

  static int remoteAccess(Operation operation) {
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

  /** What we know of the peer's. */
  PerfDest peer() {
    PerfDest known = peer;
    if (known == null) {
      throw new IllegalStateException("not connected");
    }
    return known;
  }

  /** The peer's, by way of the connection manager. */
  void connected(PerfDest other) {
    peer = other;
  }

  /** Connects the queue pair. */
  void connect(PerfDest other, int mtuBytes) throws RdmaException {
    peer = other;
    QpAttributes rtr = new QpAttributes().state(QpState.RTR);
    QpAttributes rts = new QpAttributes().state(QpState.RTS).sqPsn(mine.psn());
    if (options.type != QpType.UD) {
      rtr.pathMtuBytes(mtuBytes).destQpn(other.qpn()).rqPsn(other.psn()).remoteAddress(other.gid());
    }
    if (options.type == QpType.RC) {
      rtr.maxDestRdAtomic(mine.outReads()).minRnrTimer(MIN_RNR_TIMER);
      rts.timeoutCode(options.ackTimeoutCode)
          .retryCount(RETRIES)
          .rnrRetry(RETRIES)
          .maxRdAtomic(Math.max(1, Math.min(mine.outReads(), other.outReads())));
    }
    qp.modify(rtr);
    qp.modify(rts);
  }
}
