// SPDX-License-Identifier: Apache-2.0
package ib.transport.conformance;

import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.dma.IbDevice;
import ib.dma.IbDma;
import ib.dma.IbDmaOps;
import ib.transport.RdmaPort;
import ib.transport.agent.Agent;
import ib.transport.agent.AgentOptions;
import ib.transport.internal.port.LoopbackPort;
import ib.verbs.RdmaException;
import ib.verbs.spi.Hca;
import ib.verbs.spi.HcaDevice;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A host with one port and one device, and one user of it: what core does, without core. */
public final class HcaHost implements AutoCloseable {
  public final DmaMemoryPool pool;
  public final RdmaPort port;
  public final HcaDevice device;
  public final IbDmaOps ops;
  public final TestContext context;
  public final Hca hca;

  /** What the hardware reaches memory by. */
  public final BusWitness bus;

  /** The user's way to map memory. */
  public final IbDma dma;

  private final IbDevice user;
  private final Agent agent;
  private final LoopbackPort loopback;
  private final Function<RdmaPort, HcaDevice> maker;

  /** Whether port and agent are another host's. */
  private final boolean second;

  private HcaHost(
      String address, DmaMemoryPool pool, IbDmaOps ops, Function<RdmaPort, HcaDevice> maker)
      throws Exception {
    this(pool, ops, maker, startAgent(), address, null);
  }

  private HcaHost(
      DmaMemoryPool pool,
      IbDmaOps ops,
      Function<RdmaPort, HcaDevice> maker,
      Agent agent,
      String address,
      @Nullable LoopbackPort shared)
      throws Exception {
    this.pool = pool;
    this.ops = ops;
    this.maker = maker;
    this.agent = agent;
    second = shared != null;
    loopback = shared == null ? LoopbackPort.open(address, agent) : shared;
    port = loopback.port();
    device = maker.apply(port);
    ops.attach(device);
    user = device.forOwner("ulp");
    ops.attach(user);
    dma = new IbDma(user, ops);
    bus = new BusWitness(ops.bus(device));
    context = new TestContext(new IbDma(device, ops), bus);
    hca = open();
  }

  private static Agent startAgent() {
    Agent agent =
        new Agent(
            AgentOptions.of(0).withErrorHandler((name, what, error) -> error.printStackTrace()));
    agent.start();
    return agent;
  }

  /** Another device of the same kind on the same port; to be closed before this. */
  public HcaHost secondDevice() throws Exception {
    return new HcaHost(pool, ops, maker, agent, "", loopback);
  }

  private Hca open() throws RdmaException {
    return device.open(context);
  }

  /**
   * Starts a host.
   *
   * @param address loopback address
   * @param pool its memory
   * @param ops the device's ops
   * @param maker makes the device on a port
   */
  public static HcaHost start(
      String address, DmaMemoryPool pool, IbDmaOps ops, Function<RdmaPort, HcaDevice> maker)
      throws Exception {
    return new HcaHost(address, pool, ops, maker);
  }

  /** The interface of the port goes up or down, as far as the port knows. */
  public void setLink(boolean up) {
    loopback.setLink(up);
  }

  /** Runs something on the agent. */
  public Agent agent() {
    return agent;
  }

  /** Memory of the host. */
  public DmaMemory memory(long bytes) {
    return pool.allocate(bytes);
  }

  /** What the driver itself has mapped. */
  public long driverMappings() {
    return ops.usage(device).total();
  }

  @Override
  public void close() {
    hca.close();
    ops.detach(user);
    ops.detach(device);
    if (!second) {
      loopback.close();
      agent.close();
    }
  }
}
