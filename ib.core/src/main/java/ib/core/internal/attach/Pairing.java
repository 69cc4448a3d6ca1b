// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import ib.core.internal.dma.DefaultDmaOps;
import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import ib.verbs.DeviceState;
import ib.verbs.DeviceStatus;
import ib.verbs.spi.HcaDevice;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Joins a device and the ops that the same bundle registered under the same name, in whatever order
 * they appear. Thread-safe; blocks only in {@link Lanes#remove}.
 */
final class Pairing {
  /** Where offers go. */
  interface Lanes {
    void add(Offer offer, int ranking);

    /** Returns when the offer is out of use, within bounds. */
    void remove(Offer offer);

    void rankingChanged(Offer offer, int ranking);
  }

  /**
   * A registered device.
   *
   * @param serviceId id of the service; the lower is the earlier
   * @param driver who registered it
   * @param device the device
   * @param ranking service ranking
   * @param origin where its configuration comes from: a file, a PID, or the service
   */
  record DeviceEntry(long serviceId, Driver driver, IbDevice device, int ranking, String origin) {}

  /** Registered ops. */
  record OpsEntry(long serviceId, long bundleId, String name, IbDmaOps ops) {}

  private record Key(long bundleId, String name) {}

  /** What one bundle registered under one name. */
  private static final class Pair {
    private final List<DeviceEntry> devices = new ArrayList<>();
    private final List<OpsEntry> ops = new ArrayList<>();
    private @Nullable DeviceEntry offeredDevice;
    private @Nullable OpsEntry offeredOps;
    private @Nullable Offer offer;

    boolean isEmpty() {
      return devices.isEmpty() && ops.isEmpty();
    }

    boolean stands() {
      return offeredDevice != null && devices.contains(offeredDevice) && ops.contains(offeredOps);
    }
  }

  private final Lanes lanes;
  private final Reporter reporter;
  private final Map<Key, Pair> pairs = new HashMap<>();
  private long sequence;

  Pairing(Lanes lanes, Reporter reporter) {
    this.lanes = lanes;
    this.reporter = reporter;
  }

  void add(DeviceEntry entry) {
    Key key = new Key(entry.driver.bundleId(), entry.device.name());
    synchronized (this) {
      Pair pair = pairs.computeIfAbsent(key, k -> new Pair());
      pair.devices.add(entry);
      pair.devices.sort(Comparator.comparingLong(DeviceEntry::serviceId));
      if (pair.devices.size() > 1) {
        reporter.warn(refusal(entry, pair.devices.getFirst()));
      }
    }
    join(key);
  }

  void add(OpsEntry entry) {
    Key key = new Key(entry.bundleId, entry.name);
    synchronized (this) {
      Pair pair = pairs.computeIfAbsent(key, k -> new Pair());
      pair.ops.add(entry);
      pair.ops.sort(Comparator.comparingLong(OpsEntry::serviceId));
    }
    join(key);
  }

  void remove(DeviceEntry entry) {
    Key key = new Key(entry.driver.bundleId(), entry.device.name());
    synchronized (this) {
      Pair pair = pairs.get(key);
      if (pair != null) {
        pair.devices.remove(entry);
      }
    }
    part(key);
    join(key);
  }

  void remove(OpsEntry entry) {
    Key key = new Key(entry.bundleId, entry.name);
    synchronized (this) {
      Pair pair = pairs.get(key);
      if (pair != null) {
        pair.ops.remove(entry);
      }
    }
    part(key);
    join(key);
  }

  /** The entry's ranking changed. */
  void replace(DeviceEntry before, DeviceEntry after) {
    Key key = new Key(before.driver.bundleId(), before.device.name());
    Offer offer = null;
    synchronized (this) {
      Pair pair = pairs.get(key);
      if (pair == null || !pair.devices.contains(before)) {
        return;
      }
      pair.devices.set(pair.devices.indexOf(before), after);
      if (before.equals(pair.offeredDevice)) {
        pair.offeredDevice = after;
        offer = pair.offer;
      }
    }
    if (offer != null) {
      lanes.rankingChanged(offer, after.ranking);
    }
  }

  /** All offers of a bundle are about to go: they go side by side. */
  List<Offer> offersOf(long bundleId) {
    List<Offer> offers = new ArrayList<>();
    synchronized (this) {
      pairs.forEach(
          (key, pair) -> {
            if (key.bundleId == bundleId && pair.offer != null) {
              offers.add(pair.offer);
            }
          });
    }
    return offers;
  }

  /** Takes an offer back whose device or ops are gone. */
  private void part(Key key) {
    Offer broken;
    synchronized (this) {
      Pair pair = pairs.get(key);
      if (pair == null || pair.offer == null || pair.stands()) {
        return;
      }
      broken = pair.offer;
      pair.offer = null;
      pair.offeredDevice = null;
      pair.offeredOps = null;
      if (pair.isEmpty()) {
        pairs.remove(key);
      }
    }
    lanes.remove(broken);
  }

  /** Makes an offer of the earliest device and ops, if there is none. */
  private void join(Key key) {
    Offer made;
    int ranking;
    synchronized (this) {
      Pair pair = pairs.get(key);
      if (pair == null) {
        return;
      }
      if (pair.isEmpty()) {
        pairs.remove(key);
      }
      if (pair.offer != null || pair.devices.isEmpty() || pair.ops.isEmpty()) {
        return;
      }
      DeviceEntry first = pair.devices.getFirst();
      if (!(first.device instanceof HcaDevice device)) {
        reporter.warn(first.device.name() + " of " + first.driver + ": no HCA behind it");
        return;
      }
      OpsEntry ops = pair.ops.getFirst();
      boolean shared = ops.ops instanceof DefaultDmaOps;
      made = new Offer(++sequence, first.driver, device, ops.ops, shared);
      ranking = first.ranking;
      pair.offer = made;
      pair.offeredDevice = first;
      pair.offeredOps = ops;
    }
    lanes.add(made, ranking);
  }

  private static String refusal(DeviceEntry refused, DeviceEntry kept) {
    return "device %s is configured twice for %s: by %s, which is used, and by %s, which is refused; give one of them another %s"
        .formatted(
            refused.device.name(),
            refused.driver.symbolicName(),
            kept.origin,
            refused.origin,
            IbDevice.DEVICE);
  }

  /** Devices that are no offers, with the reason. */
  synchronized List<DeviceStatus> notOffered() {
    List<DeviceStatus> waiting = new ArrayList<>();
    for (Pair pair : pairs.values()) {
      for (DeviceEntry entry : pair.devices) {
        if (entry.equals(pair.offeredDevice)) {
          continue;
        }
        boolean refused = !entry.equals(pair.devices.getFirst());
        String reason =
            refused
                ? refusal(entry, pair.devices.getFirst())
                : pair.ops.isEmpty()
                    ? "waits for ops that its bundle registers under the same name"
                    : "no HCA behind it";
        waiting.add(status(entry, refused ? DeviceState.FAILED : DeviceState.WAITING, reason));
      }
    }
    return waiting;
  }

  private static DeviceStatus status(DeviceEntry entry, DeviceState state, String reason) {
    String port = entry.device instanceof HcaDevice hca ? hca.portName() : "";
    return new DeviceStatus(
        entry.device.name(),
        Objects.requireNonNull(port),
        entry.driver.symbolicName(),
        entry.driver.version().toString(),
        entry.driver.bundleId(),
        0,
        0,
        state,
        false,
        List.of(),
        List.of(),
        List.of(reason));
  }
}
