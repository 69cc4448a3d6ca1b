// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.transport.wire.ServiceId;
import ib.verbs.DatagramService;
import ib.verbs.Resolution;
import ib.verbs.ResolveHandler;
import java.net.InetAddress;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A resolution as its application sees it; the {@code deliver} methods run on the event thread. */
final class CmResolution implements Resolution {
  private final PortConnectionManager manager;
  private final InetAddress peer;
  private final long serviceId;
  private final ResolveHandler handler;
  private final AtomicBoolean ended = new AtomicBoolean();

  /** Owned by the agent. */
  @Nullable SidrExchange exchange;

  CmResolution(
      PortConnectionManager manager, InetAddress peer, long serviceId, ResolveHandler handler) {
    this.manager = manager;
    this.peer = peer;
    this.serviceId = serviceId;
    this.handler = handler;
  }

  void deliverResolved(int qpn, int qkey, byte[] privateData) {
    if (ended.compareAndSet(false, true)) {
      handler.onResolved(new DatagramService(peer, qpn, qkey), privateData);
    }
  }

  void deliverRejected(int status, byte[] privateData) {
    if (ended.compareAndSet(false, true)) {
      handler.onRejected(status, privateData);
    }
  }

  void deliverError(String message) {
    if (ended.compareAndSet(false, true)) {
      handler.onError(message);
    }
  }

  @Override
  public void close() {
    if (ended.compareAndSet(false, true)) {
      manager.cancel(this);
    }
  }

  @Override
  public String toString() {
    return "resolution of service "
        + ServiceId.describe(serviceId)
        + " at "
        + peer.getHostAddress();
  }
}
