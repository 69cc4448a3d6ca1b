// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.transport.PortWatcher;
import ib.transport.RdmaPort;
import ib.transport.agent.AgentException;
import ib.transport.hca.DoorbellBank;
import ib.transport.hca.HcaCommands;
import ib.transport.hca.ProtectionTable;
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
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The running adapter. As in the InfiniPath driver the verbs are software: regions, queues and
 * completion queues are tables of the driver; the chip only carries packets, which here the port's
 * engine does with its send slab in the place of the PIO buffers.
 */
final class IpathHca implements Hca {
  static final int MAX_QP = 4096;
  static final int MAX_QP_WR = 16384;
  static final int MAX_SGE = 32;
  static final int MAX_CQ = 4096;
  static final int MAX_CQE = 1 << 17;
  static final int MAX_MR = 65536;
  static final int MAX_PD = 4096;
  static final int MAX_SRQ = 1024;
  static final int MAX_RD_ATOM = 16;
  static final int MAX_FAST_REG_PAGES = 512;
  static final int MAX_MW = 65536;
  static final int MAX_INLINE = SendWr.MAX_INLINE_BYTES;

  /** What queue pairs of this device can be asked to do. */
  static final Set<WrOpcode> OPERATIONS =
      Collections.unmodifiableSet(EnumSet.allOf(WrOpcode.class));

  private static final long CAPABILITIES =
      DeviceCapFlags.BAD_PKEY_CNTR
          | DeviceCapFlags.BAD_QKEY_CNTR
          | DeviceCapFlags.PORT_ACTIVE_EVENT
          | DeviceCapFlags.RC_RNR_NAK_GEN
          | DeviceCapFlags.SRQ_RESIZE
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
  final DoorbellBank doorbells;
  final Quota qpQuota;
  final Quota cqQuota;
  final Quota mrQuota;
  final Quota pdQuota;
  final Quota srqQuota;
  final Quota mwQuota;

  /** Regions by key. Agent thread. */
  final ProtectionTable keys;

  /** Live queue pairs. Agent thread. */
  final List<IpathQp> qps = new ArrayList<>();

  private final AtomicInteger nextNumber = new AtomicInteger(1);
  private final AtomicBoolean closed = new AtomicBoolean();
  private final PortWatcher watcher = this::onPortState;

  private IpathHca(String name, RdmaPort port, HcaContext context) {
    this.port = port;
    this.context = context;
    commands =
        new HcaCommands(
            name,
            port.agent(),
            COMMAND_TIMEOUT,
            detail -> context.asyncEvent(AsyncEventType.DEVICE_FATAL, detail));
    doorbells = new DoorbellBank(port.agent());
    qpQuota = new Quota("queue pairs of " + name, MAX_QP);
    cqQuota = new Quota("completion queues of " + name, MAX_CQ);
    mrQuota = new Quota("memory regions of " + name, MAX_MR);
    pdQuota = new Quota("protection domains of " + name, MAX_PD);
    srqQuota = new Quota("shared receive queues of " + name, MAX_SRQ);
    mwQuota = new Quota("memory windows of " + name, MAX_MW);
    keys = ProtectionTable.ofOneKey(MAX_MR + MAX_MW, new SecureRandom());
  }

  static IpathHca start(String name, RdmaPort port, HcaContext context) throws RdmaException {
    IpathHca hca = new IpathHca(name, port, context);
    hca.commands.call(
        "start",
        () -> {
          port.watch(hca.watcher);
          return true;
        });
    try {
      hca.doorbells.open(COMMAND_TIMEOUT);
      return hca;
    } catch (AgentException | IllegalStateException e) {
      hca.giveUp(e);
      throw new RdmaException(name + " does not start: " + e.getMessage(), e);
    }
  }

  private void giveUp(Exception cause) {
    try {
      close();
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    }
  }

  /** Number of the next domain, region or completion queue, for labels. */
  int nextNumber() {
    return nextNumber.getAndIncrement();
  }

  @Override
  public DeviceAttributes query() {
    return new DeviceAttributes(
        port.guid(),
        port.name(),
        port.activeMtuBytes(),
        MAX_QP,
        MAX_QP_WR,
        MAX_SGE,
        MAX_CQ,
        MAX_CQE,
        MAX_MR,
        MAX_PD,
        MAX_RD_ATOM,
        MAX_FAST_REG_PAGES,
        new DeviceCapabilities(
            MAX_SRQ,
            MAX_QP_WR,
            MAX_SGE,
            RdmaPort.MAX_MCAST_GROUPS,
            RdmaPort.MAX_MCAST_QP_ATTACH,
            MAX_MW,
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
    commands.call("probe", () -> true);
    createCq(NO_BOOK, 16, null).close();
  }

  @Override
  public ProtectionDomain allocPd(ResourceBook book) throws RdmaException {
    return IpathPd.create(this, book);
  }

  @Override
  public CompletionQueue createCq(
      ResourceBook book, int entries, @Nullable CompletionHandler handler) throws RdmaException {
    return IpathCq.create(this, book, entries, handler);
  }

  private void onPortState(boolean up, String why) {
    context.asyncEvent(
        up ? AsyncEventType.PORT_ACTIVE : AsyncEventType.PORT_ERR,
        "port " + port.name() + ": " + why);
  }

  /** A completion queue overran: its queue pairs can't report any more. Agent thread. */
  void overrun(IpathCq cq) {
    String detail = "overran its " + cq.capacity() + " entries";
    context.asyncEvent(AsyncEventType.CQ_ERR, cq.label() + " " + detail);
    cq.tellOwner(AsyncEventType.CQ_ERR, detail);
    for (IpathQp qp : qps) {
      if (qp.reportsTo(cq)) {
        qp.failLater();
      }
    }
  }

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    commands.withdraw();
    try {
      commands.callAlways("close", this::stop);
      doorbells.close(COMMAND_TIMEOUT);
    } catch (RdmaException | AgentException | IllegalStateException e) {
      if (!port.agent().isClosed()) {
        throw new IllegalStateException(commands.device() + " did not stop: " + e.getMessage(), e);
      }
    }
  }

  private boolean stop() {
    port.unwatch(watcher);
    for (IpathQp qp : new ArrayList<>(qps)) {
      qp.stop();
    }
    keys.clear();
    return true;
  }
}
