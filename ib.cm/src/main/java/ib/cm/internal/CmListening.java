// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.verbs.ListenHandler;
import ib.verbs.Listener;
import org.jspecify.annotations.Nullable;

/** A listener as its application sees it. */
final class CmListening implements Listener {
  private final PortConnectionManager manager;
  private final long serviceId;
  private final ListenHandler handler;
  private volatile boolean closed;

  /** Owned by the agent. */
  @Nullable CmListener listener;

  CmListening(PortConnectionManager manager, long serviceId, ListenHandler handler) {
    this.manager = manager;
    this.serviceId = serviceId;
    this.handler = handler;
  }

  @Override
  public long serviceId() {
    return serviceId;
  }

  /** On the event thread. */
  void deliver(CmRequest request) {
    if (!closed) {
      handler.onConnectRequest(request);
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      manager.unlisten(this);
    }
  }
}
