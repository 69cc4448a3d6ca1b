// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.driver.mthca.internal.prm.Command;
import ib.driver.mthca.internal.prm.QpnTable;
import ib.driver.mthca.internal.prm.RegisterSpace;
import ib.transport.RdmaPort;
import ib.transport.agent.AgentException;
import ib.transport.hca.HcaCommands;
import ib.transport.hca.Quota;
import ib.verbs.AsyncEventType;
import ib.verbs.AtomicCap;
import ib.verbs.CompletionHandler;
import ib.verbs.CompletionQueue;
import ib.verbs.DeviceAttributes;
import ib.verbs.DeviceCapFlags;
import ib.verbs.DeviceCapabilities;
import ib.verbs.ProtectionDomain;
import ib.verbs.RdmaException;
import ib.verbs.RdmaResource;
import ib.verbs.SendWr;
import ib.verbs.WrOpcode;
import ib.verbs.spi.Hca;
import ib.verbs.spi.HcaContext;
import ib.verbs.spi.ResourceBook;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** The running HCA: the driver's half. */
final class MthcaHca implements Hca {
  static final int MAX_FAST_REG_PAGES = 512;
  static final int MAX_INLINE = SendWr.MAX_INLINE_BYTES;

  /** What queue pairs of this device can be asked to do. */
  static final Set<WrOpcode> OPERATIONS =
      Collections.unmodifiableSet(EnumSet.allOf(WrOpcode.class));

  private static final long CAPABILITIES =
      DeviceCapFlags.BAD_PKEY_CNTR
          | DeviceCapFlags.BAD_QKEY_CNTR
          | DeviceCapFlags.PORT_ACTIVE_EVENT
          | DeviceCapFlags.RC_RNR_NAK_GEN
          | DeviceCapFlags.MEM_WINDOW
          | DeviceCapFlags.MEM_MGT_EXTENSIONS
          | DeviceCapFlags.MEM_WINDOW_TYPE_2B
          | DeviceCapFlags.FLUSH_GLOBAL
          | DeviceCapFlags.ATOMIC_WRITE;

  private static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(2);
  private static final ResourceBook NO_BOOK =
      new ResourceBook() {
        @Override
        public void created(RdmaResource resource) {}

        @Override
        public void destroyed(RdmaResource resource) {}
      };

  final RdmaPort port;
  final HcaContext context;
  final HcaCommands commands;
  final RegisterSpace registers;
  final Hcr hcr;
  final Mailboxes mailboxes;
  final HostBuffers buffers;

  /** Queue pairs that the hardware may know. */
  final QpnTable<MthcaQp> qps = new QpnTable<>();

  /** Regions whose owners write into the tables themselves. */
  final Set<MthcaFastReg> fastRegs = ConcurrentHashMap.newKeySet();

  private final PciSlot slot;
  private final Startup startup;
  private final AtomicInteger nextNumber = new AtomicInteger(1);
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile boolean failed;

  // Set by start, before anybody has this object.
  private @Nullable Limits limits;
  private @Nullable MthcaTables tables;
  private @Nullable MthcaEq eq;
  private @Nullable Resources resources;

  /** Counts and numbers that depend on the limits. */
  record Resources(
      Quota qps,
      Quota cqs,
      Quota mrs,
      Quota pds,
      IdPool cqns,
      AtomicReferenceArray<@Nullable MthcaCq> cqByNumber,
      IdPool srqns,
      AtomicReferenceArray<@Nullable MthcaSrq> srqByNumber,
      MthcaGroups groups) {}

  private MthcaHca(String name, RdmaPort port, HcaContext context, PciSlot slot) {
    this.port = port;
    this.context = context;
    this.slot = slot;
    registers = slot.registers();
    commands =
        new HcaCommands(
            name,
            port.agent(),
            COMMAND_TIMEOUT,
            detail -> context.asyncEvent(AsyncEventType.DEVICE_FATAL, detail));
    hcr = new Hcr(commands, registers);
    buffers = new HostBuffers(context.dma());
    mailboxes = new Mailboxes(buffers);
    startup = new Startup(hcr, mailboxes, buffers);
  }

  static MthcaHca start(String name, RdmaPort port, HcaContext context, PciSlot slot)
      throws RdmaException {
    MthcaHca hca = new MthcaHca(name, port, context, slot);
    try {
      hca.start();
      return hca;
    } catch (AgentException | IllegalStateException e) {
      hca.giveUp(e);
      throw new RdmaException(name + " does not start: " + e.getMessage(), e);
    } catch (RdmaException | RuntimeException e) {
      hca.giveUp(e);
      throw e;
    }
  }

  private void start() throws RdmaException {
    String name = commands.device();
    slot.open(COMMAND_TIMEOUT);
    Limits found = startup.startFirmware();
    limits = found;
    MthcaTables made =
        new MthcaTables(commands, hcr, mailboxes, buffers, found, new SecureRandom());
    tables = made;
    startup.startAdapter(made);
    resources =
        new Resources(
            new Quota("queue pairs of " + name, found.maxQp()),
            new Quota("completion queues of " + name, found.maxCq()),
            new Quota("memory regions of " + name, found.maxMr()),
            new Quota("protection domains of " + name, found.maxPd()),
            new IdPool("completion queues of " + name, found.maxCq()),
            new AtomicReferenceArray<>(found.maxCq()),
            new IdPool("shared receive queues of " + name, found.maxSrq()),
            new AtomicReferenceArray<>(found.maxSrq()),
            new MthcaGroups(hcr, mailboxes, name, found.maxMcg()));
    MthcaEq events = new MthcaEq(this, registers, made, found.eventEntries());
    eq = events;
    commands.call(
        "connecting the interrupt",
        () -> {
          slot.connectInterrupt(events::onInterrupt);
          return true;
        });
    startup.startPort(events);
  }

  private void giveUp(Exception cause) {
    try {
      close();
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    }
  }

  // For the resources.

  Limits limits() {
    return Objects.requireNonNull(limits);
  }

  MthcaTables tables() {
    return Objects.requireNonNull(tables);
  }

  Resources resources() {
    return Objects.requireNonNull(resources);
  }

  /** Number of the next domain, region or completion queue. */
  int nextNumber() {
    return nextNumber.getAndIncrement();
  }

  /** Whether the hardware takes no work any more. */
  boolean isGone() {
    return failed || commands.isWithdrawn();
  }

  // The SPI.

  @Override
  public DeviceAttributes query() {
    Limits l = limits();
    return new DeviceAttributes(
        port.guid(),
        port.name(),
        port.activeMtuBytes(),
        l.maxQp(),
        l.maxQpWr(),
        l.maxSg(),
        l.maxCq(),
        l.maxCqe(),
        l.maxMr(),
        l.maxPd(),
        l.maxRdAtom(),
        MAX_FAST_REG_PAGES,
        new DeviceCapabilities(
            l.maxSrq(),
            l.maxSrqWr(),
            l.maxSrqSg(),
            l.maxMcg(),
            l.maxQpPerMcg(),
            l.maxMr(),
            MAX_INLINE,
            AtomicCap.HCA,
            CAPABILITIES));
  }

  @Override
  public boolean portUp() {
    return port.isUp();
  }

  @Override
  public void probe() throws RdmaException {
    if (failed) {
      throw new RdmaException(commands.device() + ": the hardware has failed");
    }
    try (Mailboxes.Box box = mailboxes.take()) {
      hcr.execute(Command.QUERY_DEV_LIM, 0, 0, box.address());
      if (!Limits.read(box.segment()).equals(limits)) {
        throw new RdmaException(commands.device() + ": the hardware changed its limits");
      }
    }
    createCq(NO_BOOK, 16, null).close();
  }

  @Override
  public ProtectionDomain allocPd(ResourceBook book) throws RdmaException {
    return MthcaPd.create(this, book);
  }

  @Override
  public CompletionQueue createCq(
      ResourceBook book, int entries, @Nullable CompletionHandler handler) throws RdmaException {
    return MthcaCq.create(this, book, entries, handler);
  }

  // Events. Agent thread.

  void onCompletionEvent(int cqn) {
    MthcaCq cq = cq(cqn);
    if (cq != null) {
      cq.callHandler();
    }
  }

  void onCqError(int cqn) {
    MthcaCq cq = cq(cqn);
    if (cq != null) {
      String detail = "overran its " + cq.capacity() + " entries or can't be written";
      context.asyncEvent(AsyncEventType.CQ_ERR, cq.label() + " " + detail);
      cq.tellOwner(AsyncEventType.CQ_ERR, detail);
    }
  }

  void onQpError(int qpn) {
    MthcaQp qp = qps.get(qpn);
    if (qp != null) {
      qp.onError();
      String detail = "see its first completion with an error";
      context.asyncEvent(AsyncEventType.QP_FATAL, qp.label() + ": " + detail);
      qp.tellOwner(AsyncEventType.QP_FATAL, detail);
    }
  }

  void onPortChange(boolean up) {
    context.asyncEvent(
        up ? AsyncEventType.PORT_ACTIVE : AsyncEventType.PORT_ERR,
        "port " + port.name() + (up ? " came up" : " went down"));
  }

  void onQpEvent(int qpn, AsyncEventType type, String detail) {
    MthcaQp qp = qps.get(qpn);
    if (qp != null) {
      qp.tellOwner(type, detail);
    }
  }

  void onSqError(int qpn) {
    MthcaQp qp = qps.get(qpn);
    if (qp != null) {
      qp.onSqError();
    }
  }

  void onSrqEvent(int srqn, AsyncEventType type, String detail) {
    MthcaSrq srq = srq(srqn);
    if (srq != null) {
      srq.tellOwner(type, detail);
    }
  }

  @Nullable MthcaSrq srq(int srqn) {
    AtomicReferenceArray<@Nullable MthcaSrq> all = resources().srqByNumber();
    return srqn >= 0 && srqn < all.length() ? all.get(srqn) : null;
  }

  void onFatal(String cause) {
    if (!failed) {
      failed = true;
      context.asyncEvent(
          AsyncEventType.DEVICE_FATAL, commands.device() + ": catastrophic error: " + cause);
    }
  }

  private @Nullable MthcaCq cq(int cqn) {
    AtomicReferenceArray<@Nullable MthcaCq> all = resources().cqByNumber();
    return cqn >= 0 && cqn < all.length() ? all.get(cqn) : null;
  }

  // The end.

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    commands.withdraw();
    try {
      commands.callAlways("close", this::stop);
      slot.close(COMMAND_TIMEOUT);
    } catch (RdmaException | AgentException | IllegalStateException e) {
      // With its agent the hardware has ended too. Otherwise: memory that the hardware may still
      // use is not freed; core reclaims it.
      if (!port.agent().isClosed()) {
        throw new IllegalStateException(commands.device() + " did not stop: " + e.getMessage(), e);
      }
    }
    requireUnused();
    for (MthcaQp qp : qps.all()) {
      qps.remove(qp.qpn());
      port.releaseQpn(qp.qpn());
    }
    buffers.freeAll();
  }

  /** Memory that a user still writes is not given to somebody else; core reclaims it. */
  private void requireUnused() {
    boolean unused = mailboxes.close();
    for (MthcaQp qp : qps.all()) {
      unused &= qp.isUnused();
    }
    for (int cqn = 0; resources != null && cqn < resources.cqByNumber().length(); cqn++) {
      MthcaCq cq = cq(cqn);
      unused &= cq == null || cq.isUnused();
    }
    for (int srqn = 0; resources != null && srqn < resources.srqByNumber().length(); srqn++) {
      MthcaSrq srq = srq(srqn);
      unused &= srq == null || srq.isUnused();
    }
    for (MthcaFastReg region : fastRegs) {
      unused &= region.isUnused();
    }
    if (!unused) {
      throw new IllegalStateException(
          commands.device() + ": a user of its queues does not stop; their memory stays mapped");
    }
  }

  private boolean stop() throws RdmaException {
    slot.disconnectInterrupt();
    if (eq != null) {
      eq.close();
    }
    if (tables != null) {
      startup.stop(tables);
    } else {
      startup.stopFirmware();
    }
    return true;
  }
}
