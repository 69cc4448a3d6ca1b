// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import ib.dma.IbDmaInterposer;
import ib.dma.metrics.DmaDeviceMetrics;
import ib.verbs.DetachRecord;
import ib.verbs.DeviceInventory;
import ib.verbs.DeviceState;
import ib.verbs.DeviceStatus;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** All lanes, by device name; the mechanism without the framework. Thread-safe. */
final class Attachments implements Pairing.Lanes, DeviceInventory {
  private static final Comparator<DeviceStatus> BY_NAME =
      Comparator.comparing(DeviceStatus::name)
          .thenComparing(status -> status.state() != DeviceState.ACTIVE);

  private final Host host;
  private final Function<String, List<IbDmaInterposer>> interposers;
  private final Pairing pairing;
  private final Map<String, Lane> lanes = new TreeMap<>();

  /**
   * Creates an empty set.
   *
   * @param host what all lanes share
   * @param interposers those present for a device name, innermost first
   */
  Attachments(Host host, Function<String, List<IbDmaInterposer>> interposers) {
    this.host = host;
    this.interposers = interposers;
    this.pairing = new Pairing(this, host.reporter());
  }

  Pairing pairing() {
    return pairing;
  }

  private Lane lane(String name) {
    synchronized (lanes) {
      return lanes.computeIfAbsent(
          name,
          n -> new Lane(n, host, (Supplier<List<IbDmaInterposer>>) () -> interposers.apply(n)));
    }
  }

  private List<Lane> allLanes() {
    synchronized (lanes) {
      return List.copyOf(lanes.values());
    }
  }

  @Override
  public void add(Offer offer, int ranking) {
    lane(offer.name()).add(offer, ranking);
  }

  @Override
  public void remove(Offer offer) {
    lane(offer.name()).remove(offer);
  }

  @Override
  public void rankingChanged(Offer offer, int ranking) {
    lane(offer.name()).rankingChanged(offer, ranking);
  }

  /** A bundle stops: all its devices begin to leave now, so that their users drain side by side. */
  void bundleLeaves(long bundleId) {
    for (Offer offer : pairing.offersOf(bundleId)) {
      host.executor().execute(() -> remove(offer));
    }
  }

  /** Builds attachments anew; waits within the callback's deadline until the old are out of use. */
  void interposersChanged(Predicate<String> concerned) {
    List<CompletableFuture<Void>> rebuilt = new ArrayList<>();
    for (Lane lane : allLanes()) {
      if (concerned.test(lane.toString())) {
        rebuilt.add(lane.rebuild());
      }
    }
    CompletableFuture<Void> all =
        CompletableFuture.allOf(rebuilt.toArray(new CompletableFuture<?>[0]));
    if (!Waits.await(all, host.deadlines().callbackNs())) {
      host.reporter()
          .warn("a change of DMA mode or interposers is still waiting for attachments to close");
    }
  }

  void tick() {
    allLanes().forEach(Lane::tick);
  }

  /** Takes all devices away, side by side, within the callback's deadline. */
  void close() {
    List<CompletableFuture<Void>> closing = new ArrayList<>();
    for (Lane lane : allLanes()) {
      closing.add(CompletableFuture.runAsync(lane::close, host.executor()));
    }
    CompletableFuture<Void> all =
        CompletableFuture.allOf(closing.toArray(new CompletableFuture<?>[0]));
    if (!Waits.await(all, host.deadlines().callbackNs())) {
      host.reporter().warn("stopping with devices that are still being closed");
    }
  }

  // ---- inventory

  @Override
  public List<DeviceStatus> devices() {
    List<DeviceStatus> devices = new ArrayList<>();
    for (Lane lane : allLanes()) {
      devices.addAll(lane.status());
    }
    devices.addAll(pairing.notOffered());
    devices.sort(BY_NAME);
    return devices;
  }

  /** Figures of the DMA operations of all attachments. */
  List<DmaDeviceMetrics> metrics() {
    List<DmaDeviceMetrics> metrics = new ArrayList<>();
    for (Lane lane : allLanes()) {
      metrics.addAll(lane.metrics());
    }
    metrics.sort(Comparator.comparing(DmaDeviceMetrics::device));
    return metrics;
  }

  @Override
  public List<DetachRecord> detaches() {
    return host.history().latest();
  }

  @Override
  public long detachCount() {
    return host.history().count();
  }

  @Override
  public long leftOverTotal() {
    return host.history().leftOver();
  }
}
