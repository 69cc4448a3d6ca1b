// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDma;
import ib.verbs.AsyncEvent;
import ib.verbs.AsyncEventHandler;
import ib.verbs.CompletionHandler;
import ib.verbs.CompletionQueue;
import ib.verbs.DetachRecord;
import ib.verbs.DeviceAttributes;
import ib.verbs.OwnerUsage;
import ib.verbs.ProtectionDomain;
import ib.verbs.QueuePair;
import ib.verbs.RdmaDevice;
import ib.verbs.RdmaException;
import ib.verbs.RdmaResource;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** One bundle's hold on one promoted device: its own view, its own books. */
final class Handle implements RdmaDevice {
  private final Attachment attachment;
  private final long generation;
  private final String owner;
  private final Host host;
  private final IbDevice view;
  private final IbDma dma;
  private final EventDelivery events;
  private final ResourceLedger resources;
  private final AtomicBoolean released = new AtomicBoolean();

  Handle(Attachment attachment, long generation, String owner, Host host) {
    this.attachment = attachment;
    this.generation = generation;
    this.owner = owner;
    this.host = host;
    this.view = attachment.offer().device().forOwner(owner);
    attachment.ops().attach(view);
    this.dma = new IbDma(view, attachment.ops());
    this.events = new EventDelivery(host.executor(), host.reporter());
    this.resources = new ResourceLedger(events::add);
  }

  String owner() {
    return owner;
  }

  OwnerUsage usage() {
    List<String> labels = resources.newestFirst().reversed().stream().map(Handle::detail).toList();
    return new OwnerUsage(owner, attachment.ops().usage(view), labels.size(), labels);
  }

  /** Counts what the owner left, reports it, and takes it back. Idempotent; bounded. */
  void release() {
    if (!released.compareAndSet(false, true)) {
      return;
    }
    events.setHandler(null);
    DmaUsage mapped = DmaUsage.NONE;
    List<RdmaResource> left = resources.newestFirst();
    List<String> labels = left.stream().map(Handle::label).toList();
    try {
      mapped = attachment.ops().usage(view);
      close(left);
      attachment.ops().detach(view);
    } catch (RuntimeException | LinkageError e) {
      host.reporter().warn(this + ": detach failed", e);
    }
    DetachRecord detach =
        new DetachRecord(
            Instant.now(), name(), attachment.number(), generation, owner, mapped, labels);
    host.history().add(detach);
    if (detach.leftOver() > 0) {
      host.reporter()
          .warn(this + " let go with " + mapped + " and " + labels + " left; reclaimed them");
    }
  }

  private static String detail(RdmaResource resource) {
    String label = label(resource);
    try {
      return resource instanceof QueuePair qp
          ? label + " type " + qp.type() + " state " + qp.state()
          : label;
    } catch (RuntimeException e) {
      return label;
    }
  }

  private static String label(RdmaResource resource) {
    try {
      return resource.label();
    } catch (RuntimeException e) {
      return "unnamed (" + e + ")";
    }
  }

  private void close(List<RdmaResource> left) {
    if (left.isEmpty()) {
      return;
    }
    DriverCall<Void> call =
        DriverCall.run("ib.core reclaim " + this, () -> left.forEach(this::closeOne));
    try {
      call.await(host.deadlines().reclaimNs());
    } catch (TimeoutException e) {
      host.reporter().warn(this + ": reclaiming " + left + " hangs in " + call.thread().getName());
    } catch (ExecutionException e) {
      host.reporter().warn(this + ": reclaiming failed", e.getCause());
    }
  }

  private void closeOne(RdmaResource resource) {
    try {
      resource.close();
    } catch (RuntimeException | LinkageError e) {
      host.reporter().warn(this + ": closing " + label(resource) + " failed", e);
    }
  }

  @Override
  public String name() {
    return attachment.offer().name();
  }

  @Override
  public String portName() {
    return attachment.offer().device().portName();
  }

  @Override
  public long generation() {
    return generation;
  }

  @Override
  public IbDma dma() {
    return dma;
  }

  @Override
  public DeviceAttributes query() {
    return attachment.hca().query();
  }

  @Override
  public ProtectionDomain allocPd() throws RdmaException {
    requireHere();
    return keep(attachment.hca().allocPd(resources));
  }

  @Override
  public CompletionQueue createCq(int entries, @Nullable CompletionHandler handler)
      throws RdmaException {
    if (entries < 1) {
      throw new RdmaException(
          "completion queue of " + entries + " entries on " + name() + "; ask for 1 or more");
    }
    requireHere();
    return keep(attachment.hca().createCq(resources, entries, handler));
  }

  private void requireHere() throws RdmaException {
    if (isWithdrawn()) {
      throw new RdmaException(
          name() + " generation " + generation + " is withdrawn; use the device bound next");
    }
  }

  /** What was made while the device was withdrawn is nobody's. */
  private <R extends RdmaResource> R keep(R resource) throws RdmaException {
    if (isWithdrawn()) {
      resource.close();
    }
    requireHere();
    return resource;
  }

  @Override
  public void setAsyncEventHandler(@Nullable AsyncEventHandler handler) {
    events.setHandler(isWithdrawn() ? null : handler);
  }

  /** Something happened to the port or device. */
  void event(AsyncEvent event) {
    events.add(event);
  }

  @Override
  public boolean isWithdrawn() {
    return released.get();
  }

  @Override
  public String toString() {
    return owner + " on " + name() + " generation " + generation;
  }
}
