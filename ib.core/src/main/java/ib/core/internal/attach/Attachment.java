// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import ib.dma.DmaBus;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDma;
import ib.dma.IbDmaInterposer;
import ib.dma.IbDmaOps;
import ib.dma.metrics.DmaDeviceMetrics;
import ib.verbs.AsyncEventType;
import ib.verbs.DetachRecord;
import ib.verbs.spi.Hca;
import ib.verbs.spi.HcaContext;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One device joined with its ops: an address space of its own and the hardware running on it, from
 * open to close. Never opened twice.
 *
 * <p>Calls into the driver run on threads of their own, with deadlines. A call that overruns leaves
 * a zombie: its thread is named, and the address space is ended, so that the hardware reaches
 * nothing any more.
 */
final class Attachment {
  /** Told of the events of a device; never blocks. */
  interface Events {
    void event(Attachment attachment, AsyncEventType type, String detail);
  }

  private enum Phase {
    NEW,
    OPENING,
    OPEN,
    CLOSING,
    CLOSED
  }

  private final long number;
  private final Offer offer;
  private final List<IbDmaInterposer> interposers;
  private final Host host;
  private final Events events;
  private final CompletableFuture<Void> closed = new CompletableFuture<>();
  private final List<Thread> overdue = new CopyOnWriteArrayList<>();

  private Phase phase = Phase.NEW;
  private boolean closeRequested;

  /** Guards an address space that is not ours against our detach. */
  private volatile boolean attached;

  private volatile IbDmaOps ops;
  private volatile @Nullable Hca hca;

  /**
   * Creates an attachment, not open.
   *
   * @param number grows with each attachment of this host
   * @param offer device and ops
   * @param interposers innermost first
   * @param host what all attachments share
   * @param events told of the device's events
   */
  Attachment(
      long number, Offer offer, List<IbDmaInterposer> interposers, Host host, Events events) {
    this.number = number;
    this.offer = offer;
    this.interposers = List.copyOf(interposers);
    this.host = host;
    this.events = events;
    this.ops = offer.ops();
  }

  long number() {
    return number;
  }

  Offer offer() {
    return offer;
  }

  /** What its ops have done; null if they are not attached. */
  @Nullable DmaDeviceMetrics metrics() {
    synchronized (this) {
      if (!attached || phase == Phase.CLOSED) {
        return null;
      }
    }
    IbDevice device = offer.device();
    return new DmaDeviceMetrics(
        offer.name(),
        offer.driver().symbolicName(),
        number,
        offer.sharedOps(),
        ops.statistics(device));
  }

  /** The ops with all interposers. */
  IbDmaOps ops() {
    return ops;
  }

  /**
   * The running hardware.
   *
   * @throws IllegalStateException if it never opened
   */
  Hca hca() {
    Hca running = hca;
    if (running == null) {
      throw new IllegalStateException(offer + " is not open");
    }
    return running;
  }

  /** Threads that still hang in calls into the driver. */
  List<Thread> zombies() {
    overdue.removeIf(thread -> !thread.isAlive());
    return List.copyOf(overdue);
  }

  // ---- open

  /**
   * Makes the address space, opens the hardware and probes it. Blocks within the deadlines.
   *
   * @throws AttachmentFailure if it does not work, or {@link #close} was called meanwhile; nothing
   *     is left open then
   */
  void open() throws AttachmentFailure {
    synchronized (this) {
      if (phase != Phase.NEW || closeRequested) {
        throw new AttachmentFailure("withdrawn before it was opened", null);
      }
      phase = Phase.OPENING;
    }
    try {
      DmaBus bus = attach();
      Hca running = openHardware(bus);
      hca = running;
      probe(running);
    } catch (AttachmentFailure e) {
      tearDown();
      throw e;
    }
    synchronized (this) {
      if (!closeRequested) {
        phase = Phase.OPEN;
        return;
      }
    }
    tearDown();
    throw new AttachmentFailure("withdrawn while it was opened", null);
  }

  private DmaBus attach() throws AttachmentFailure {
    IbDevice device = offer.device();
    try {
      IbDmaOps wrapped = offer.ops();
      for (IbDmaInterposer interposer : interposers) {
        wrapped = interposer.wrapOps(device, wrapped);
      }
      wrapped.attach(device);
      ops = wrapped;
      attached = true;
      DmaBus bus = offer.ops().bus(device);
      for (IbDmaInterposer interposer : interposers) {
        bus = interposer.wrapBus(device, bus);
      }
      return bus;
    } catch (RuntimeException | LinkageError e) {
      throw new AttachmentFailure("its DMA ops or an interposer failed: " + e, e);
    }
  }

  private Hca openHardware(DmaBus bus) throws AttachmentFailure {
    Context context = new Context(new IbDma(offer.device(), ops), bus);
    DriverCall<Hca> call =
        DriverCall.start(
            threadName("open"),
            () -> {
              Hca opened = offer.device().open(context);
              Objects.requireNonNull(opened, "open gave no hardware");
              if (!context.decided.compareAndSet(false, true)) {
                opened.close(); // nobody waits for it any more
              }
              return opened;
            });
    try {
      return await(call, "open", host.deadlines().openNs());
    } catch (AttachmentFailure e) {
      if (context.decided.compareAndSet(false, true)) {
        throw e;
      }
      // It failed, or was open at the last moment: then it is to be had at once.
      return await(call, "open", host.deadlines().closeNs());
    }
  }

  private void probe(Hca running) throws AttachmentFailure {
    DriverCall<?> call =
        DriverCall.start(
            threadName("probe"),
            () -> {
              running.probe();
              return true;
            });
    await(call, "probe", host.deadlines().probeNs());
  }

  private <T> T await(DriverCall<T> call, String what, long timeoutNs) throws AttachmentFailure {
    try {
      return call.await(timeoutNs);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new AttachmentFailure(what + " failed: " + cause, cause);
    } catch (TimeoutException e) {
      overdue.add(call.thread());
      throw new AttachmentFailure(
          what
              + " took longer than "
              + TimeUnit.NANOSECONDS.toMillis(timeoutNs)
              + " ms; it hangs in thread "
              + call.thread().getName(),
          e);
    }
  }

  private String threadName(String what) {
    return "ib.core " + what + " " + offer.name() + " #" + number;
  }

  // ---- close

  /**
   * Closes the hardware and ends the address space, or waits until somebody else has. Idempotent.
   *
   * @param timeoutNs longest wait for an open in progress
   * @return false if an open in progress still holds it up; it closes by itself when that ends
   */
  boolean close(long timeoutNs) {
    synchronized (this) {
      closeRequested = true;
      if (phase == Phase.NEW) {
        phase = Phase.CLOSED;
        closed.complete(null);
      }
    }
    if (takeForClosing()) {
      tearDown();
    }
    return Waits.await(closed, timeoutNs);
  }

  private synchronized boolean takeForClosing() {
    if (phase != Phase.OPEN) {
      return false;
    }
    phase = Phase.CLOSING;
    return true;
  }

  /** Only for who moved the phase to opening or closing. */
  private void tearDown() {
    Hca running = hca;
    if (running != null) {
      try {
        await(
            DriverCall.run(threadName("close"), running::close),
            "close",
            host.deadlines().closeNs());
      } catch (AttachmentFailure e) {
        host.reporter().warn(offer + ": " + e.getMessage(), e.getCause());
      }
    }
    detach();
    synchronized (this) {
      phase = Phase.CLOSED;
    }
    closed.complete(null);
  }

  /** Ends the address space, counting what the driver itself left mapped. */
  private void detach() {
    if (!attached) {
      return;
    }
    IbDevice device = offer.device();
    DmaUsage left = DmaUsage.NONE;
    try {
      left = ops.detach(device);
    } catch (RuntimeException | LinkageError e) {
      host.reporter().warn(offer + ": detach failed", e);
    }
    DetachRecord detach =
        new DetachRecord(
            Instant.now(),
            device.name(),
            number,
            0,
            offer.driver().symbolicName(),
            left,
            List.of());
    host.history().add(detach);
    if (detach.leftOver() > 0) {
      host.reporter().warn(offer + " left DMA mappings of its own when it closed: " + left);
    }
  }

  /** What the hardware gets. */
  private final class Context implements HcaContext {
    private final IbDma dma;
    private final DmaBus bus;

    /** Set once, by who opened the hardware or by who gave up waiting for it. */
    private final AtomicBoolean decided = new AtomicBoolean();

    Context(IbDma dma, DmaBus bus) {
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
      return number;
    }

    @Override
    public void asyncEvent(AsyncEventType type, String detail) {
      events.event(Attachment.this, type, detail);
    }
  }
}
