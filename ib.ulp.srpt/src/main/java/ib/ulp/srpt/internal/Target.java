// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.dma.DmaMemoryPool;
import ib.srp.LoginRejReason;
import ib.srp.SrpLoginRsp;
import ib.ulp.srpt.internal.scsi.LogicalUnit;
import ib.ulp.srpt.internal.scsi.LogicalUnits;
import ib.verbs.AccessFlags;
import ib.verbs.ConnectParams;
import ib.verbs.ConnectRequest;
import ib.verbs.RdmaDevice;
import ib.verbs.RdmaException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.osgi.service.log.Logger;

/**
 * A target: devices it serves through, sessions, logical units. Logins and commands run on one
 * worker, so a "single" login is answered only when the old queue pairs are gone and no medium is
 * being written on their behalf any more (fencing).
 */
final class Target implements AutoCloseable {
  /**
   * Longest additional wait of a login for a device: the initiator's own retries go on after it.
   */
  private static final long LOGIN_HOLD_NS = TimeUnit.SECONDS.toNanos(3);

  private static final int MAX_HELD_LOGINS = 64;
  private static final int MAX_CHANNELS = 256;

  /**
   * Longest IU an initiator may ask for. A command with additional CDB bytes and as many
   * descriptors as the format can count has 4400 bytes; Linux asks for room for 8 KiB of immediate
   * data behind its descriptors before it knows that we take none.
   */
  private static final int MAX_IU_BYTES = 9 << 10;

  /** Channel bounds inside a device's departure: below the 3 s that a callback may take. */
  private static final long DRAIN_NS = TimeUnit.MILLISECONDS.toNanos(2000);

  /** After the drain's end: the ticker's turn, then a callback's own. */
  private static final long DRAIN_GRACE_NS = TimeUnit.MILLISECONDS.toNanos(300);

  private static final long REFUSAL_LINE_NS = TimeUnit.SECONDS.toNanos(1);

  /** For the job that runs to end; jobs never wait for a medium. */
  private static final long TURN_WAIT_MS = 400;

  private final SrptConfig config;
  private final LogicalUnits units;
  private final DmaMemoryPool pool;
  private final Logger log;
  private final LongSupplier clock;
  private final DataBuffers buffers;
  private final Ledger ledger;
  private final TargetWorker worker;
  private final Flusher flusher;
  private final TaskManagement taskManagement = new TaskManagement(this);
  private final List<TargetDevice> devices = new ArrayList<>();
  private final Map<String, Session> sessions = new HashMap<>();
  private final Deque<LoginRequest> held = new ArrayDeque<>();
  private boolean buffersWanted;
  private boolean refusalTold;
  private long refusalToldNs;
  private int refusalsUntold;
  private boolean closed;

  /**
   * Starts a target, which owns the logical units from then on.
   *
   * @throws ib.dma.DmaMemoryExhaustedException if there is no memory for its buffers
   */
  Target(SrptConfig config, LogicalUnits units, DmaMemoryPool pool, Logger log) {
    this(config, units, pool, log, System::nanoTime);
  }

  Target(
      SrptConfig config, LogicalUnits units, DmaMemoryPool pool, Logger log, LongSupplier clock) {
    this.config = config;
    this.units = units;
    this.pool = pool;
    this.log = log;
    this.clock = clock;
    buffers = new DataBuffers(pool, config.bufferBytes());
    ledger = new Ledger(config.name());
    worker = new TargetWorker("ib-srpt-" + config.name(), this::tick, this::closeMedia, log::error);
    flusher = new Flusher("ib-srpt-flush-" + config.name(), this::flushEnded);
    worker.start();
    flusher.start();
  }

  SrptConfig config() {
    return config;
  }

  LogicalUnits units() {
    return units;
  }

  DmaMemoryPool pool() {
    return pool;
  }

  DataBuffers buffers() {
    return buffers;
  }

  Ledger ledger() {
    return ledger;
  }

  TargetWorker worker() {
    return worker;
  }

  Flusher flusher() {
    return flusher;
  }

  TaskManagement taskManagement() {
    return taskManagement;
  }

  /** A device came; any thread. */
  void bind(RdmaDevice rdma) {
    if (!worker.call(() -> addDevice(rdma), TURN_WAIT_MS)) {
      log.error(
          "target {} could not take {}: it was busy for {} ms",
          config.name(),
          rdma.name(),
          TURN_WAIT_MS);
    }
  }

  private void addDevice(RdmaDevice rdma) {
    if (closed) {
      return;
    }
    try {
      devices.add(new TargetDevice(rdma));
      devices.sort(Comparator.comparingLong((TargetDevice d) -> d.rdma.generation()).reversed());
      log.info(
          "target {} serves through {} generation {}",
          config.name(),
          rdma.name(),
          rdma.generation());
    } catch (RdmaException e) {
      log.warn("target {} can't use {}: {}", config.name(), rdma.name(), e.getMessage());
      return;
    }
    // On the worker: a login must not pass a medium that the worker waits for (fencing).
    worker.offer(this::admitHeld);
  }

  private void admitHeld() {
    if (!devices.isEmpty()) {
      List<LoginRequest> waited = new ArrayList<>(held);
      held.clear();
      waited.forEach(this::login);
    }
  }

  /**
   * A device goes; any thread but the worker. Returns when nothing of it is used any more, at the
   * latest after 2.8 s, whatever the worker waits for.
   */
  void unbind(RdmaDevice rdma) {
    leave(List.of(rdma));
  }

  /** All devices go, at once. */
  void unbindAll() {
    List<RdmaDevice> all = new ArrayList<>();
    worker.call(() -> devices.forEach(device -> all.add(device.rdma)), TURN_WAIT_MS);
    leave(all);
  }

  private void leave(List<RdmaDevice> leaving) {
    long now = clock.getAsLong();
    List<CompletableFuture<Boolean>> gone = new ArrayList<>();
    for (RdmaDevice rdma : leaving) {
      CompletableFuture<Boolean> one = new CompletableFuture<>();
      if (worker.call(() -> removeDevice(rdma, one, now + DRAIN_NS), TURN_WAIT_MS)) {
        gone.add(one);
      } else {
        log.error(
            "target {} could not drain {}: it was busy for {} ms",
            config.name(),
            rdma.name(),
            TURN_WAIT_MS);
      }
    }
    CompletableFuture<Void> all = CompletableFuture.allOf(gone.toArray(CompletableFuture[]::new));
    if (!await(all, now + DRAIN_NS + DRAIN_GRACE_NS)) {
      // The worker waits for a medium, else its ticker would have ended the drain.
      worker.call(() -> leaving.forEach(this::breakChannels), TURN_WAIT_MS);
      if (!all.isDone()) {
        log.error("target {} did not leave {}", config.name(), leaving);
      }
    }
  }

  private boolean await(CompletableFuture<Void> all, long deadlineNs) {
    try {
      all.get(Math.max(0, deadlineNs - clock.getAsLong()), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
      return false;
    }
    return all.isDone();
  }

  private void removeDevice(RdmaDevice rdma, CompletableFuture<Boolean> gone, long deadlineNs) {
    TargetDevice device =
        devices.stream().filter(d -> d.rdma.equals(rdma)).findFirst().orElse(null);
    if (device == null) {
      gone.complete(false);
      return;
    }
    devices.remove(device);
    device.leave(gone, deadlineNs);
  }

  private void breakChannels(RdmaDevice rdma) {
    for (Channel channel : allChannels()) {
      if (channel.device.rdma.equals(rdma)) {
        channel.close("its device left while a medium did not answer");
      }
    }
  }

  /** A connection request; connection manager's thread. */
  void connectRequest(ConnectRequest request) {
    LoginRequest login = new LoginRequest(request, clock.getAsLong() + LOGIN_HOLD_NS);
    if (!worker.offer(() -> login(login))) {
      login.reject(LoginRejReason.INSUFFICIENT_RESOURCES);
    }
  }

  private void login(LoginRequest login) {
    LoginRefusal refusal = closed ? LoginRefusal.STOPPED : login.refusal(config, MAX_IU_BYTES);
    if (refusal == null && devices.isEmpty()) {
      if (held.size() < MAX_HELD_LOGINS) {
        held.add(login);
        return;
      }
      refusal = LoginRefusal.NO_DEVICE;
    }
    if (refusal == null && channelCount() - endedBy(login) >= MAX_CHANNELS) {
      refusal = LoginRefusal.TOO_MANY;
    }
    if (refusal != null) {
      refuse(login, refusal);
    } else {
      admit(login, devices.getFirst());
    }
  }

  private void refuse(LoginRequest login, LoginRefusal refusal) {
    tellRefusal(login, refusal);
    login.reject(refusal.reason());
  }

  /** A line a second at most: anybody can ask for a login, and as often as he likes. */
  private void tellRefusal(LoginRequest login, LoginRefusal refusal) {
    long now = clock.getAsLong();
    if (refusalTold && now - refusalToldNs < REFUSAL_LINE_NS) {
      refusalsUntold++;
      return;
    }
    log.warn(
        "target {} refuses a login ({}): {}{}",
        config.name(),
        login.describe(),
        refusal.words(),
        refusalsUntold == 0 ? "" : "; as it did " + refusalsUntold + " more since the last line");
    refusalTold = true;
    refusalToldNs = now;
    refusalsUntold = 0;
  }

  /** Channels that a login would end, and so make room. */
  private int endedBy(LoginRequest login) {
    Session before = sessions.get(login.initiatorPortId());
    return before != null && login.wantsSingleChannel() ? before.channels.size() : 0;
  }

  private int channelCount() {
    return sessions.values().stream().mapToInt(session -> session.channels.size()).sum();
  }

  private void admit(LoginRequest login, TargetDevice device) {
    Session before = sessions.get(login.initiatorPortId());
    int result = before == null ? SrpLoginRsp.RESULT_NO_CHANNEL : SrpLoginRsp.RESULT_MAINTAINED;
    if (before != null && login.wantsSingleChannel()) {
      result = SrpLoginRsp.RESULT_TERMINATED;
      for (Channel old : List.copyOf(before.channels)) {
        old.close("a new login with a single channel");
      }
    }
    // A session ends with its last channel, so this may be a new one.
    Session session = sessions.computeIfAbsent(login.initiatorPortId(), Session::new);
    Channel channel;
    try {
      channel =
          new Channel(
              this, session, device, (int) Math.max(login.maxIuBytes(), LoginRequest.MIN_IU_BYTES));
    } catch (RdmaException | RuntimeException e) {
      if (session.channels.isEmpty()) {
        sessions.remove(session.initiatorPortId);
      }
      refuse(login, LoginRefusal.noResources(device.rdma.name() + ": " + e.getMessage()));
      return;
    }
    session.channels.add(channel);
    device.channels.add(channel);
    if (!channel.postAllReceives()) {
      refuse(login, LoginRefusal.noResources(device.rdma.name() + " takes no receives"));
      return;
    }
    accept(login, channel, result);
  }

  private void accept(LoginRequest login, Channel channel, int result) {
    int reads =
        Math.min(login.request.responderResources(), channel.device.rdma.query().maxQpRdAtom());
    ConnectParams params =
        new ConnectParams(
            login.response(channel.requestLimit(), (int) login.maxIuBytes(), result),
            0,
            Math.max(1, reads),
            7,
            7,
            ConnectParams.DEFAULT_ACK_TIMEOUT_CODE,
            AccessFlags.LOCAL_WRITE);
    try {
      channel.established(login.request.accept(channel.qp(), params, new ChannelEvents(channel)));
      log.info(
          "target {}: login of {} on {}",
          config.name(),
          login.describe(),
          channel.device.rdma.name());
    } catch (RdmaException e) {
      // Not answered yet: the initiator need not wait for its timeout to hear of it.
      channel.close("the connection could not be accepted: " + e.getMessage());
      refuse(login, LoginRefusal.noResources(String.valueOf(e.getMessage())));
    } catch (RuntimeException e) {
      channel.close("the connection could not be accepted: " + e.getMessage());
    }
  }

  void malformed(Channel channel, String what) {
    log.warn(
        "target {}: malformed information unit from {}: {}",
        config.name(),
        channel.session.initiatorPortId,
        what);
  }

  /** A fault of our own; the channel ends. */
  void failed(Channel channel, RuntimeException cause) {
    log.error(
        "target {}: channel of {} failed", config.name(), channel.session.initiatorPortId, cause);
  }

  void mediumError(Command command, IOException cause) {
    LogicalUnit unit = command.unit;
    String where = unit == null ? "?" : unit.lun() + " (" + unit.backing().description() + ")";
    log.error("target {}: medium error on LUN {}", config.name(), where, cause);
  }

  void channelClosed(Channel channel, String why) {
    if (!why.isEmpty()) {
      log.info(
          "target {}: channel of {} ended: {}",
          config.name(),
          channel.session.initiatorPortId,
          why);
    }
    if (channel.session.channels.isEmpty()) {
      sessions.remove(channel.session.initiatorPortId);
    }
  }

  /** A command waits for buffers no longer. */
  void buffersUnwanted(Command command) {
    if (buffers.forget(command)) {
      buffersFreed();
    }
  }

  /**
   * Buffers came back: who waits for them goes on in the next turn, so that a release never runs
   * into another channel's work.
   */
  void buffersFreed() {
    if (!buffersWanted) {
      buffersWanted = worker.offer(this::retryAll);
    }
  }

  private void retryAll() {
    buffersWanted = false;
    Command command = buffers.next();
    while (command != null) {
      command.channel.execution().buffersHere(command);
      command = buffers.next();
    }
  }

  /** Flusher's thread. If the worker's queue is full, the next tick takes what was flushed. */
  private void flushEnded() {
    worker.offer(this::takeFlushed);
  }

  private void takeFlushed() {
    Flusher.Job job = flusher.poll();
    while (job != null) {
      job.command.channel.flushed(job);
      job = flusher.poll();
    }
  }

  List<Channel> allChannels() {
    List<Channel> all = new ArrayList<>();
    sessions.values().forEach(session -> all.addAll(session.channels));
    return all;
  }

  private void tick() {
    long now = clock.getAsLong();
    takeFlushed();
    retryAll();
    admitHeld();
    for (Channel channel : allChannels()) {
      if (!channel.isClosed()) {
        channel.tick(now);
      }
    }
    while (!held.isEmpty() && now - held.getFirst().deadlineNs >= 0) {
      LoginRequest login = held.removeFirst();
      refuse(login, LoginRefusal.NO_DEVICE);
    }
  }

  /** Lines for operators; any thread. */
  List<String> describe() {
    List<String> lines = new ArrayList<>();
    return worker.call(() -> lines.addAll(lines()), TURN_WAIT_MS) ? lines : List.of("busy");
  }

  private List<String> lines() {
    List<String> lines = new ArrayList<>();
    for (LogicalUnit unit : units.all()) {
      lines.add(
          "LUN "
              + unit.lun()
              + ": "
              + unit.blocks()
              + " blocks of "
              + unit.blockSize()
              + " bytes, "
              + unit.backing().description());
    }
    for (Channel channel : allChannels()) {
      lines.add(
          "login of "
              + channel.session.initiatorPortId
              + " on "
              + channel.device.rdma.name()
              + " generation "
              + channel.device.rdma.generation()
              + ", in flight "
              + channel.inFlight()
              + (channel.isDraining() ? ", draining" : ""));
    }
    return lines;
  }

  private static @Nullable IOException closeQuietly(LogicalUnit unit) {
    try {
      try {
        unit.backing().flush();
      } finally {
        unit.backing().close();
      }
      return null;
    } catch (IOException e) {
      return e;
    } catch (RuntimeException e) {
      return new IOException(unit.backing().description() + " failed: " + e, e);
    }
  }

  /** Worker's last job, when nothing reads or writes any more: however long a medium took. */
  private void closeMedia() {
    buffers.close();
    for (LogicalUnit unit : units.all()) {
      IOException failure = closeQuietly(unit);
      if (failure != null) {
        log.error("target {}: LUN {} could not be closed", config.name(), unit.lun(), failure);
      }
    }
  }

  /** Ends service, leaving what devices there are. */
  @Override
  public void close() {
    unbindAll();
    worker.call(this::endLogins, TURN_WAIT_MS);
    flusher.close();
    worker.close();
  }

  private void endLogins() {
    closed = true;
    held.forEach(login -> refuse(login, LoginRefusal.STOPPED));
    held.clear();
    allChannels().forEach(channel -> channel.close("the target stops"));
  }
}
