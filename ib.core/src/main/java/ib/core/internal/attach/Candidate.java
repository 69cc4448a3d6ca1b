// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import ib.dma.DmaStatistics;
import ib.dma.DmaUsage;
import ib.dma.metrics.DmaDeviceMetrics;
import ib.verbs.DeviceState;
import ib.verbs.DeviceStatus;
import ib.verbs.OwnerUsage;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Version;

/** An offer and what became of it. Guarded by its lane's lock. */
final class Candidate implements PromotionPolicy.Standing {
  private static final int REASONS = 8;

  final Offer offer;
  private final Deque<String> reasons = new ArrayDeque<>();

  int ranking;
  DeviceState state = DeviceState.OPENING;

  /** The latest attachment; null before the first. */
  @Nullable Attachment attachment;

  /** What users hold; null if not promoted. */
  @Nullable Publication publication;

  /** Generation of the latest promotion. */
  long generation;

  /** Open, probed, and not about to be closed. */
  boolean ready;

  /** How often it is still to be closed and opened again; until then opening it is in vain. */
  int rebuildsPending;

  /** The port is down, as far as known. */
  boolean portDown;

  /** Events of the port so far: who asks the device for its state may be told an older one. */
  int portEvents;

  /** The device said that it is dead; it stays so. */
  boolean dead;

  /** The driver's services are gone. */
  boolean gone;

  /** Done when the driver's leaving is over, or goes on by itself. */
  final CompletableFuture<Void> left = new CompletableFuture<>();

  Candidate(Offer offer, int ranking) {
    this.offer = offer;
    this.ranking = ranking;
  }

  boolean isEligible() {
    return ready && !portDown && !dead && !gone;
  }

  void because(String reason) {
    if (reason.equals(reasons.peekLast())) {
      return;
    }
    if (reasons.size() == REASONS) {
      reasons.removeFirst();
    }
    reasons.addLast(reason);
  }

  @Override
  public int ranking() {
    return ranking;
  }

  @Override
  public String symbolicName() {
    return offer.driver().symbolicName();
  }

  @Override
  public Version version() {
    return offer.driver().version();
  }

  @Override
  public long sequence() {
    return offer.sequence();
  }

  List<String> zombieNames() {
    Attachment latest = attachment;
    return latest == null ? List.of() : latest.zombies().stream().map(Thread::getName).toList();
  }

  /** A snapshot, but for what is mapped and open. */
  DeviceStatus status() {
    Driver driver = offer.driver();
    Attachment latest = attachment;
    List<String> zombies = zombieNames();
    return new DeviceStatus(
        offer.name(),
        offer.device().portName(),
        driver.symbolicName(),
        driver.version().toString(),
        driver.bundleId(),
        latest == null ? 0 : latest.number(),
        generation,
        zombies.isEmpty() ? state : DeviceState.ZOMBIE,
        offer.sharedOps(),
        List.of(),
        zombies,
        List.copyOf(reasons));
  }

  /** What is mapped and open, the driver's own first. Asks the ops: not under a lock. */
  static List<OwnerUsage> usage(@Nullable Attachment attachment, @Nullable Publication users) {
    List<OwnerUsage> usage = new ArrayList<>();
    if (attachment != null) {
      DmaUsage own = attachment.ops().usage(attachment.offer().device());
      usage.add(new OwnerUsage(attachment.offer().driver().symbolicName(), own, 0));
    }
    if (users != null) {
      usage.addAll(users.usage());
    }
    return usage;
  }

  /**
   * What the ops have done; null if there is no attachment. Of ops that count nothing, what all
   * owners have mapped is known all the same. Asks the ops: not under a lock.
   */
  static @Nullable DmaDeviceMetrics metrics(
      @Nullable Attachment attachment, @Nullable Publication users) {
    DmaDeviceMetrics metrics = attachment == null ? null : attachment.metrics();
    if (metrics == null || metrics.statistics().isCounted()) {
      return metrics;
    }
    long mappings = 0;
    long sgEntries = 0;
    long coherent = 0;
    long bytes = 0;
    for (OwnerUsage owner : usage(attachment, users)) {
      mappings += owner.dma().mappings();
      sgEntries += owner.dma().sgEntries();
      coherent += owner.dma().coherent();
      bytes += owner.dma().bytes();
    }
    return new DmaDeviceMetrics(
        metrics.device(),
        metrics.driver(),
        metrics.attachment(),
        metrics.sharedOps(),
        DmaStatistics.uncounted(new DmaUsage(mappings, sgEntries, coherent, bytes)));
  }

  @Override
  public String toString() {
    return offer.toString();
  }
}
