// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.core.internal.dma.DefaultDmaOps;
import ib.core.internal.dma.HostMemoryPool;
import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import ib.dma.IbDma;
import ib.driver.mthca.internal.hw.HcaLimits;
import ib.transport.RdmaPort;
import ib.transport.agent.Agent;
import ib.transport.agent.AgentOptions;
import ib.transport.internal.port.LoopbackPort;
import ib.verbs.AsyncEventType;
import ib.verbs.RdmaException;
import ib.verbs.RdmaResource;
import ib.verbs.spi.HcaContext;
import ib.verbs.spi.ResourceBook;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A host with one HCA on a real port, core's real DMA ops behind it. */
final class Node implements HcaContext, ResourceBook, AutoCloseable {
  static final HcaLimits LIMITS = new HcaLimits(16, 16, 66, 1 << 16);

  final Agent agent = new Agent(AgentOptions.of(0));
  final HostMemoryPool pool;
  final DefaultDmaOps ops;
  final LoopbackPort loopback;
  final RdmaPort port;
  final MthcaDevice device;
  final IbDma dma;
  final MthcaHca hca;
  final Set<RdmaResource> book = ConcurrentHashMap.newKeySet();
  final List<String> events = new CopyOnWriteArrayList<>();

  private volatile long poisonedFrom;
  private volatile long poisonedTo;

  Node(String name, String address) throws Exception {
    this(name, address, LIMITS, new HostMemoryPool(256L << 20), true);
  }

  private Node(String name, String address, HcaLimits limits, HostMemoryPool pool, boolean opened)
      throws Exception {
    this.pool = pool;
    ops = new DefaultDmaOps(pool);
    agent.start();
    loopback = LoopbackPort.open(address, agent);
    port = loopback.port();
    device = new MthcaDevice(name, port, -1L, limits, "ib.driver.mthca");
    ops.attach(device);
    dma = new IbDma(device, ops);
    hca = opened ? (MthcaHca) device.open(this) : null;
  }

  /** A host whose device is not open: {@link #hca} is not there. */
  static Node notOpen(String name, String address, HostMemoryPool pool) throws Exception {
    return new Node(name, address, LIMITS, pool, false);
  }

  /** From now on every access of the device to these addresses faults. */
  void poison(long from, long to) {
    poisonedFrom = from;
    poisonedTo = to;
  }

  @Override
  public IbDma dma() {
    return dma;
  }

  @Override
  public DmaBus bus() {
    DmaBus bus = ops.bus(device);
    return (address, length, access, window) -> resolve(bus, address, length, access, window);
  }

  private DmaFault resolve(
      DmaBus bus, long address, long length, DmaAccess access, BusWindow window) {
    boolean poisoned = address + length > poisonedFrom && address < poisonedTo;
    return poisoned ? DmaFault.NOT_MAPPED : bus.resolve(address, length, access, window);
  }

  @Override
  public long generation() {
    return 1;
  }

  @Override
  public void asyncEvent(AsyncEventType type, String detail) {
    events.add(type + " " + detail);
  }

  @Override
  public void created(RdmaResource resource) {
    assertThat(book.add(resource)).as(resource.label()).isTrue();
  }

  @Override
  public void destroyed(RdmaResource resource) {
    assertThat(book.remove(resource)).as(resource.label()).isTrue();
  }

  /** Memory that stays mapped until the node closes. */
  Buffer buffer(int bytes) {
    return buffer(bytes, DmaDirection.BIDIRECTIONAL);
  }

  Buffer buffer(int bytes, DmaDirection direction) {
    DmaMemory memory = pool.allocate(bytes);
    long address = dma.mapSingle(memory, 0, bytes, direction);
    assertThat(dma.mappingError(address)).isFalse();
    return new Buffer(memory, address, bytes, direction);
  }

  void unmap(Buffer buffer) {
    dma.unmapSingle(buffer.address(), buffer.bytes(), buffer.direction());
    buffer.memory().close();
  }

  record Buffer(DmaMemory memory, long address, int bytes, DmaDirection direction) {
    void put(int offset, byte[] data) {
      MemorySegment.copy(data, 0, memory.segment(), ValueLayout.JAVA_BYTE, offset, data.length);
    }

    byte[] get(int offset, int length) {
      return memory.segment().asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /** What the driver and its users have mapped. */
  DmaUsage usage() {
    return ops.usage(device);
  }

  @Override
  public void close() throws RdmaException {
    if (hca != null) {
      hca.close();
    }
    loopback.close();
    agent.close();
    ops.detach(device);
  }
}
