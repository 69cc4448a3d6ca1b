// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.demo;

import ib.dma.IbDmaInterposer;
import ib.dma.debug.DmaDebug;
import ib.dma.debug.DmaReport;
import ib.dma.metrics.DmaMetrics;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;

/** Sets up how memory is mapped, as an operator does by files, and waits until it is so. */
final class DmaSetup {
  private static final String FAULT_PID = "ib.core.dma.fault";

  private final BundleContext context;
  private final DmaOptions options;
  private final DmaMetrics metrics;
  private final DmaDebug debug;

  DmaSetup(BundleContext context, DmaOptions options, DmaMetrics metrics, DmaDebug debug) {
    this.context = context;
    this.options = options;
    this.metrics = metrics;
    this.debug = debug;
  }

  /** Writes the configurations and returns once they are in force. */
  void apply(Stage stage, Side... sides) throws DemoException, IOException {
    Folders folders = stage.folders();
    String mode = options.mode();
    if (mode != null) {
      folders.configure("ib.core", Map.of("dma.mode", mode));
      for (Side side : sides) {
        stage.await(
            side.device + " did not change to mode " + mode, () -> isInMode(side.device, mode));
      }
    }
    if (options.debug()) {
      folders.configure("ib.core.dma.debug", Map.of("devices", new String[] {"*"}));
      stage.await("DMA debug did not begin", () -> debug.isOn("*"));
    }
    if (options.isFaulty()) {
      folders.configure(FAULT_PID, options.fault());
      stage.await("no mappings fail", this::isFaulty);
    }
    for (Side side : sides) {
      stage.awaitActive(side, 0);
    }
  }

  private boolean isInMode(String device, String mode) {
    return metrics.attachments().stream()
        .anyMatch(of -> of.device().equals(device) && of.statistics().mode().equals(mode));
  }

  private boolean isFaulty() {
    try {
      return !context
          .getServiceReferences(IbDmaInterposer.class, "(service.pid=" + FAULT_PID + ")")
          .isEmpty();
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What came of it. */
  DmaOutcome outcome(Workload load) {
    List<DmaReport> reports = debug.reports();
    return new DmaOutcome(
        debug.total(),
        debug.dropped(),
        reports.isEmpty() ? null : reports.getFirst().toString(),
        load.retried());
  }
}
