// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.cm.internal.SimCm;
import ib.transport.PortQp;
import ib.verbs.AccessFlags;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;

/** One end of a simulated connection: what an application on a host holds for it. */
final class WorldEnd {
  private static final int FIRST_RIGHTS = SimMemory.ALL;

  final WorldLink link;
  final WorldHost host;
  final WorldDevice device;
  final WorldDevice.Slot slot;
  final SimBackend backend;
  final PortQp qp;
  final int qpn;
  final int key;
  SimCm.Call call;
  boolean closed;

  /** Whether its work was flushed when it closed; not so where host or device just went. */
  boolean flushed;

  WorldEnd(WorldLink link, QpType type, WorldHost host, WorldDevice device, WorldDevice.Slot slot)
      throws RdmaException {
    this.link = link;
    this.host = host;
    this.device = device;
    this.slot = slot;
    backend = new SimBackend(device.memory);
    backend.whenFatal = cause -> host.later(() -> link.onFatal(this, cause));
    qpn = host.qpns.allocate();
    qp = host.engine().createQp(qpn, type, backend);
    key = device.memory.register(slot.start(), WorldDevice.SLOT_BYTES, FIRST_RIGHTS);
    qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(AccessFlags.ALL));
    host.ends.add(this);
  }

  SimFlow.Side side() {
    return new SimFlow.Side(device.memory, key, backend, qp);
  }

  /** From INIT to RTS. */
  void connect(WorldHost peer, SimCm.Terms terms, int receivePsn, int timeoutCode, int rnrTimer)
      throws RdmaException {
    boolean reliable = link.type == QpType.RC;
    QpAttributes receiving =
        new QpAttributes()
            .state(QpState.RTR)
            .remoteAddress(peer.address)
            .destQpn(terms.qpn())
            .rqPsn(receivePsn)
            .pathMtuBytes(terms.mtuBytes());
    qp.modify(
        reliable ? receiving.maxDestRdAtomic(terms.reads()).minRnrTimer(rnrTimer) : receiving);
    QpAttributes sending = new QpAttributes().state(QpState.RTS).sqPsn(terms.sendPsn());
    qp.modify(
        reliable
            ? sending.timeoutCode(timeoutCode).retryCount(7).rnrRetry(7).maxRdAtomic(terms.reads())
            : sending);
  }

  /** The application lets go. */
  void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      if (device.present) {
        qp.modify(new QpAttributes().state(QpState.ERR));
        flushed = true;
      }
    } catch (RdmaException e) {
      throw new AssertionError(e);
    }
    qp.destroy();
    device.memory.deregister(key);
    host.qpns.release(qpn);
    host.ends.remove(this);
    if (call != null) {
      host.cm.disconnect(call, host.world.nowNs());
    }
    link.onClosed();
  }

  /** The host is gone, and with it whoever could be told. */
  void lost() {
    closed = true;
    device.memory.deregister(key);
    link.onClosed();
  }
}
