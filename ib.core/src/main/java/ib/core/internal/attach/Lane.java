// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import ib.dma.IbDmaInterposer;
import ib.dma.metrics.DmaDeviceMetrics;
import ib.verbs.AsyncEvent;
import ib.verbs.AsyncEventType;
import ib.verbs.DeviceState;
import ib.verbs.DeviceStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The candidates for one device name: opens them one after the other, promotes the best, and takes
 * devices away.
 *
 * <p>State is guarded by one short lock; nothing foreign is called under it. Two queues do the
 * work, so that a driver that hangs while it opens delays no decision about those that work: the
 * <em>builder</em> opens and closes hardware, the <em>decider</em> promotes and withdraws. A driver
 * that leaves is withdrawn in the thread that takes it away.
 */
final class Lane implements Attachment.Events {
  private final String name;
  private final Host host;
  private final Supplier<List<IbDmaInterposer>> interposers;
  private final SerialQueue builder;
  private final SerialQueue decider;

  private final Object lock = new Object();
  private final List<Candidate> candidates = new ArrayList<>();

  /** Gone, but not closed yet, or with a thread that never came back. */
  private final List<Candidate> leaving = new ArrayList<>();

  private @Nullable Candidate active;

  /**
   * Creates an empty lane.
   *
   * @param name device name
   * @param host what all lanes share
   * @param interposers those present, innermost first
   */
  Lane(String name, Host host, Supplier<List<IbDmaInterposer>> interposers) {
    this.name = name;
    this.host = host;
    this.interposers = interposers;
    this.builder = new SerialQueue(host.executor(), host.reporter());
    this.decider = new SerialQueue(host.executor(), host.reporter());
  }

  // ---- what happens outside

  void add(Offer offer, int ranking) {
    Candidate candidate = new Candidate(offer, ranking);
    synchronized (lock) {
      candidates.add(candidate);
    }
    builder.submit(() -> build(candidate));
  }

  /**
   * The driver leaves: withdraws and closes before it returns, within the callback's deadline.
   * Whatever takes longer goes on by itself. A second call waits for the first.
   */
  void remove(Offer offer) {
    Candidate candidate;
    boolean first;
    synchronized (lock) {
      candidate = find(candidates, offer);
      first = candidate != null;
      if (candidate == null) {
        candidate = find(leaving, offer);
      } else {
        candidate.gone = true;
        candidate.ready = false;
        candidate.state = DeviceState.CLOSING;
        candidate.because("the driver left");
        candidates.remove(candidate);
        leaving.add(candidate);
        if (active == candidate) {
          active = null;
        }
      }
    }
    if (first && candidate != null) {
      try {
        takeAway(candidate);
      } finally {
        candidate.left.complete(null);
      }
    } else if (candidate != null) {
      Waits.await(candidate.left, host.deadlines().callbackNs());
    }
  }

  private void takeAway(Candidate candidate) {
    Publication users;
    Attachment attachment;
    synchronized (lock) {
      users = candidate.publication;
      attachment = candidate.attachment;
    }
    long deadlineNs = System.nanoTime() + host.deadlines().callbackNs();
    if (users != null) {
      users.withdraw();
    }
    decider.submit(this::decide);
    if (attachment != null && !attachment.close(deadlineNs - System.nanoTime())) {
      // Who opens it closes it then, and forgets it.
      host.reporter()
          .warn(candidate + " is still opening; it closes when that ends or at its deadline");
      return;
    }
    forget(candidate);
    host.reporter().info(candidate + " left");
  }

  private void forget(Candidate candidate) {
    synchronized (lock) {
      if (candidate.zombieNames().isEmpty()) {
        leaving.remove(candidate);
      } else {
        candidate.state = DeviceState.ZOMBIE;
      }
    }
  }

  private static @Nullable Candidate find(List<Candidate> among, Offer offer) {
    for (Candidate candidate : among) {
      if (candidate.offer.equals(offer)) {
        return candidate;
      }
    }
    return null;
  }

  void rankingChanged(Offer offer, int ranking) {
    synchronized (lock) {
      Candidate candidate = find(candidates, offer);
      if (candidate == null || candidate.ranking == ranking) {
        return;
      }
      candidate.ranking = ranking;
    }
    decider.submit(this::decide);
  }

  @Override
  public void event(Attachment attachment, AsyncEventType type, String detail) {
    // An affiliated one concerns the owner of its object only, who is told through its book.
    if (!type.isAffiliated()) {
      decider.submit(() -> handle(attachment, type, detail));
    }
  }

  private void handle(Attachment attachment, AsyncEventType type, String detail) {
    Publication users;
    synchronized (lock) {
      Candidate candidate = null;
      for (Candidate one : candidates) {
        if (one.attachment == attachment) {
          candidate = one;
        }
      }
      if (candidate == null) {
        return;
      }
      users = candidate.publication;
      candidate.because(type + ": " + detail);
      if (type == AsyncEventType.DEVICE_FATAL) {
        candidate.dead = true;
        candidate.state = candidate == active ? candidate.state : DeviceState.FAILED;
      } else {
        candidate.portDown = type == AsyncEventType.PORT_ERR;
        candidate.portEvents++;
      }
    }
    host.reporter().info(attachment.offer() + " reports " + type + ": " + detail);
    if (users != null) {
      users.event(new AsyncEvent(type, null, detail));
    }
    decide();
  }

  /** Looks again at ports that were down. */
  void tick() {
    synchronized (lock) {
      leaving.removeIf(c -> c.state == DeviceState.ZOMBIE && c.zombieNames().isEmpty());
      if (candidates.stream().noneMatch(c -> c.ready && c.portDown)) {
        return;
      }
    }
    decider.submit(this::decide);
  }

  /**
   * Builds every attachment anew, as interposers or the DMA mode changed.
   *
   * @return done when no old attachment is in use any more
   */
  CompletableFuture<Void> rebuild() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    decider.submit(
        () -> {
          List<Candidate> all = takeAllForRebuild();
          for (Candidate candidate : all) {
            withdraw(candidate);
          }
          builder.submit(
              () -> {
                all.forEach(this::closeForRebuild);
                done.complete(null);
                all.forEach(this::build);
              });
        });
    return done;
  }

  /** All that can be opened, the best first, so that nothing is promoted twice. */
  private List<Candidate> takeAllForRebuild() {
    List<Candidate> left = new ArrayList<>();
    List<Candidate> ordered = new ArrayList<>();
    synchronized (lock) {
      for (Candidate candidate : candidates) {
        if (!candidate.dead) {
          candidate.ready = false;
          candidate.rebuildsPending++;
          candidate.because("opened anew: DMA mode or interposers changed");
          left.add(candidate);
        }
      }
      active = null;
      for (Candidate best = PromotionPolicy.best(left); best != null; ) {
        ordered.add(best);
        left.remove(best);
        best = PromotionPolicy.best(left);
      }
    }
    return ordered;
  }

  private void closeForRebuild(Candidate candidate) {
    Attachment attachment;
    synchronized (lock) {
      attachment = candidate.attachment;
    }
    if (attachment != null) {
      attachment.close(host.deadlines().callbackNs());
    }
    synchronized (lock) {
      candidate.rebuildsPending--;
      candidate.state = candidate.gone ? candidate.state : DeviceState.OPENING;
    }
  }

  /** Everything leaves, as core stops. */
  void close() {
    List<Offer> offers;
    synchronized (lock) {
      offers = candidates.stream().map(c -> c.offer).toList();
    }
    offers.forEach(this::remove);
  }

  // ---- builder

  private void build(Candidate candidate) {
    awaitThoseWhoLeave();
    Attachment attachment =
        new Attachment(
            host.attachments().incrementAndGet(), candidate.offer, interposers.get(), host, this);
    synchronized (lock) {
      // Ready: a rebuild that overtook this build has done its work.
      if (candidate.gone
          || candidate.ready
          || candidate.rebuildsPending > 0
          || !candidate.zombieNames().isEmpty()) {
        return;
      }
      candidate.attachment = attachment;
      candidate.state =
          candidate.state == DeviceState.SUPERSEDED ? candidate.state : DeviceState.OPENING;
    }
    try {
      attachment.open();
    } catch (AttachmentFailure e) {
      failed(candidate, e);
      return;
    }
    int events;
    synchronized (lock) {
      events = candidate.portEvents;
    }
    boolean up = isPortUp(attachment);
    synchronized (lock) {
      if (!candidate.gone && candidate.rebuildsPending == 0) {
        candidate.ready = true;
        // What an event said meanwhile is newer than the answer.
        up = candidate.portEvents == events ? up : !candidate.portDown;
        candidate.portDown = !up;
        candidate.because("opened and probed, attachment " + attachment.number());
        if (candidate.state == DeviceState.OPENING) {
          candidate.state = DeviceState.STANDBY;
        }
        if (!up) {
          candidate.because("port " + candidate.offer.device().portName() + " is down");
        }
      }
    }
    decider.submit(this::decide);
  }

  /** A driver's new instance is not opened while the hardware of its old one still runs. */
  private void awaitThoseWhoLeave() {
    List<Attachment> closing = new ArrayList<>();
    synchronized (lock) {
      for (Candidate candidate : leaving) {
        Attachment attachment = candidate.attachment;
        if (attachment != null && candidate.state != DeviceState.ZOMBIE) {
          closing.add(attachment);
        }
      }
    }
    closing.forEach(attachment -> attachment.close(host.deadlines().callbackNs()));
  }

  private void failed(Candidate candidate, AttachmentFailure failure) {
    boolean gone;
    synchronized (lock) {
      gone = candidate.gone;
      candidate.ready = false;
      candidate.state = gone ? DeviceState.CLOSING : DeviceState.FAILED;
      candidate.because(String.valueOf(failure.getMessage()));
    }
    if (gone) {
      forget(candidate);
    } else {
      host.reporter()
          .warn(candidate + " is not promoted: " + failure.getMessage(), failure.getCause());
    }
    decider.submit(this::decide);
  }

  private boolean isPortUp(Attachment attachment) {
    DriverCall<Boolean> call =
        DriverCall.start("ib.core port state " + attachment.offer(), attachment.hca()::portUp);
    try {
      return call.await(host.deadlines().reclaimNs());
    } catch (ExecutionException | TimeoutException e) {
      host.reporter().warn(attachment.offer() + ": asking for its port's state failed", e);
      return false;
    }
  }

  // ---- decider

  /** What changes when the best candidate is another. */
  private record Change(
      @Nullable Candidate from,
      @Nullable Publication old,
      @Nullable Candidate to,
      @Nullable Publication next) {}

  private void decide() {
    refreshPorts();
    Change change = choose();
    if (change == null) {
      return;
    }
    // Make before break: users bind the new one before they let go of the old.
    if (change.next != null) {
      host.reporter()
          .info(
              "promoting "
                  + change.next
                  + (change.from == null ? "" : ", " + change.from + " is superseded"));
      change.next.register();
      activated(change);
    }
    if (change.from != null) {
      withdraw(change.from, change.old);
      Candidate from = change.from;
      builder.submit(() -> retire(from));
    }
  }

  /** Active is what users can bind. */
  private void activated(Change change) {
    synchronized (lock) {
      Candidate to = change.to;
      if (to != null && to == active && to.publication == change.next) {
        to.state = DeviceState.ACTIVE;
      }
    }
  }

  private void refreshPorts() {
    List<Candidate> waiting;
    synchronized (lock) {
      waiting = candidates.stream().filter(c -> c.ready && c.portDown && c != active).toList();
    }
    for (Candidate candidate : waiting) {
      Attachment attachment = candidate.attachment;
      if (attachment != null && isPortUp(attachment)) {
        synchronized (lock) {
          candidate.portDown = false;
          candidate.because("port is up");
        }
      }
    }
  }

  private @Nullable Change choose() {
    synchronized (lock) {
      Candidate best =
          PromotionPolicy.best(candidates.stream().filter(Candidate::isEligible).toList());
      Candidate from = active;
      if (best == from) {
        return null;
      }
      Publication old = null;
      if (from != null) {
        old = from.publication;
        from.ready = false;
        from.because(best == null ? "withdrawn" : "superseded by " + best.offer.driver());
      }
      Publication next = null;
      if (best != null && best.attachment != null) {
        best.generation = host.generations().incrementAndGet();
        next = new Publication(best.attachment, best.generation, host);
        best.publication = next;
        best.because("promoted, generation " + best.generation);
      }
      active = best;
      return new Change(from, old, best, next);
    }
  }

  private void withdraw(Candidate candidate) {
    Publication users;
    synchronized (lock) {
      users = candidate.publication;
    }
    withdraw(candidate, users);
  }

  private void withdraw(Candidate candidate, @Nullable Publication users) {
    if (users == null) {
      return;
    }
    users.withdraw();
    synchronized (lock) {
      if (candidate.publication == users) {
        candidate.publication = null;
      }
      if (candidate.state == DeviceState.ACTIVE) {
        candidate.state =
            candidate.dead
                ? DeviceState.FAILED
                : candidate.portDown ? DeviceState.STANDBY : DeviceState.SUPERSEDED;
      }
    }
  }

  /** Gives a superseded candidate a fresh address space, so that it can take over again at once. */
  private void retire(Candidate candidate) {
    Attachment attachment;
    synchronized (lock) {
      attachment = candidate.attachment;
    }
    if (attachment != null) {
      attachment.close(host.deadlines().callbackNs());
    }
    boolean again;
    synchronized (lock) {
      again = !candidate.gone && !candidate.dead;
    }
    if (again) {
      build(candidate);
    }
  }

  // ---- what operators see

  boolean isEmpty() {
    synchronized (lock) {
      return candidates.isEmpty() && leaving.isEmpty();
    }
  }

  /** Snapshots, the active one first. */
  List<DeviceStatus> status() {
    record Shot(
        DeviceStatus status, @Nullable Attachment attachment, @Nullable Publication users) {}
    List<Shot> shots = new ArrayList<>();
    synchronized (lock) {
      List<Candidate> all = new ArrayList<>(candidates);
      all.addAll(leaving);
      for (Candidate c : all) {
        Shot shot = new Shot(c.status(), c.attachment, c.publication);
        shots.add(c == active ? 0 : shots.size(), shot);
      }
    }
    return shots.stream()
        .map(s -> s.status().withOwners(Candidate.usage(s.attachment(), s.users())))
        .toList();
  }

  /** Figures of all attachments, the active one's first. */
  List<DmaDeviceMetrics> metrics() {
    record Shot(@Nullable Attachment attachment, @Nullable Publication users) {}
    List<Shot> shots = new ArrayList<>();
    synchronized (lock) {
      for (Candidate c : candidates) {
        shots.add(c == active ? 0 : shots.size(), new Shot(c.attachment, c.publication));
      }
    }
    List<DmaDeviceMetrics> metrics = new ArrayList<>();
    for (Shot shot : shots) {
      DmaDeviceMetrics of = Candidate.metrics(shot.attachment(), shot.users());
      if (of != null) {
        metrics.add(of);
      }
    }
    return metrics;
  }

  @Override
  public String toString() {
    return name;
  }
}
