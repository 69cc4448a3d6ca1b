// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.block.BlockOperation;
import ib.block.BlockRequest;
import ib.block.BlockStatus;
import ib.srp.SrpRsp;
import ib.srp.SrpTskMgmt;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The disk's requests, from submit to completion: holds them while there is no path, sends them
 * while there is one, completes each once. All state but the counters belongs to who drives ({@link
 * DriveToken}); other threads submit, or ask by {@link DriveCalls}.
 */
final class CommandEngine implements SrpChannel.Events {
  /**
   * Paths that broke while they had one request, after which it is failed: it may be what breaks
   * them. How often it was sent says nothing: a target that has no room refuses it again and again.
   */
  static final int MAX_BREAKS = 20;

  /** Times that a target may ask for one request again. */
  static final int MAX_RETRIES = 50;

  private static final long TASK_TIMEOUT_NS = Duration.ofSeconds(5).toNanos();
  private static final long BUSY_PAUSE_NS = Duration.ofMillis(20).toNanos();
  private static final long NO_ROOM_PAUSE_NS = Duration.ofMillis(2).toNanos();
  private static final long NO_ROOM_LIMIT_NS = Duration.ofSeconds(2).toNanos();

  private final SrpConfig config;
  private final LongSupplier clock;
  private final EventLog log;
  private final Runnable wakeOwner;
  private final DiskLedger ledger;
  private final RemotePort port;
  private final DriveToken token;
  private final DriveCalls calls;
  private final RequestSlot[] slots;
  private final FreeSlots free;
  private final IntRing ready;
  private final HoldQueue waiting;
  private final Verdict verdict = new Verdict();
  private final List<SrpChannel> channels = new ArrayList<>(4);
  private volatile @Nullable SrpChannel current;
  private volatile Geometry geometry = Geometry.UNKNOWN;
  private volatile boolean stopped;
  private volatile boolean tickDue;
  private volatile long pausedUntilNs;
  private final Fence fence = new Fence();
  private final CreditWait creditWait;
  private volatile int held;
  private volatile int inFlight;
  private long sequence;

  CommandEngine(
      SrpConfig config, LongSupplier clock, EventLog log, DiskLedger ledger, Runnable wakeOwner) {
    this.config = config;
    this.clock = clock;
    this.log = log;
    this.ledger = ledger;
    this.wakeOwner = wakeOwner;
    port = new RemotePort(config.fastIoFailNs(), config.devLossNs());
    token = new DriveToken(this::drive, wakeOwner);
    calls = new DriveCalls(token);
    creditWait = new CreditWait(config.commandTimeoutNs());
    int count = config.queueSize();
    slots = new RequestSlot[count];
    free = new FreeSlots(count);
    ready = new IntRing(count);
    waiting = new HoldQueue(count);
    for (int i = 0; i < count; i++) {
      slots[i] = new RequestSlot(i, config.maxRanges());
    }
    pausedUntilNs = clock.getAsLong();
  }

  // ---- any thread ----

  /** Accepts a request, or false if there is no free slot. */
  boolean submit(BlockRequest request) {
    int index = free.take();
    if (index == FreeSlots.NONE) {
      return false;
    }
    RequestSlot slot = slots[index];
    slot.begin(request);
    RequestCheck.check(slot, request, geometry, config.maxRanges());
    ledger.submitted.increment();
    ready.offer(index);
    token.signal();
    return true;
  }

  RemotePort port() {
    return port;
  }

  Geometry geometry() {
    return geometry;
  }

  void geometry(Geometry found) {
    geometry = found;
  }

  @Nullable SrpChannel current() {
    return current;
  }

  int inFlight() {
    return inFlight;
  }

  int held() {
    return held;
  }

  Fence fence() {
    return fence;
  }

  /** True while sending pauses, so that somebody has to drive when the pause is over. */
  boolean isPaused() {
    return pausedUntilNs - clock.getAsLong() > 0;
  }

  /** Calls for work that others left, and for what is due by time; for the owner's thread. */
  void tick() {
    tickDue = true;
    token.signal();
    token.takeOver();
  }

  /** Goes on with work that was handed over, if its thread has ended. */
  void takeOver() {
    calls.takeOver();
  }

  /** Names the thread that calls {@link #tick}; null once it has ended. */
  void owner(@Nullable Thread thread) {
    calls.owner(thread);
  }

  /** From now on nothing is held: requests fail at once. */
  void stop() {
    stopped = true;
    token.signal();
  }

  // ---- any thread, waits until who drives has done it ----

  /** Runs something where the state is owned. False if that was not done within a bound. */
  boolean call(Runnable action) {
    return calls.call(action);
  }

  /** Takes notice of a channel, whose completions are taken from now on. */
  void attach(SrpChannel channel) {
    calls.call(() -> channels.add(channel));
  }

  /**
   * Sends through a channel from now on.
   *
   * @param single whether its login ended all others of the nexus
   * @param epoch {@link Fence#epoch} before that login
   * @return false if it may not be used: broken, the disk lost, or there is something it does not
   *     fence
   */
  boolean adopt(SrpChannel channel, boolean single, int epoch) {
    boolean[] adopted = new boolean[1];
    calls.call(() -> adopted[0] = tryAdopt(channel, single, epoch));
    return adopted[0];
  }

  private boolean tryAdopt(SrpChannel channel, boolean single, int epoch) {
    boolean fenced = fence.isCoveredBy(single, epoch);
    if (!fenced || channel.broken() != null || channel.isRetired() || stopped || !port.onLogin()) {
      return false;
    }
    if (fence.isPending()) {
      fence.lower();
      ledger.fences.increment();
    }
    ledger.logins.increment();
    current = channel;
    creditWait.end();
    return true;
  }

  /** Sends nothing through a channel any more. */
  void stopUsing(SrpChannel channel) {
    calls.call(
        () -> {
          channel.retire();
          if (current == channel) {
            current = null;
            port.onPathLost(clock.getAsLong());
          }
        });
  }

  /**
   * Ends a channel whose queue pair is closed: takes the answers that had arrived, and puts what
   * was not answered back to be sent again.
   */
  void breakOff(SrpChannel channel) {
    calls.call(
        () -> {
          try {
            channel.takeLastCompletions();
          } finally {
            // Whatever went wrong with the answers: no request stays with a channel that is gone.
            channels.remove(channel);
            requeueAll(channel);
          }
        });
  }

  /** Sends a discovery command on a channel. */
  boolean sendAdmin(SrpChannel channel, AdminCommand command) {
    boolean[] sent = new boolean[1];
    calls.call(
        () -> {
          command.tag = RequestSlot.tagOf(++sequence, SrpChannel.ADMIN_INDEX);
          sent[0] = channel.sendAdmin(command);
        });
    return sent[0];
  }

  /** Sends a LUN_RESET on a channel; null if that is not possible just now. */
  @Nullable TaskCommand sendLunReset(SrpChannel channel) {
    TaskCommand reset =
        new TaskCommand(SrpTskMgmt.LUN_RESET, null, clock.getAsLong() + TASK_TIMEOUT_NS);
    boolean[] sent = new boolean[1];
    calls.call(() -> sent[0] = channel.sendTask(reset, taskTag()));
    return sent[0] ? reset : null;
  }

  // ---- events of channels ----

  @Override
  public void onEvent() {
    token.signal();
  }

  @Override
  public void onBroken() {
    wakeOwner.run();
  }

  @Override
  public void onAdminAnswer() {
    wakeOwner.run();
  }

  @Override
  public void onTaskAnswer(SrpChannel channel, TaskCommand task) {
    RequestSlot slot = task.slot;
    if (slot == null) {
      wakeOwner.run();
    } else if (task.response() != SrpRsp.TASK_COMPLETE) {
      channel.breakWith("ABORT_TASK was answered with code " + task.response());
    } else if (slot.state == RequestSlot.State.ISSUED && slot.tag == task.taskTag) {
      channel.endCommand(slot);
      sendAgain(slot, BlockStatus.IO_ERROR, "not answered in time, and aborted");
    }
  }

  @Override
  public void onResponse(SrpChannel channel, long tag, MemorySegment seg, long at) {
    RequestSlot slot = slotOf(channel, tag);
    if (slot == null) {
      return;
    }
    channel.endCommand(slot);
    verdict.read(seg, at);
    switch (verdict.action()) {
      case COMPLETE -> finish(slot, verdict.status(), verdict.words());
      case RESEND -> sendAgain(slot, verdict.status(), verdict.words());
      case RESEND_LATER -> {
        pausedUntilNs = clock.getAsLong() + BUSY_PAUSE_NS;
        wakeOwner.run();
        sendAgain(slot, verdict.status(), verdict.words());
      }
    }
  }

  /**
   * The request that waits for a response with this tag on this channel; counts and drops any
   * other.
   */
  private @Nullable RequestSlot slotOf(SrpChannel channel, long tag) {
    int index = RequestSlot.indexOf(tag);
    if (index >= slots.length) {
      ledger.strayResponses.increment();
      return null;
    }
    RequestSlot slot = slots[index];
    if (slot.state == RequestSlot.State.ISSUED && slot.tag == tag && slot.channel == channel) {
      return slot;
    }
    (slot.completedTag == tag ? ledger.completedTwice : ledger.strayResponses).increment();
    return null;
  }

  // ---- who drives ----

  private void drive() {
    try {
      calls.run();
      for (int i = 0; i < channels.size(); i++) {
        channels.get(i).drive();
      }
      takeReady();
      if (tickDue) {
        tickDue = false;
        checkTimes(clock.getAsLong());
      }
      if (stopped || port.isFailing()) {
        failWaiting();
      } else {
        sendWaiting();
      }
      publishDepth();
    } catch (RuntimeException e) {
      // A driver or a caller broke its contract. Requests are safe in their slots; the paths are
      // not.
      log.warn("driving the disk failed: " + e);
      for (SrpChannel channel : channels) {
        channel.breakWith("internal error: " + e);
      }
    }
  }

  private void publishDepth() {
    int sum = 0;
    for (int i = 0; i < channels.size(); i++) {
      sum += channels.get(i).inFlight();
    }
    inFlight = sum;
    held = waiting.size();
  }

  private void takeReady() {
    for (int index = ready.poll(); index != IntRing.EMPTY; index = ready.poll()) {
      RequestSlot slot = slots[index];
      BlockStatus refusal = slot.refusal;
      if (refusal != null) {
        finish(slot, refusal, slot.refusalWords);
      } else {
        waiting.addLast(index);
      }
    }
  }

  private void sendWaiting() {
    SrpChannel channel = current;
    if (channel == null || fence.isPending() || waiting.isEmpty() || isPaused()) {
      return;
    }
    while (!waiting.isEmpty()) {
      RequestSlot slot = slots[waiting.first()];
      BlockRequest request = slot.request;
      if (request == null) {
        throw new IllegalStateException("slot " + slot.index + " waits without a request");
      }
      long tag = RequestSlot.tagOf(++sequence, slot.index);
      switch (channel.send(slot, request, tag)) {
        case OK -> {
          waiting.removeFirst();
          onSent(channel, slot, tag);
        }
        case NO_ROOM -> {
          onNoRoom(channel, slot);
          return;
        }
        case IMPOSSIBLE -> {
          waiting.removeFirst();
          finish(
              slot,
              BlockStatus.INVALID,
              "the data has more pieces than a command can name, or can't be mapped for this device");
        }
        case NO_CREDIT -> {
          if (channel.inFlight() == 0) {
            creditWait.begin(clock.getAsLong());
          }
          return;
        }
        case BROKEN -> {
          return;
        }
      }
    }
  }

  private void onSent(SrpChannel channel, RequestSlot slot, long tag) {
    if (slot.sends++ > 0) {
      ledger.resent.increment();
    }
    slot.state = RequestSlot.State.ISSUED;
    slot.channel = channel;
    slot.tag = tag;
    slot.deadlineNs = clock.getAsLong() + config.commandTimeoutNs();
    slot.aborting = false;
    slot.unmappableSinceNs = 0;
    slot.mapFault = null;
    slot.starved = false;
    creditWait.end();
  }

  /**
   * After a whole wait without credit a new login is tried, as its limit is new; who waited in vain
   * for that already waits no longer.
   */
  private void checkCredit(long nowNs) {
    SrpChannel channel = current;
    if (channel == null || !creditWait.isOver(nowNs)) {
      return;
    }
    creditWait.end();
    String words =
        "the target granted no credit for a command within "
            + Duration.ofNanos(config.commandTimeoutNs());
    for (int left = waiting.size(); left > 0; left--) {
      RequestSlot slot = slots[waiting.removeFirst()];
      if (slot.starved) {
        finish(slot, BlockStatus.RETRY, words + ", nor after another login");
      } else {
        slot.starved = true;
        waiting.addLast(slot.index);
      }
    }
    channel.breakWith(words);
  }

  /** Back-pressure: an answer of something in flight makes room; if nothing is, time may. */
  private void onNoRoom(SrpChannel channel, RequestSlot slot) {
    ledger.mappingFailures.increment();
    if (channel.inFlight() > 0) {
      return;
    }
    long now = clock.getAsLong();
    // Those behind wait for room as well: their time runs too, or the last would wait for all.
    for (int i = 0; i < waiting.size(); i++) {
      RequestSlot behind = slots[waiting.get(i)];
      if (behind.unmappableSinceNs == 0) {
        behind.unmappableSinceNs = now;
      }
    }
    if (now - slot.unmappableSinceNs > NO_ROOM_LIMIT_NS) {
      waiting.removeFirst();
      RuntimeException fault = slot.mapFault;
      finish(
          slot,
          BlockStatus.RETRY,
          fault == null
              ? "the device has no room to map the data; try again, or give it more"
              : "the device's DMA operations failed to map the data: " + fault);
    }
    pausedUntilNs = now + NO_ROOM_PAUSE_NS;
    wakeOwner.run();
  }

  private void failWaiting() {
    String words =
        stopped
            ? "the disk is being removed"
            : "no path to " + config.describeTarget() + " (" + port.state() + ")";
    while (!waiting.isEmpty()) {
      finish(slots[waiting.removeFirst()], BlockStatus.TRANSPORT_FAILED, words);
    }
  }

  private void checkTimes(long nowNs) {
    if (port.tick(nowNs)) {
      log.warn("the disk is " + port.state() + ": no path to " + config.describeTarget());
      wakeOwner.run();
    }
    for (RequestSlot slot : slots) {
      SrpChannel channel = slot.channel;
      if (slot.state == RequestSlot.State.ISSUED
          && channel != null
          && slot.deadlineNs - nowNs < 0) {
        onOverdue(channel, slot, nowNs);
      }
    }
    checkCredit(nowNs);
    for (SrpChannel channel : channels) {
      TaskCommand task = channel.task();
      if (task != null && task.deadlineNs - nowNs < 0) {
        channel.breakWith(SrpTskMgmt.functionName(task.function) + " was not answered within 5 s");
      }
    }
  }

  private void onOverdue(SrpChannel channel, RequestSlot slot, long nowNs) {
    if (slot.aborting) {
      return;
    }
    if (channel.sendTask(
        new TaskCommand(SrpTskMgmt.ABORT_TASK, slot, nowNs + TASK_TIMEOUT_NS), taskTag())) {
      slot.aborting = true;
      ledger.aborts.increment();
      log.warn(
          "a command was not answered in "
              + Duration.ofNanos(config.commandTimeoutNs())
              + "; it is being aborted");
    } else if (channel.task() == null && nowNs - slot.deadlineNs > TASK_TIMEOUT_NS) {
      channel.breakWith("a command was not answered in time, and there is no credit to abort it");
    }
  }

  private long taskTag() {
    return RequestSlot.tagOf(++sequence, 0) | RequestSlot.TASK_BIT;
  }

  /** Back to the front of the queue, newest first, so that the oldest is sent first again. */
  private void requeueAll(SrpChannel channel) {
    boolean any = false;
    boolean writes = false;
    for (RequestSlot slot = newest(channel); slot != null; slot = newest(channel)) {
      any = true;
      BlockRequest request = slot.request;
      writes |= request == null || request.operation() != BlockOperation.READ;
      endBroken(channel, slot);
      ledger.broken.increment();
      if (++slot.breaks >= MAX_BREAKS) {
        finish(
            slot,
            BlockStatus.IO_ERROR,
            "its path broke " + MAX_BREAKS + " times while it was with the target");
      } else {
        putBack(slot);
        waiting.addFirst(slot.index);
      }
    }
    if (any) {
      fence.raise(writes);
    }
  }

  /** A driver that fails at the unmap must not cost the request, nor those that come after it. */
  private void endBroken(SrpChannel channel, RequestSlot slot) {
    try {
      channel.endCommand(slot);
    } catch (RuntimeException e) {
      log.warn("the mapping of a command could not be undone: " + e);
      channel.endCommand(slot); // what was mapped is forgotten now
    }
  }

  private @Nullable RequestSlot newest(SrpChannel channel) {
    RequestSlot newest = null;
    for (RequestSlot slot : slots) {
      if (slot.state == RequestSlot.State.ISSUED
          && slot.channel == channel
          && (newest == null || slot.tag - newest.tag > 0)) {
        newest = slot;
      }
    }
    return newest;
  }

  /** The target answered, but did not do it: to the end of the queue, a bounded number of times. */
  private void sendAgain(RequestSlot slot, BlockStatus status, String words) {
    if (++slot.retries > MAX_RETRIES) {
      finish(slot, status, words);
    } else {
      putBack(slot);
      waiting.addLast(slot.index);
    }
  }

  private static void putBack(RequestSlot slot) {
    slot.state = RequestSlot.State.WAITING;
    slot.channel = null;
    slot.aborting = false;
  }

  /**
   * Completes a request, once; its slot is free before the caller hears of it, so that it may
   * submit the next one.
   */
  private void finish(RequestSlot slot, BlockStatus status, String words) {
    BlockRequest request = slot.end();
    if (request == null) {
      ledger.completedTwice.increment();
      return;
    }
    slot.channel = null;
    free.give(slot.index);
    (status == BlockStatus.OK ? ledger.completed : ledger.failed).increment();
    try {
      request.complete(status, words);
    } catch (RuntimeException e) {
      ledger.callbackFailures.increment();
      log.warn("a completion of a block request threw " + e);
    }
  }
}
