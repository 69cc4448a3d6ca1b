// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.verbs.Listener;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A listener as its application sees it.
 *
 * @param <R> its requests, {@link CmRequest} or {@link CmDatagramRequest}
 */
final class CmListening<R> implements Listener {
  private final PortConnectionManager manager;
  private final long serviceId;
  private final Class<R> type;
  private final Consumer<R> handler;
  private volatile boolean closed;

  /** Owned by the agent. */
  @Nullable CmListener listener;

  CmListening(PortConnectionManager manager, long serviceId, Class<R> type, Consumer<R> handler) {
    this.manager = manager;
    this.serviceId = serviceId;
    this.type = type;
    this.handler = handler;
  }

  @Override
  public long serviceId() {
    return serviceId;
  }

  /** On the event thread. */
  void deliver(Object request) {
    if (!closed) {
      handler.accept(type.cast(request));
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
