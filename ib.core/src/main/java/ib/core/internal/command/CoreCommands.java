// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.command;

import ib.dma.DmaCommand;
import ib.dma.DmaFault;
import ib.dma.DmaMemoryPool;
import ib.dma.DmaStatistics;
import ib.dma.DmaUsage;
import ib.dma.metrics.DmaMetrics;
import ib.verbs.DetachRecord;
import ib.verbs.DeviceInventory;
import ib.verbs.DeviceState;
import ib.verbs.DeviceStatus;
import ib.verbs.OwnerUsage;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** Operator commands: {@code ib:devices} and {@code ib:dma}. */
@Component(
    service = CoreCommands.class,
    immediate = true,
    property = {
      "osgi.command.scope=ib",
      "osgi.command.function=devices",
      "osgi.command.function=dma"
    })
public final class CoreCommands {
  private static final int SHOWN_DETACHES = 5;

  private final DeviceInventory inventory;
  private final DmaMemoryPool pool;
  private final DmaMetrics metrics;
  private final DmaCommands subCommands = new DmaCommands();

  /**
   * Made by Declarative Services.
   *
   * @param inventory devices
   * @param pool memory
   * @param metrics figures of the operations
   */
  @Activate
  public CoreCommands(
      @Reference DeviceInventory inventory,
      @Reference DmaMemoryPool pool,
      @Reference DmaMetrics metrics) {
    this.inventory = inventory;
    this.pool = pool;
    this.metrics = metrics;
  }

  @Reference(
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      target = "(" + DmaCommand.NAME + "=*)")
  void addCommand(DmaCommand command, Map<String, ?> properties) {
    subCommands.add(command, properties);
  }

  void removeCommand(DmaCommand command) {
    subCommands.remove(command);
  }

  /**
   * Lists devices: who drives them, where they stand, and what is mapped by whom.
   *
   * @return a table, with the reasons for what is not active below its row
   */
  public String devices() {
    List<DeviceStatus> all = inventory.devices();
    if (all.isEmpty()) {
      return "no devices; drop a driver into deploy/ and its configuration into etc/";
    }
    TextTable table =
        new TextTable("device", "driver", "port", "gen", "state", "ops", "live mappings by owner");
    for (DeviceStatus status : all) {
      table.row(
          status.name(),
          status.driver() + " " + status.driverVersion(),
          status.portName(),
          status.generation() == 0 ? "-" : Long.toString(status.generation()),
          lower(status.state()),
          status.sharedOps() ? "shared" : "own",
          owners(status.owners()));
      status.zombieThreads().forEach(thread -> table.note("zombie thread: " + thread));
      if (status.state() != DeviceState.ACTIVE && !status.reasons().isEmpty()) {
        table.note("why: " + status.reasons().getLast());
      }
    }
    return table + "\n" + detaches();
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static String owners(List<OwnerUsage> owners) {
    return owners.stream()
        .filter(owner -> owner.dma().total() + owner.resources() > 0)
        .map(CoreCommands::owner)
        .collect(Collectors.joining(", "));
  }

  private static String owner(OwnerUsage owner) {
    String verbs = owner.resources() == 0 ? "" : " +" + owner.resources() + " verbs";
    return owner.owner() + "=" + owner.dma().total() + verbs;
  }

  private String detaches() {
    StringBuilder text = new StringBuilder();
    text.append(inventory.detachCount()).append(" detaches, left over before reclaim: ");
    text.append(inventory.leftOverTotal());
    List<DetachRecord> left =
        inventory.detaches().stream().filter(detach -> detach.leftOver() > 0).toList();
    for (DetachRecord detach :
        left.subList(Math.max(0, left.size() - SHOWN_DETACHES), left.size())) {
      text.append("\n    ").append(detach.time()).append(' ').append(detach.owner());
      text.append(" left on ").append(detach.device()).append(": ").append(words(detach.dma()));
      text.append(' ').append(detach.resources());
    }
    return text.toString();
  }

  private static String words(DmaUsage usage) {
    return "%d mappings, %d sg entries, %d coherent, %d bytes"
        .formatted(usage.mappings(), usage.sgEntries(), usage.coherent(), usage.bytes());
  }

  /**
   * Shows the memory pool and, for each device, what is mapped, how often, and which accesses
   * failed. What the ops of a driver's own don't count is "-".
   *
   * @return a table
   */
  public String dma() {
    TextTable table =
        new TextTable(
            "device",
            "mode",
            "live",
            "bytes",
            "peak",
            "maps",
            "unmaps",
            "syncs",
            "bounced bytes",
            "iova hits",
            "faults",
            "failed maps");
    metrics.attachments().forEach(figures -> row(table, figures.device(), figures.statistics()));
    return "pool: %d of %d KiB in use\n%s"
        .formatted(pool.usedBytes() >> 10, pool.limitBytes() >> 10, table);
  }

  /**
   * Runs a sub-command that a bundle offers: {@code ib:dma NAME ARGUMENTS}.
   *
   * @param name the sub-command
   * @param arguments its arguments
   * @return its answer
   * @throws Exception if it failed, or if nobody offers it: then the message lists those offered
   */
  public String dma(String name, String... arguments) throws Exception {
    return subCommands.run(name, List.of(arguments));
  }

  private static void row(TextTable table, String device, DmaStatistics figures) {
    table.row(
        device,
        figures.mode(),
        Long.toString(figures.live().total()),
        Long.toString(figures.live().bytes()),
        known(figures.peak()),
        known(figures.maps()),
        known(figures.unmaps()),
        known(figures.syncs()),
        known(figures.bouncedBytes()),
        share(figures.addressHits(), figures.addressMisses()),
        figures.isCounted() ? faults(figures.faults()) : "-",
        figures.isCounted() ? counts(figures.failedMaps()) : "-");
  }

  private static String known(long figure) {
    return figure == DmaStatistics.UNKNOWN ? "-" : Long.toString(figure);
  }

  private static String share(long hits, long misses) {
    return hits == DmaStatistics.UNKNOWN || hits + misses == 0
        ? known(hits)
        : "%d (%d%%)".formatted(hits, 100 * hits / (hits + misses));
  }

  private static String faults(Map<DmaFault, Long> faults) {
    Map<String, Long> named = new TreeMap<>();
    faults.forEach((cause, count) -> named.put(lower(cause), count));
    return counts(named);
  }

  private static String counts(Map<String, Long> counts) {
    return counts.isEmpty()
        ? "0"
        : new TreeMap<>(counts)
            .entrySet().stream()
                .map(count -> count.getKey() + "=" + count.getValue())
                .collect(Collectors.joining(" "));
  }
}
