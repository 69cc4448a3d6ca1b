// SPDX-License-Identifier: Apache-2.0
package ib.bench.dma;

import ib.core.internal.dma.DefaultDmaOps;
import ib.core.internal.dma.DmaMode;
import ib.core.internal.dma.DmaModes;
import ib.core.internal.dma.DmaSettings;
import ib.core.internal.dma.HostMemoryPool;
import ib.dma.BusWindow;
import ib.dma.DelegatingDmaOps;
import ib.dma.DmaBus;
import ib.dma.DmaMemory;
import ib.dma.IbDevice;
import ib.dma.IbDma;
import ib.dma.IbDmaOps;
import ib.dma.ScatterList;
import ib.driver.ipath.internal.IpathDmaOps;
import java.util.List;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A device with its operations and one user. */
@State(Scope.Benchmark)
public class DmaSite {
  /** InfiniPath's own operations. */
  static final String IPATH = "ipath";

  /** Everything that is measured. */
  static final List<String> MODES =
      List.of(IPATH, "direct", "auto", "iommu-strict", "iommu-lazy", "swiotlb");

  /** Call sites that have seen several kinds of operations, as in a host with several drivers. */
  static final String POLLUTED = "polluted";

  /** Call sites that have seen one kind. */
  static final String CLEAN = "clean";

  private static final long POOL_BYTES = 512L << 20;
  private static final int ROUNDS = 15_000;
  private static final int PAGE = 4096;

  /** A mode, or {@link #IPATH}. */
  @Param("iommu-strict")
  public String mode = "";

  /** {@link #CLEAN} or {@link #POLLUTED}. */
  @Param(POLLUTED)
  public String sites = "";

  final HostMemoryPool pool = new HostMemoryPool(POOL_BYTES);
  private IbDmaOps ops = new IpathDmaOps(pool);
  IbDma dma = new IbDma(device(), ops);
  DmaBus bus = (_, _, _, _) -> ib.dma.DmaFault.NOT_MAPPED;

  /** Attaches; pollutes the call sites first, if that is wanted. */
  @Setup(Level.Trial)
  public void attach() {
    if (sites.equals(POLLUTED)) {
      MODES.forEach(other -> exercise(ops(other)));
      exercise(new DelegatingDmaOps(ops("iommu-strict")) {});
    }
    // So many calls that the compiler has seen them, however little time it gets.
    exercise(ops(mode));
    ops = ops(mode);
    IbDevice root = device();
    ops.attach(root);
    bus = ops.bus(root);
    dma = user(root, ops);
  }

  private static IbDevice device() {
    return new IbDevice("bench0", 1, -1, 1 << 30, -1, "ib.bench");
  }

  private IbDmaOps ops(String name) {
    return name.equals(IPATH)
        ? new IpathDmaOps(pool)
        : new DefaultDmaOps(pool, new DmaModes(DmaSettings.of(DmaMode.of(name))));
  }

  private static IbDma user(IbDevice root, IbDmaOps ops) {
    IbDevice view = root.forOwner("ib.bench.user");
    ops.attach(view);
    return new IbDma(view, ops);
  }

  private void exercise(IbDmaOps other) {
    IbDevice root = device();
    other.attach(root);
    IbDma user = user(root, other);
    DmaBus device = other.bus(root);
    BusWindow window = new BusWindow();
    DmaMemory memory = pool.allocate(2 * PAGE);
    ScatterList list = new ScatterList(2).add(memory, 0, PAGE).add(memory, PAGE, PAGE);
    for (int i = 0; i < ROUNDS; i++) {
      long address = Calls.map(user, memory, PAGE);
      Calls.resolve(device, address, PAGE, window);
      Calls.sync(user, address, PAGE);
      Calls.unmap(user, address, PAGE);
      Calls.list(user, list);
      if (i % 8 == 0) {
        Calls.coherent(user, PAGE);
      }
    }
    other.detach(user.device());
    other.detach(root);
    memory.close();
  }
}
