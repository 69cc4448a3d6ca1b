// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import ib.dma.DmaBus;
import ib.dma.DmaMemoryPool;
import ib.dma.IbDevice;
import ib.dma.IbDmaInterposer;
import ib.dma.IbDmaOps;
import ib.dma.debug.DmaReport;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Puts debug around the ops and the bus of attachments. Thread-safe. */
public final class DebugInterposer implements IbDmaInterposer {
  private final DmaMemoryPool pool;
  private final DebugSettings settings;
  private final Findings findings;

  /** Between the two calls for an attachment; those of one device name are opened in turn. */
  private final Map<String, Watch> opening = new ConcurrentHashMap<>();

  /**
   * Watches everything and tells no log; what it finds is kept.
   *
   * @param pool where copies live
   */
  public DebugInterposer(DmaMemoryPool pool) {
    this(pool, DebugSettings.DEFAULT, new Findings(line -> {}, System::nanoTime));
  }

  DebugInterposer(DmaMemoryPool pool, DebugSettings settings, Findings findings) {
    this.pool = pool;
    this.settings = settings;
    this.findings = findings;
  }

  /**
   * The latest findings.
   *
   * @return oldest first
   */
  public List<DmaReport> reports() {
    return findings.reports();
  }

  @Override
  public IbDmaOps wrapOps(IbDevice device, IbDmaOps ops) {
    if (ops instanceof DebugOps) {
      return ops; // watched by name and, as are all, by configuration
    }
    Shadows shadows = new Shadows(pool, settings.maxShadowBytes());
    Watch watch = new Watch(device, settings, shadows, findings);
    opening.put(device.name(), watch);
    return new DebugOps(ops, watch);
  }

  @Override
  public DmaBus wrapBus(IbDevice device, DmaBus bus) {
    Watch watch = opening.remove(device.name());
    return watch == null || !watch.root.equals(device) ? bus : new DebugBus(watch, bus);
  }
}
