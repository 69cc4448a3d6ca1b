// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.dma.DmaCoherent;
import ib.driver.ehca.internal.firmware.Adapter;
import ib.driver.ehca.internal.firmware.AdapterOptions;
import ib.driver.ehca.internal.firmware.Hypervisor;
import ib.driver.ehca.internal.format.HcaBlock;
import ib.driver.ehca.internal.format.Hcall;
import ib.driver.ehca.internal.format.Memory;
import ib.driver.ehca.internal.format.PortBlock;
import ib.driver.ehca.internal.format.ResourceType;
import ib.transport.RdmaPort;
import ib.transport.agent.AgentException;
import ib.transport.hca.DoorbellBank;
import ib.transport.hca.HcaCommands;
import ib.transport.hca.KeyTags;
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
import ib.verbs.WrOpcode;
import ib.verbs.spi.Hca;
import ib.verbs.spi.HcaContext;
import ib.verbs.spi.ResourceBook;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The driver of a running adapter. */
final class EhcaHca implements Hca {
  static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(2);

  /** What queue pairs of this device can be asked to do. */
  static final Set<WrOpcode> OPERATIONS =
      Collections.unmodifiableSet(
          EnumSet.of(
              WrOpcode.SEND,
              WrOpcode.SEND_WITH_IMM,
              WrOpcode.RDMA_WRITE,
              WrOpcode.RDMA_WRITE_WITH_IMM,
              WrOpcode.RDMA_READ,
              WrOpcode.SEND_WITH_INV,
              WrOpcode.LOCAL_INV,
              WrOpcode.REG_MR,
              WrOpcode.BIND_MW,
              WrOpcode.FLUSH));

  private static final long CAPABILITIES =
      DeviceCapFlags.BAD_PKEY_CNTR
          | DeviceCapFlags.BAD_QKEY_CNTR
          | DeviceCapFlags.PORT_ACTIVE_EVENT
          | DeviceCapFlags.RC_RNR_NAK_GEN
          | DeviceCapFlags.MEM_WINDOW
          | DeviceCapFlags.MEM_MGT_EXTENSIONS
          | DeviceCapFlags.MEM_WINDOW_TYPE_2B
          | DeviceCapFlags.FLUSH_GLOBAL;

  private static final int MAX_PD = 4096;
  private static final ResourceBook NO_BOOK =
      new ResourceBook() {
        @Override
        public void created(RdmaResource resource) {}

        @Override
        public void destroyed(RdmaResource resource) {}
      };

  final HcaContext context;
  final HcaCommands commands;
  final Hcalls hcalls;
  final QpTable qps = new QpTable();
  final Quota pdQuota;

  /** Memory of all queues. */
  final Set<QueueMemory> queues = ConcurrentHashMap.newKeySet();

  private final RdmaPort port;
  private final DoorbellBank doorbells;
  private final Hypervisor hypervisor;
  private final DmaCoherent block;
  private final AtomicInteger nextNumber = new AtomicInteger(1);
  private final AtomicBoolean closed = new AtomicBoolean();
  private @Nullable EventQueue events;

  /** Draws the tags of keys that work requests give. */
  final KeyTags tags = new KeyTags(new SecureRandom());

  private @Nullable DeviceAttributes limits;
  private long allMemory;

  private EhcaHca(
      String name,
      RdmaPort port,
      HcaContext context,
      HcaCommands commands,
      DoorbellBank doorbells,
      Hypervisor hypervisor,
      DmaCoherent block) {
    this.port = port;
    this.context = context;
    this.commands = commands;
    this.doorbells = doorbells;
    this.hypervisor = hypervisor;
    this.block = block;
    pdQuota = new Quota("protection domains of " + name, MAX_PD);
    hcalls = new Hcalls(commands, hypervisor, block);
  }

  /** Powers the adapter on and sets it up. */
  static EhcaHca start(String name, RdmaPort port, HcaContext context, AdapterOptions options)
      throws RdmaException {
    HcaCommands commands =
        new HcaCommands(
            name,
            port.agent(),
            COMMAND_TIMEOUT,
            detail -> context.asyncEvent(AsyncEventType.DEVICE_FATAL, detail));
    DoorbellBank doorbells = new DoorbellBank(port.agent());
    Hypervisor hypervisor =
        commands.call("power on", () -> new Adapter(port, context.bus(), doorbells, options));
    DmaCoherent block = context.dma().allocCoherent(Memory.PAGE);
    if (block == null) {
      commands.callAlways("power off", () -> powerOff(hypervisor));
      throw new RdmaException(name + ": no coherent memory for its first page; raise the limit");
    }
    EhcaHca hca = new EhcaHca(name, port, context, commands, doorbells, hypervisor, block);
    try {
      hca.setUp();
      return hca;
    } catch (AgentException | IllegalStateException e) {
      hca.giveUp(e);
      throw new RdmaException(name + " does not start: " + e.getMessage(), e);
    } catch (RdmaException | RuntimeException e) {
      hca.giveUp(e);
      throw e;
    }
  }

  private void giveUp(Exception cause) {
    try {
      close();
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    }
  }

  private static boolean powerOff(Hypervisor hypervisor) {
    hypervisor.powerOff();
    return true;
  }

  private void setUp() throws RdmaException {
    doorbells.open(COMMAND_TIMEOUT);
    limits = queryAdapter();
    EventQueue queue = EventQueue.create(this);
    events = queue;
    queue.start(commands.call("interrupt", () -> doorbells.add(queue::poll)));
    // One region for all memory; what users get are shares of it.
    allMemory =
        hcalls.run("all-memory region", Hcall.H_ALLOC_RESOURCE, ResourceType.MR, 0, 0, -1).r4();
  }

  private DeviceAttributes queryAdapter() throws RdmaException {
    return hcalls.run(
        "query",
        () -> {
          hcalls.call(Hcall.H_QUERY_HCA, hcalls.blockAddress());
          return new DeviceAttributes(
              Memory.get64(hcalls.block(), HcaBlock.NODE_GUID),
              port.name(),
              port.activeMtuBytes(),
              limit(HcaBlock.MAX_QP),
              limit(HcaBlock.MAX_QP_WR),
              limit(HcaBlock.MAX_SGE),
              limit(HcaBlock.MAX_CQ),
              limit(HcaBlock.MAX_CQE),
              limit(HcaBlock.MAX_MR),
              MAX_PD,
              limit(HcaBlock.MAX_RD_ATOMIC),
              limit(HcaBlock.MAX_MR_PAGES),
              new DeviceCapabilities(
                  limit(HcaBlock.MAX_SRQ),
                  limit(HcaBlock.MAX_SRQ_WR),
                  limit(HcaBlock.MAX_SRQ_SGE),
                  limit(HcaBlock.MAX_MCAST_GRP),
                  limit(HcaBlock.MAX_MCAST_QP),
                  limit(HcaBlock.MAX_MW),
                  0,
                  AtomicCap.NONE,
                  CAPABILITIES));
        });
  }

  private int limit(int offset) {
    return (int) Memory.get64(hcalls.block(), offset);
  }

  int nextNumber() {
    return nextNumber.getAndIncrement();
  }

  long allMemoryRegion() {
    return allMemory;
  }

  /** Where completion queues get their events from. */
  EventQueue events() {
    EventQueue queue = events;
    if (queue == null) {
      throw new IllegalStateException(commands.device() + " is not set up");
    }
    return queue;
  }

  @Override
  public DeviceAttributes query() {
    DeviceAttributes known = limits;
    if (known == null) {
      throw new IllegalStateException(commands.device() + " is not set up");
    }
    return known;
  }

  @Override
  public boolean portUp() {
    try {
      return hcalls.run(
          "query port",
          () -> {
            hcalls.call(Hcall.H_QUERY_PORT, hcalls.blockAddress());
            return Memory.get64(hcalls.block(), PortBlock.UP) != 0;
          });
    } catch (RdmaException e) {
      return false;
    }
  }

  @Override
  public void probe() throws RdmaException {
    // The answer of the query comes through the bus into coherent memory.
    if (queryAdapter().nodeGuid() != port.guid()) {
      throw new RdmaException(commands.device() + ": the bus brings wrong data");
    }
    createCq(NO_BOOK, 16, null).close();
  }

  @Override
  public ProtectionDomain allocPd(ResourceBook book) throws RdmaException {
    return EhcaPd.create(this, book);
  }

  @Override
  public CompletionQueue createCq(
      ResourceBook book, int entries, @Nullable CompletionHandler handler) throws RdmaException {
    return EhcaCq.create(this, book, entries, handler);
  }

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    commands.withdraw();
    powerOff();
    // Only now: the adapter reaches nothing any more.
    queues.forEach(QueueMemory::free);
    context.dma().freeCoherent(block);
  }

  private void powerOff() {
    try {
      commands.callAlways("power off", () -> powerOff(hypervisor));
      if (events != null) {
        events.stop();
      }
      doorbells.close(COMMAND_TIMEOUT);
    } catch (RdmaException | AgentException | IllegalStateException e) {
      // With its agent the adapter has ended too.
      if (!port.agent().isClosed()) {
        throw new IllegalStateException(commands.device() + " did not stop: " + e.getMessage(), e);
      }
    }
  }
}
