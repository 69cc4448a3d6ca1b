// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.PortQp;
import ib.transport.wire.Bth;
import ib.transport.wire.Opcode;
import ib.transport.wire.Psn;
import ib.verbs.AccessFlags;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Random;

/**
 * A queue pair that is attacked: connected to somebody who sends anything, with receives posted and
 * requests on their way, and begun anew whenever it has failed. Knows, from what it sends, the PSNs
 * that matter to it.
 */
final class FuzzVictim {
  static final int MTU = 1024;
  static final int QKEY = 0x1234_5678;

  /** What the keys open; between the victims' parts lie guards. */
  static final int REGION_BYTES = 64 << 10;

  private static final int PEER_QPN = 0x3333;
  private static final int RECEIVES = 8;
  private static final int PSN_SPACE = 1 << 24;

  final PortQp qp;
  final QpType type;
  final int regionStart;
  int key;

  /** What the responder expects, as far as one can see. */
  int requestPsn;

  /** The requester's oldest and newest PSN, as far as one can see. */
  int oldestPsn;

  int newestPsn;

  /** Receives and local memory are below, the peer's requests are aimed at what is above. */
  static final int OPEN_OFFSET = REGION_BYTES / 2;

  private static final int MOST_LOCAL_BYTES = 8 * MTU;
  private static final int MOST_FIRSTS = 8;

  /** What lay in the upper half when it was looked at last. */
  private final byte[] before = new byte[REGION_BYTES - OPEN_OFFSET];

  /** What requests have named since, and those WRITEs that may not be at their end. */
  private final BitSet named = new BitSet(before.length);

  private final ArrayDeque<int[]> firsts = new ArrayDeque<>();
  private final Random random;
  private final SimBackend backend;
  private final InetAddress peer;

  FuzzVictim(
      Random random,
      PortEngine engine,
      int qpn,
      QpType type,
      SimMemory memory,
      int regionStart,
      InetAddress peer)
      throws RdmaException {
    this.random = random;
    this.type = type;
    this.regionStart = regionStart;
    this.peer = peer;
    backend = new SimBackend(memory);
    backend.onSend = done -> backend.sendDone.clear();
    backend.onReceive = done -> backend.receiveDone.clear();
    backend.whenFatal = cause -> backend.fatal.clear();
    qp = engine.createQp(qpn, type, backend);
    key = memory.registerFast(regionStart, REGION_BYTES, SimMemory.ALL);
    remember();
    connect();
  }

  /** A packet that may be for it names memory by its key: that alone may change. */
  void name(int opcode, int packetKey, long va, long bytes) {
    long from = va - address(OPEN_OFFSET);
    if (packetKey != key || from + bytes <= 0 || from >= before.length || bytes > REGION_BYTES) {
      return;
    }
    int[] range = {(int) Math.max(0, from), (int) Math.min(before.length, from + bytes)};
    named.set(range[0], range[1]);
    if (Opcode.isFirst(opcode)) {
      firsts.add(range);
      if (firsts.size() > MOST_FIRSTS) {
        firsts.remove();
      }
    }
  }

  /** The first byte that has changed though no request has named it, or -1; then begins anew. */
  int strayByte() {
    MemorySegment now = open();
    int stray = -1;
    if (MemorySegment.ofArray(before).mismatch(now) >= 0) {
      for (int i = 0; i < before.length && stray < 0; i++) {
        boolean changed = before[i] != now.get(ValueLayout.JAVA_BYTE, i);
        stray = changed && !named.get(i) ? i : -1;
      }
      remember();
    }
    named.clear();
    firsts.forEach(range -> named.set(range[0], range[1]));
    return stray;
  }

  private MemorySegment open() {
    return backend.memory.segment.asSlice(regionStart + OPEN_OFFSET, before.length);
  }

  private void remember() {
    MemorySegment.ofArray(before).copyFrom(open());
  }

  private void connect() throws RdmaException {
    requestPsn = random.nextInt(PSN_SPACE);
    oldestPsn = random.nextInt(PSN_SPACE);
    newestPsn = oldestPsn;
    if (type == QpType.UD) {
      qp.modify(new QpAttributes().state(QpState.INIT).qkey(QKEY));
      qp.modify(new QpAttributes().state(QpState.RTR));
      qp.modify(new QpAttributes().state(QpState.RTS).sqPsn(oldestPsn));
      return;
    }
    qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(AccessFlags.ALL));
    QpAttributes ready =
        new QpAttributes()
            .state(QpState.RTR)
            .remoteAddress(peer)
            .destQpn(PEER_QPN)
            .rqPsn(requestPsn)
            .pathMtuBytes(MTU);
    QpAttributes send = new QpAttributes().state(QpState.RTS).sqPsn(oldestPsn);
    if (type == QpType.RC) {
      ready.maxDestRdAtomic(4).minRnrTimer(1);
      send.timeoutCode(8).retryCount(7).rnrRetry(7).maxRdAtomic(4);
    }
    qp.modify(ready);
    qp.modify(send);
  }

  /** Gives it work, and begins it anew if it has failed. */
  void keepBusy() throws RdmaException {
    if (qp.state() == QpState.ERR) {
      qp.modify(new QpAttributes().state(QpState.RESET));
      backend.sends.clear();
      backend.receives.clear();
      if (!backend.memory.isAlive(key)) {
        key = backend.memory.registerFast(regionStart, REGION_BYTES, SimMemory.ALL);
      }
      connect();
    }
    while (backend.receives.size() < RECEIVES) {
      int at = random.nextInt(OPEN_OFFSET - MOST_LOCAL_BYTES);
      backend.postReceive(wqe -> wqe.addSge(address(at), random.nextInt(MOST_LOCAL_BYTES), key));
    }
    if (backend.sends.size() < 2 && type != QpType.UD) {
      int at = random.nextInt(OPEN_OFFSET - MOST_LOCAL_BYTES);
      WrOpcode opcode = opcode();
      backend.post(
          opcode,
          0,
          0,
          wqe -> {
            wqe.addSge(address(at), random.nextInt(MOST_LOCAL_BYTES), key);
            wqe.setRemote(0x1000, 1);
          });
      qp.kickSend();
    }
  }

  private WrOpcode opcode() {
    WrOpcode[] some = {
      WrOpcode.SEND, WrOpcode.SEND_WITH_IMM, WrOpcode.RDMA_WRITE, WrOpcode.RDMA_READ
    };
    return some[random.nextInt(type == QpType.RC ? some.length : some.length - 1)];
  }

  long address(int offset) {
    return SimMemory.BASE + regionStart + offset;
  }

  /** A packet that it sent. */
  void observe(SimPacket packet) {
    int opcode = packet.opcode();
    int psn = Bth.psn(packet.segment(), 0);
    if (opcode == Opcode.ACK) {
      // A NAK of a sequence error names what is expected, an ACK what came last.
      requestPsn = packet.syndrome() < 0x20 ? Psn.next(psn) : psn;
    } else if (Opcode.isReadResponse(opcode)) {
      requestPsn = Psn.isBefore(requestPsn, Psn.next(psn)) ? Psn.next(psn) : requestPsn;
    } else if (Opcode.isRequest(opcode)) {
      newestPsn = psn;
      oldestPsn = Psn.diff(newestPsn, oldestPsn) > 2 * RECEIVES ? psn : oldestPsn;
    }
  }
}
