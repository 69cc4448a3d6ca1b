// SPDX-License-Identifier: Apache-2.0
package ib.transport.conformance;

import ib.dma.DmaBus;
import ib.dma.IbDma;
import ib.verbs.AsyncEvent;
import ib.verbs.AsyncEventType;
import ib.verbs.RdmaResource;
import ib.verbs.spi.HcaContext;
import ib.verbs.spi.ResourceBook;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** What core gives a device, with memory of what the device told. */
public final class TestContext implements HcaContext, ResourceBook {
  private final IbDma dma;
  private final DmaBus bus;
  private final List<AsyncEventType> events = new CopyOnWriteArrayList<>();
  private final List<AsyncEvent> owned = new CopyOnWriteArrayList<>();
  private final Set<RdmaResource> resources = ConcurrentHashMap.newKeySet();

  TestContext(IbDma dma, DmaBus bus) {
    this.dma = dma;
    this.bus = bus;
  }

  @Override
  public IbDma dma() {
    return dma;
  }

  @Override
  public DmaBus bus() {
    return bus;
  }

  @Override
  public long generation() {
    return 1;
  }

  @Override
  public void asyncEvent(AsyncEventType type, String detail) {
    events.add(type);
  }

  @Override
  public void asyncEvent(AsyncEvent event) {
    owned.add(event);
  }

  /** Whether the owner was told of an event of a resource. */
  public boolean told(AsyncEventType type, RdmaResource element) {
    return times(type, element) > 0;
  }

  /** How often the owner was told of an event of a resource. */
  public long times(AsyncEventType type, RdmaResource element) {
    return owned.stream().filter(e -> e.type() == type && element.equals(e.element())).count();
  }

  /** Events so far. */
  public List<AsyncEventType> events() {
    return events;
  }

  /** Resources that live. */
  public Set<RdmaResource> resources() {
    return resources;
  }

  @Override
  public void created(RdmaResource resource) {
    if (!resources.add(resource)) {
      throw new AssertionError(resource.label() + " was made twice");
    }
  }

  @Override
  public void destroyed(RdmaResource resource) {
    if (!resources.remove(resource)) {
      throw new AssertionError(resource.label() + " was not made, or destroyed twice");
    }
  }
}
