// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.block.DiskFigures;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/** The shell command {@code srp:disks}. */
@Component(
    service = DisksCommand.class,
    immediate = true,
    property = {"osgi.command.scope=srp", "osgi.command.function=disks"})
public final class DisksCommand {
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};

  private final List<SrpInitiator> initiators = new CopyOnWriteArrayList<>();

  /** Made by Declarative Services. */
  public DisksCommand() {}

  @Reference(
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindInitiator(SrpInitiator initiator) {
    initiators.add(initiator);
  }

  void unbindInitiator(SrpInitiator initiator) {
    initiators.remove(initiator);
  }

  /**
   * Every disk with its state, path and counters.
   *
   * @return lines for the shell
   */
  public String disks() {
    if (initiators.isEmpty()) {
      return "no SRP disk is configured (factory PID ib.ulp.srp)";
    }
    return initiators.stream()
        .map(SrpInitiator::describe)
        .sorted()
        .collect(Collectors.joining())
        .stripTrailing();
  }

  /** A disk's lines. */
  static String describe(SrpDisk disk) {
    StringBuilder out = new StringBuilder();
    DiskFigures now = disk.figures();
    Geometry geometry = disk.keeper().engine().geometry();
    out.append(
        "%-8s %-9s %-10s %s by %s%n"
            .formatted(
                disk.name(),
                now.state().name().toLowerCase(Locale.ROOT).replace('_', '-'),
                size(geometry.blocks() * geometry.blockBytes()),
                now.target(),
                now.path().isEmpty() ? "no path yet" : now.path()));
    out.append(
        "         submitted %d, completed %d, failed %d, completed twice %d, in flight %d, held %d, resent %d%n"
            .formatted(
                now.submitted(),
                now.completed(),
                now.failed(),
                now.completedTwice(),
                now.inFlight(),
                now.held(),
                now.resent()));
    out.append(
        "         logins %d, failed logins %d, fences %d, mapping failures %d, aborts %d, stray responses %d%n"
            .formatted(
                now.logins(),
                now.loginFailures(),
                now.fences(),
                now.mappingFailures(),
                disk.ledger().aborts.sum(),
                disk.ledger().strayResponses.sum()));
    out.append("         last: ").append(now.lastEvent()).append(System.lineSeparator());
    return out.toString();
  }

  private static String size(long bytes) {
    if (bytes == 0) {
      return "unknown";
    }
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    return String.format(
        Locale.ROOT,
        unit == 0 || value == Math.rint(value) ? "%.0f %s" : "%.1f %s",
        value,
        UNITS[unit]);
  }
}
