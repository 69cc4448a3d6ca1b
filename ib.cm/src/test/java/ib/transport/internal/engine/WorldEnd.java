// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.cm.internal.SimCm;
import ib.transport.PortQp;
import ib.verbs.AccessFlags;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;

/** One end of what two simulated hosts do with each other: what an application holds for it. */
final class WorldEnd {
  /** Eight tries of at most 67 ms, twice over. */
  private static final long LONGEST_RETRIES_NS = 1_100_000_000L;

  final WorldActivity link;
  final WorldHost host;
  final WorldDevice device;
  final WorldDevice.Slot slot;
  final WorldMemory memory;
  final WorldBackend backend;
  final PortQp qp;
  final int qpn;
  SimCm.Call call;
  boolean closed;
  private long closedNs;

  /** Whether its application will not wait to be told what became of its work. */
  boolean careless;

  /** Whether its work was flushed when it closed; not so where host or device just went. */
  boolean flushed;

  /** The queue pair is in INIT, or in RESET if it is one for datagrams. */
  WorldEnd(WorldActivity link, QpType type, WorldHost host, WorldDevice.Slot slot)
      throws RdmaException {
    this.link = link;
    this.host = host;
    this.slot = slot;
    device = slot.device();
    Object pd = device.anyPd();
    memory = new WorldMemory(device, pd, slot.start(), WorldDevice.SLOT_BYTES);
    backend = new WorldBackend(memory);
    backend.srq = type == QpType.UC ? null : device.anySrq(pd);
    backend.whenFatal = cause -> host.later(() -> link.onFatal(this, cause));
    qpn = host.qpns.allocate();
    qp = host.engine().createQp(qpn, type, backend);
    if (type != QpType.UD) {
      qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(AccessFlags.ALL));
    }
    host.ends.add(this);
  }

  SimFlow.Side side() {
    return new SimFlow.Side(memory, memory.rkey, backend, qp);
  }

  /** From INIT to RTS. */
  void connect(WorldHost peer, SimCm.Terms terms, int receivePsn, int timeoutCode, int rnrRetry)
      throws RdmaException {
    boolean reliable = qp.type() == QpType.RC;
    QpAttributes receiving =
        new QpAttributes()
            .state(QpState.RTR)
            .remoteAddress(peer.address)
            .destQpn(terms.qpn())
            .rqPsn(receivePsn)
            .pathMtuBytes(terms.mtuBytes());
    qp.modify(
        reliable
            ? receiving
                .maxDestRdAtomic(terms.reads())
                .minRnrTimer(1 + host.world.random.nextInt(12))
            : receiving);
    QpAttributes sending = new QpAttributes().state(QpState.RTS).sqPsn(terms.sendPsn());
    qp.modify(
        reliable
            ? sending
                .timeoutCode(timeoutCode)
                .retryCount(7)
                .rnrRetry(rnrRetry)
                .maxRdAtomic(terms.reads())
            : sending);
  }

  /** The application lets go. */
  void close() {
    if (closed) {
      return;
    }
    closed = true;
    closedNs = host.world.nowNs();
    careless |= host.world.random.nextInt(4) == 0;
    if (device.present && !careless) {
      flush();
    }
    qp.destroy();
    if (backend.srq != null) {
      backend.srq.giveBack(backend);
    }
    host.qpns.release(qpn);
    host.ends.remove(this);
    if (call != null) {
      host.cm.disconnect(call, host.world.nowNs());
    }
    link.onClosed();
  }

  /** Whoever has sent to somebody who is gone was told of it after the retries. */
  void checkGaveUpOn(WorldEnd peer) {
    long sinceNs = Math.max(peer.closedNs, host.resumedNs);
    if (!closed
        && peer.closed
        && !host.paused
        && qp.type() == QpType.RC
        && host.world.nowNs() - sinceNs > LONGEST_RETRIES_NS) {
      host.world.check(
          backend.posted() == backend.sendDone.size(), link + ": " + host + " has not given up");
    }
  }

  private void flush() {
    try {
      qp.modify(new QpAttributes().state(QpState.ERR));
    } catch (RdmaException e) {
      throw new AssertionError(e);
    }
    flushed = true;
    if (backend.srq != null) {
      host.world.happened(Happening.LAST_WQE);
    }
    host.world.check(
        backend.srq == null || !backend.srq.isHeldBy(backend),
        link + ": " + host + ": a receive is neither complete nor given back");
    long last = backend.events.stream().filter("LAST_WQE"::equals).count();
    host.world.check(
        last == (backend.srq == null ? 0 : 1),
        link + ": " + host + ": LAST_WQE " + last + " times");
  }

  /** The host is gone, and with it whoever could be told. */
  void lost() {
    closed = true;
    closedNs = host.world.nowNs();
    if (backend.srq != null) {
      backend.srq.giveBack(backend);
    }
    link.onClosed();
  }

  /** Gives back the memory. */
  void release() {
    memory.close();
    device.give(slot);
  }
}
