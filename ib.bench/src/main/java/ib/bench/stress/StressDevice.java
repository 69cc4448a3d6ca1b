// SPDX-License-Identifier: Apache-2.0
package ib.bench.stress;

import ib.bench.BenchException;
import ib.bench.runtime.BenchHost;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaPool;
import ib.dma.IbDma;
import ib.dma.metrics.DmaMetrics;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A device of the host, in one of the modes.
 *
 * @param name device name
 * @param driver short name of its driver
 * @param mode mode of its operations
 * @param dma as a protocol has it
 * @param blocks a pool that all threads share
 */
record StressDevice(String name, String driver, String mode, IbDma dma, DmaPool blocks) {
  /** Size and alignment of a block of the shared pool. */
  static final long BLOCK_BYTES = 256;

  /** Fewer than what all slots may ask for: having none left is part of it. */
  private static final int MAX_BLOCKS = 64;

  /** Mode and the driver whose device has it; both with a wide and with a narrow mask. */
  private static final List<String[]> WANTED =
      List.of(
          new String[] {"iommu-strict", "mthca"},
          new String[] {"iommu-strict", "ehca"},
          new String[] {"iommu-lazy", "mthca"},
          new String[] {"direct", "mthca"},
          new String[] {"swiotlb", "ehca"},
          new String[] {"auto", "mthca"},
          new String[] {"auto", "ehca"},
          new String[] {"identity", "ipath"});

  /** Makes a device for each mode of the shared operations, and one with operations of its own. */
  static List<StressDevice> all(BenchHost host) throws BenchException {
    for (int i = 0; i < WANTED.size(); i++) {
      String mode = WANTED.get(i)[0];
      if (!mode.equals("identity")) {
        host.configure("ib.core.dma", name(i), Map.of("ib.device", name(i), "mode", mode));
      }
      host.addDevice(WANTED.get(i)[1], name(i), "p" + i % 2);
    }
    DmaMetrics metrics = host.service(DmaMetrics.class, null);
    for (int i = 0; i < WANTED.size(); i++) {
      String name = name(i);
      String mode = WANTED.get(i)[0];
      BenchHost.await(name + " is not in mode " + mode, () -> isInMode(metrics, name, mode));
    }
    List<StressDevice> devices = new ArrayList<>();
    for (int i = 0; i < WANTED.size(); i++) {
      String[] wanted = WANTED.get(i);
      IbDma dma = host.device(name(i)).dma();
      DmaPool blocks = dma.createPool("shared", BLOCK_BYTES, BLOCK_BYTES, 0, MAX_BLOCKS);
      devices.add(new StressDevice(name(i), wanted[1], wanted[0], dma, blocks));
    }
    return devices;
  }

  /** Lets the operations make what they make once, such as the area of bounce slots. */
  void touch() {
    DmaMemory foreign = DmaMemory.ofForeign(Arena.ofAuto().allocate(1));
    long address = dma.mapSingle(foreign, 0, 1, DmaDirection.TO_DEVICE);
    if (!dma.mappingError(address)) {
      dma.unmapSingle(address, 1, DmaDirection.TO_DEVICE);
    }
    DmaCoherent coherent = dma.allocCoherent(1);
    if (coherent != null) {
      dma.freeCoherent(coherent);
    }
  }

  private static String name(int i) {
    return WANTED.get(i)[1] + i;
  }

  private static boolean isInMode(DmaMetrics metrics, String name, String mode) {
    return metrics.attachments().stream()
        .anyMatch(of -> of.device().equals(name) && of.statistics().mode().equals(mode));
  }

  @Override
  public String toString() {
    return name + " (" + mode + ")";
  }
}
