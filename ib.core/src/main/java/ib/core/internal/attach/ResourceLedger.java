// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import ib.verbs.AsyncEvent;
import ib.verbs.RdmaResource;
import ib.verbs.spi.ResourceBook;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** What one owner has made of one device. Thread-safe. */
final class ResourceLedger implements ResourceBook {
  private final IdentityHashMap<RdmaResource, Long> open = new IdentityHashMap<>();
  private final Consumer<AsyncEvent> events;
  private long sequence;

  ResourceLedger(Consumer<AsyncEvent> events) {
    this.events = events;
  }

  @Override
  public synchronized void created(RdmaResource resource) {
    open.put(resource, sequence++);
  }

  @Override
  public synchronized void destroyed(RdmaResource resource) {
    open.remove(resource);
  }

  @Override
  public void asyncEvent(AsyncEvent event) {
    events.accept(event);
  }

  synchronized int size() {
    return open.size();
  }

  /** What is open, newest first: what is made from something goes before it. */
  synchronized List<RdmaResource> newestFirst() {
    List<Map.Entry<RdmaResource, Long>> entries = new ArrayList<>(open.entrySet());
    entries.sort(Map.Entry.<RdmaResource, Long>comparingByValue().reversed());
    return entries.stream().map(Map.Entry::getKey).toList();
  }
}
