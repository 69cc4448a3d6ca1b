// SPDX-License-Identifier: Apache-2.0
package ib.bench.transport;

import ib.bench.BenchException;
import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.verbs.AccessFlags;
import ib.verbs.CompletionHandler;
import ib.verbs.CompletionQueue;
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
import ib.verbs.WrOpcode;
import java.net.InetAddress;

/**
 * One end of a connection: a queue pair with one completion queue, and mapped buffers. Posting is
 * done by one thread at a time.
 */
final class End implements AutoCloseable {
  private static final int FIRST_PSN = 0x123456;
  private static final int READS = 4;

  final CompletionQueue cq;
  final QueuePair qp;
  private final RdmaDevice device;
  private final InetAddress port;
  private final ProtectionDomain pd;
  private final MemoryRegion all;
  private final DmaMemory[] memory;
  private final long[] address;
  private final int bufferBytes;
  private final SendWr send = new SendWr();
  private final RecvWr receive = new RecvWr();
  private int nextBuffer;

  /**
   * Makes an end.
   *
   * @param port address of the device's port
   * @param depth requests outstanding in each direction
   * @param buffers how many, used in turn
   * @param handler told of completions, on the agent's thread
   */
  End(
      RdmaDevice device,
      InetAddress port,
      DmaMemoryPool pool,
      int depth,
      int buffers,
      int bufferBytes,
      CompletionHandler handler)
      throws RdmaException, BenchException {
    this.device = device;
    this.port = port;
    this.bufferBytes = bufferBytes;
    pd = device.allocPd();
    cq = device.createCq(4 * depth, handler);
    qp = pd.createQp(new QpInitAttributes(QpType.RC, cq, cq, depth, depth, 1, 1));
    all = pd.getDmaMr(AccessFlags.LOCAL_WRITE | AccessFlags.REMOTE_READ | AccessFlags.REMOTE_WRITE);
    memory = new DmaMemory[buffers];
    address = new long[buffers];
    for (int i = 0; i < buffers; i++) {
      memory[i] = pool.allocate(bufferBytes);
      memory[i].segment().fill((byte) i);
      address[i] = device.dma().mapSingle(memory[i], 0, bufferBytes, DmaDirection.BIDIRECTIONAL);
      if (device.dma().mappingError(address[i])) {
        throw new BenchException(
            device.name() + " can't map buffer " + i + " of " + bufferBytes + " bytes");
      }
    }
  }

  /** Connects two ends without a connection manager: both are here. */
  static void connect(End a, End b) throws RdmaException {
    a.toInit();
    b.toInit();
    a.toReady(b);
    b.toReady(a);
  }

  private void toInit() throws RdmaException {
    qp.modify(
        new QpAttributes()
            .state(QpState.INIT)
            .accessFlags(AccessFlags.REMOTE_READ | AccessFlags.REMOTE_WRITE));
  }

  private void toReady(End peer) throws RdmaException {
    qp.modify(
        new QpAttributes()
            .state(QpState.RTR)
            .remoteAddress(peer.port)
            .destQpn(peer.qp.qpn())
            .pathMtuBytes(device.query().activeMtuBytes())
            .rqPsn(FIRST_PSN)
            .maxDestRdAtomic(READS)
            .minRnrTimer(1));
    qp.modify(
        new QpAttributes()
            .state(QpState.RTS)
            .sqPsn(FIRST_PSN)
            .timeoutCode(14)
            .retryCount(7)
            .rnrRetry(7)
            .maxRdAtomic(READS));
  }

  /** Sends from the next buffer. */
  PostResult send(int bytes) {
    int buffer = next();
    send.reset(buffer, WrOpcode.SEND).sges().add(address[buffer], bytes, all.lkey());
    return qp.postSend(send);
  }

  /** Writes from the next buffer into the peer's buffer of the same place. */
  PostResult write(End peer, int bytes) {
    int buffer = next();
    send.reset(buffer, WrOpcode.RDMA_WRITE)
        .remote(peer.address[buffer % peer.address.length], peer.all.rkey())
        .sges()
        .add(address[buffer], bytes, all.lkey());
    return qp.postSend(send);
  }

  /** Posts a receive into the next buffer. */
  PostResult receive() {
    int buffer = next();
    receive.reset(buffer).sges().add(address[buffer], bufferBytes, all.lkey());
    return qp.postRecv(receive);
  }

  private int next() {
    int buffer = nextBuffer;
    nextBuffer = buffer + 1 == address.length ? 0 : buffer + 1;
    return buffer;
  }

  @Override
  public void close() {
    qp.close();
    all.close();
    cq.close();
    pd.close();
    for (int i = 0; i < memory.length; i++) {
      device.dma().unmapSingle(address[i], bufferBytes, DmaDirection.BIDIRECTIONAL);
      memory[i].close();
    }
  }
}
