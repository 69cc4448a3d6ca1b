// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.dma.DmaMemoryPool;
import ib.dma.IbDma;
import ib.srp.SrpDirectBuf;
import ib.srp.SrpIndirectBuf;
import ib.verbs.AccessFlags;
import ib.verbs.CompletionQueue;
import ib.verbs.DeviceAttributes;
import ib.verbs.PostResult;
import ib.verbs.QpAttributes;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.RecvWr;
import ib.verbs.SendWr;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;

/**
 * The verbs resources of a channel, sized to its device, and the room in its send queue. Not
 * thread-safe.
 */
final class Endpoint implements AutoCloseable {
  /** Receives beyond the request limit: for logouts and answers, which cost no credit. */
  private static final int SPARE_RECEIVES = 8;

  private static final int SPARE_COMPLETIONS = 16;
  private static final int MIN_REQUEST_LIMIT = 2;
  private static final int MIN_SENDS = 4;
  private static final int USUAL_SENDS = 512;
  private static final long INDEX_MASK = 0xFFFF_FFFFL;

  /** Marks the id of a receive; other ids are indexes of commands. */
  private static final long RECEIVE = 1L << 32;

  private final TargetDevice device;
  private final IuRings rings;
  private final CompletionQueue cq;
  private final QueuePair qp;
  private final Transfer transfer;
  private final RecvWr receiveRequest = new RecvWr();
  private final SendWr sendRequest = new SendWr();
  private final int receives;
  private final int sends;
  private int room;
  private boolean broken;

  private Endpoint(
      TargetDevice device, IuRings rings, CompletionQueue cq, QueuePair qp, Sizes sizes) {
    this.device = device;
    this.rings = rings;
    this.cq = cq;
    this.qp = qp;
    receives = sizes.receives;
    sends = sizes.sends;
    room = sends;
    transfer = new Transfer(sizes.maxSge);
  }

  /** What a device's limits leave of what is wished. */
  private record Sizes(int receives, int sends, int maxSge) {
    static Sizes of(DeviceAttributes device, int requestLimit) throws RdmaException {
      int receives = Math.min(requestLimit + SPARE_RECEIVES, device.maxQpWr());
      receives = Math.min(receives, device.maxCqe() / 2 - SPARE_COMPLETIONS);
      int sends = Math.min(device.maxQpWr(), Math.max(USUAL_SENDS, 4 * requestLimit));
      sends = Math.min(sends, device.maxCqe() - receives - SPARE_COMPLETIONS);
      if (receives < MIN_REQUEST_LIMIT + SPARE_RECEIVES || sends < MIN_SENDS) {
        throw new RdmaException(
            "the device's limits are too small for a channel: "
                + device.maxQpWr()
                + " requests of a queue pair, "
                + device.maxCqe()
                + " entries of a completion queue");
      }
      return new Sizes(receives, sends, Math.max(1, Math.min(device.maxSge(), 16)));
    }
  }

  /**
   * Makes the resources of a channel; if one can't be made, those made before are closed.
   *
   * @param wake called on the agent thread when completions are there
   */
  static Endpoint open(
      TargetDevice device, DmaMemoryPool pool, int requestLimit, int iuBytes, Runnable wake)
      throws RdmaException {
    Sizes sizes = Sizes.of(device.rdma.query(), requestLimit);
    IuRings rings =
        new IuRings(pool, device.rdma.dma(), sizes.receives, iuBytes, 2 * sizes.receives);
    CompletionQueue cq = null;
    QueuePair qp = null;
    try {
      cq =
          device.rdma.createCq(
              sizes.receives + sizes.sends + SPARE_COMPLETIONS, ignored -> wake.run());
      qp =
          device.pd.createQp(
              new QpInitAttributes(
                  QpType.RC, cq, cq, sizes.sends, sizes.receives, sizes.maxSge, 1));
      qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(AccessFlags.LOCAL_WRITE));
      return new Endpoint(device, rings, cq, qp, sizes);
    } catch (RdmaException | RuntimeException e) {
      if (qp != null) {
        qp.close();
      }
      if (cq != null) {
        cq.close();
      }
      rings.close();
      throw e;
    }
  }

  IuRings rings() {
    return rings;
  }

  CompletionQueue cq() {
    return cq;
  }

  QueuePair qp() {
    return qp;
  }

  int receives() {
    return receives;
  }

  int requestLimit() {
    return receives - SPARE_RECEIVES;
  }

  /** Responses that may be on their way at once. */
  int responses() {
    return 2 * receives;
  }

  /** Whether the queue pair refused a request: then nothing more will come of it. */
  boolean isBroken() {
    return broken;
  }

  static int index(long wrId) {
    return (int) (wrId & INDEX_MASK);
  }

  static boolean isReceive(long wrId) {
    return (wrId & RECEIVE) != 0;
  }

  void postReceive(int index) {
    rings.receiveForDevice(index);
    receiveRequest.reset(RECEIVE | index);
    receiveRequest
        .sges()
        .add(rings.receiveDmaAddress(index), rings.receiveIuBytes(), device.mr.lkey());
    broken |= qp.postRecv(receiveRequest) != PostResult.OK;
  }

  /** The requests of a command are done: their room is free again. */
  void completed(Command command) {
    room += command.postedRequests;
    command.postedRequests = 0;
  }

  /** Whether nothing that was posted is still to be done. */
  boolean isIdle() {
    return room == sends;
  }

  boolean hasRoomForResponse() {
    return room > 0;
  }

  /** Posts the READ of a table that is in the initiator's memory; false if there is no room now. */
  boolean fetchTable(Command command, MemorySegment iu, long at) {
    if (room < 1) {
      return false;
    }
    boolean out = command.wantedOut > 0;
    long table = SrpIndirectBuf.table(RemoteBuffers.descriptor(iu, at, out));
    sendRequest
        .reset(command.index, WrOpcode.RDMA_READ)
        .remote(SrpDirectBuf.va(iu, table), SrpDirectBuf.key(iu, table));
    sendRequest
        .sges()
        .add(
            device.rdma.dma().dmaAddress(command.table, 0),
            (int) command.tableBytes,
            device.mr.lkey());
    post(command);
    return true;
  }

  /**
   * Posts READs of a command's data, all or as many as there is room for; false if there is none.
   */
  boolean fetchData(Command command, RemoteBuffers remote) {
    return move(command, remote, WrOpcode.RDMA_READ, 0);
  }

  /**
   * Posts WRITEs of a command's data; if they are the last ones, there is room for the response
   * behind them. False if there is none.
   */
  boolean sendData(Command command, RemoteBuffers remote) {
    return move(command, remote, WrOpcode.RDMA_WRITE, 1);
  }

  /**
   * A transfer goes out in one piece where it fits, else in pieces of half the queue, so that any
   * transfer gets through any queue and none is cut into crumbs.
   */
  private boolean move(Command command, RemoteBuffers remote, WrOpcode opcode, int behind) {
    IbDma dma = device.rdma.dma();
    int all =
        transfer.count(
            dma, command.data, command.mapped, remote, command.movedBytes, command.bytes);
    int piece = Math.min(all + behind, sends / 2);
    if (room < piece) {
      return false;
    }
    boolean last = all + behind <= piece;
    int limit = last ? all : piece;
    broken |=
        !transfer.post(
            qp,
            dma,
            command.data,
            command.mapped,
            remote,
            command.movedBytes,
            command.bytes,
            limit,
            device.mr.lkey(),
            opcode,
            command.index,
            !last || behind == 0);
    command.movedBytes = transfer.reached();
    command.postedRequests += limit;
    room -= limit;
    return !broken;
  }

  /** Posts a response; there must be room. */
  void sendResponse(Command command, int lengthBytes) {
    sendRequest.reset(command.index, WrOpcode.SEND).solicited(true);
    sendRequest.sges().add(rings.sendDmaAddress(command.index), lengthBytes, device.mr.lkey());
    post(command);
  }

  private void post(Command command) {
    broken |= qp.postSend(sendRequest) != PostResult.OK;
    command.postedRequests++;
    room--;
  }

  /** Stops the hardware: nothing of the channel is read or written from now on. */
  void stop() {
    qp.close();
  }

  /** Gives everything back. Idempotent. */
  @Override
  public void close() {
    try {
      qp.close();
    } finally {
      try {
        cq.close();
      } finally {
        rings.close();
      }
    }
  }
}
