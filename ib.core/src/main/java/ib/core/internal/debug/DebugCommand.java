// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import ib.dma.DmaCommand;
import ib.dma.debug.DmaDebug;
import ib.dma.debug.DmaMisuse;
import ib.dma.debug.DmaReport;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The operator's {@code ib:dma debug}. */
@Component(property = DmaCommand.NAME + "=debug")
public final class DebugCommand implements DmaCommand {
  private static final int SHOWN_REPORTS = 20;

  private final DmaDebug debug;

  /**
   * Made by Declarative Services.
   *
   * @param debug what it switches
   */
  @Activate
  public DebugCommand(@Reference DmaDebug debug) {
    this.debug = debug;
  }

  @Override
  public String usage() {
    return "DEVICE on|off|report|clear - watches a device's DMA for misuse; * for all devices";
  }

  @Override
  public String run(List<String> arguments) {
    if (arguments.size() != 2) {
      throw new IllegalArgumentException("usage: ib:dma debug " + usage());
    }
    String device = arguments.get(0);
    switch (arguments.get(1)) {
      case "on" -> debug.on(device);
      case "off" -> debug.off(device);
      case "clear" -> debug.clear();
      case "report" -> {
        return report(device);
      }
      default -> throw new IllegalArgumentException("usage: ib:dma debug " + usage());
    }
    return "DMA debug of " + device + " is " + (debug.isOn(device) ? "on" : "off");
  }

  private String report(String device) {
    List<DmaReport> reports =
        debug.reports().stream()
            .filter(report -> device.equals(DebugControl.ALL) || report.device().equals(device))
            .toList();
    StringBuilder text = new StringBuilder("DMA debug of ").append(device).append(" is ");
    text.append(debug.isOn(device) ? "on" : "off").append("; found ").append(debug.total());
    text.append(" in all, ").append(debug.dropped()).append(" mappings not watched");
    if (!device.equals(DebugControl.ALL)) {
      for (DmaMisuse misuse : DmaMisuse.values()) {
        long count = debug.count(device, misuse);
        if (count > 0) {
          text.append("\n  ").append(count).append(" x ").append(misuse.words());
        }
      }
    }
    int from = Math.max(0, reports.size() - SHOWN_REPORTS);
    reports.subList(from, reports.size()).forEach(report -> text.append("\n  ").append(report));
    return text.toString();
  }
}
