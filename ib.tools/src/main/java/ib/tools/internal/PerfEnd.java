// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.tools.internal.PerfOptions.Operation;
import ib.verbs.AccessFlags;
import ib.verbs.AtomicCap;
import ib.verbs.ConnectParams;
import ib.verbs.DeviceAttributes;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.SendWr;
import ib.verbs.WcOpcode;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** One end of a measurement: its queue pairs with their memory. Used by the thread of its run. */
final class PerfEnd {
  final PerfOptions options;
  final PerfTerms terms;
  final int sizeBytes;
  final Channel channel;

  /** One for each queue pair. */
  final List<PerfLane> lanes;

  /** Receives posted at a time to each queue pair. */
  final int rxDepth;

  private final int receiveBytes;
  private final int reads;
  private final PerfWatch watch;

  /**
   * Makes it, its queue pairs in INIT.
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
    if (options.operation == Operation.ATOMIC && has.capabilities().atomicCap() == AtomicCap.NONE) {
      throw new ToolException(
          run.local().device().name() + " has no atomic operations; choose another with -d");
    }
    int most = options.reads == 0 ? has.maxQpRdAtom() : Math.min(options.reads, has.maxQpRdAtom());
    this.reads = options.fetches() ? most : 1;
    this.receiveBytes = sizeBytes + (options.type == QpType.UD ? PerfLane.GRH_BYTES : 0);
    int sends = options.txDepth + 1;
    int room = has.maxCqe() / options.queuePairs - sends;
    if (room < 1) {
      throw new ToolException(
          "a completion queue of %s holds %d, not %d requests of each of %d queue pairs; give a smaller -t or -q"
              .formatted(run.local().device().name(), has.maxCqe(), sends, options.queuePairs));
    }
    this.rxDepth = Math.min(options.rxDepth, Math.min(has.maxQpWr(), room));
    this.channel = new Channel(run, (sends + rxDepth) * options.queuePairs);
    QpInitAttributes init =
        channel.attributes(options.type, sends, rxDepth).withMaxInlineData(options.inlineBytes);
    List<PerfLane> made = new ArrayList<>();
    for (int i = 0; i < options.queuePairs; i++) {
      made.add(new PerfLane(run, options, channel, i, terms.bufferBytes(sizeBytes), init, reads));
    }
    this.lanes = List.copyOf(made);
  }

  /** The queue pair of what needs but one. */
  PerfLane first() {
    return lanes.getFirst();
  }

  /** What the peer needs to know of the first queue pair; also said to wait for each other. */
  PerfDest mine() {
    return first().mine;
  }

  /** What we propose, or agree to, where the connection manager connects. */
  ConnectParams params() {
    int most = options.fetches() ? reads : 0;
    return new ConnectParams(
        new byte[0],
        most,
        most,
        PerfLane.RETRIES,
        PerfLane.RETRIES,
        options.ackTimeoutCode,
        AccessFlags.LOCAL_WRITE | PerfLane.remoteAccess(options.operation));
  }

  /** Posts as many receives as there are at a time, before the ends begin. */
  void postReceives() throws ToolException {
    for (PerfLane lane : lanes) {
      for (int i = 0; i < rxDepth; i++) {
        postReceive(lane);
      }
    }
  }

  /** Posts a receive of the peer's next message. */
  void postReceive(PerfLane lane) throws ToolException {
    channel.postReceive(
        lane.qp, lane.index, lane.target.address(), receiveBytes, lane.target.lkey());
  }

  /**
   * Posts the operation.
   *
   * @param n which one of this queue pair, from 0: small messages go to slots in turn
   */
  void post(PerfLane lane, int size, long n, boolean signaled) throws ToolException {
    int offset = terms.offset(size, n);
    SendWr request = channel.send();
    PerfDest to = lane.peer();
    int id = lane.index;
    switch (options.operation) {
      case WRITE -> request.reset(id, WrOpcode.RDMA_WRITE).remote(to.address() + offset, to.rkey());
      case READ -> request.reset(id, WrOpcode.RDMA_READ).remote(to.address() + offset, to.rkey());
      case SEND -> request.reset(id, WrOpcode.SEND);
      case ATOMIC -> {
        postAdd(lane, offset, 1, signaled);
        return;
      }
    }
    if (options.type == QpType.UD) {
      request.datagram(to.gid(), to.qpn(), PerfLane.QKEY);
    }
    if (size <= options.inlineBytes && options.operation != Operation.READ) {
      request.inline(lane.source.segment(), offset, size);
    } else {
      request.sges().add(lane.source.address() + offset, size, lane.source.lkey());
    }
    channel.post(lane.qp, request.signaled(signaled));
  }

  /**
   * Posts an addition to the peer's number at an offset; what was there comes to the same of ours.
   */
  void postAdd(PerfLane lane, int offset, long value, boolean signaled) throws ToolException {
    PerfDest to = lane.peer();
    SendWr request = channel.send().reset(lane.index, WrOpcode.ATOMIC_FETCH_AND_ADD);
    request.fetchAdd(value).remote(to.address() + offset, to.rkey());
    request
        .sges()
        .add(lane.source.address() + offset, PerfOptions.ATOMIC_BYTES, lane.source.lkey());
    channel.post(lane.qp, request.signaled(signaled));
  }

  /**
   * Waits for the next completion, which must be a success.
   *
   * @param size of the messages that come
   * @return what completed, its id the number of its queue pair, until the next; null if the time
   *     is over
   */
  @Nullable WorkCompletion next(int size, PerfClock clock) throws ToolException {
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
    return completion;
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

  /** Where in what comes to a queue pair a message begins. */
  int headBytes() {
    return receiveBytes - sizeBytes;
  }
}
