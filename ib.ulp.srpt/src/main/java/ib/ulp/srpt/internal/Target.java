// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.dma.DmaMemoryPool;
import ib.srp.LoginRejReason;
import ib.srp.SrpLoginRsp;
import ib.srp.SrpRsp;
import ib.srp.SrpTskMgmt;
import ib.ulp.srpt.internal.scsi.LogicalUnit;
import ib.ulp.srpt.internal.scsi.LogicalUnits;
import ib.verbs.AccessFlags;
import ib.verbs.ConnectParams;
import ib.verbs.ConnectRequest;
import ib.verbs.Connection;
import ib.verbs.ConnectionHandler;
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
import org.jspecify.annotations.Nullable;
import org.osgi.service.log.Logger;

/**
 * A target: devices it serves through, sessions, logical units. Everything runs on one worker, so a
 * "single" login is answered only when the old queue pairs are gone and no medium is being written
 * on their behalf any more (fencing).
 */
final class Target implements AutoCloseable {
  /**
   * Longest additional wait of a login for a device: the initiator's own retries go on after it.
   */
  private static final long LOGIN_HOLD_NS = TimeUnit.SECONDS.toNanos(3);

  private static final int MAX_HELD_LOGINS = 64;
  private static final int MAX_CHANNELS = 256;
  private static final int MAX_DESCRIPTORS = 255;

  /**
   * Command with a full CDB, additional CDB bytes and as many descriptors as the format can count.
   */
  private static final int MAX_IU_BYTES = 48 + 252 + 20 + MAX_DESCRIPTORS * 16;

  /** Channel bounds inside a device's departure: below the 3 s that a callback may take. */
  private static final long DRAIN_NS = TimeUnit.MILLISECONDS.toNanos(2000);

  private static final long LEAVE_WAIT_MS = 2800;

  private final SrptConfig config;
  private final LogicalUnits units;
  private final DmaMemoryPool pool;
  private final Logger log;
  private final DataBuffers buffers;
  private final Ledger ledger;
  private final TargetWorker worker;
  private final List<TargetDevice> devices = new ArrayList<>();
  private final Map<String, Session> sessions = new HashMap<>();
  private final Deque<LoginRequest> held = new ArrayDeque<>();
  private boolean buffersWanted;

  Target(SrptConfig config, LogicalUnits units, DmaMemoryPool pool, Logger log) {
    this.config = config;
    this.units = units;
    this.pool = pool;
    this.log = log;
    buffers = new DataBuffers(pool, config.bufferBytes());
    ledger = new Ledger(config.name());
    worker = new TargetWorker("ib-srpt-" + config.name(), this::tick, log::error);
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

  /** A device came; any thread. */
  void bind(RdmaDevice rdma) {
    if (!worker.offer(() -> addDevice(rdma))) {
      log.error("target {} could not take {}: its queue is full", config.name(), rdma.name());
    }
  }

  private void addDevice(RdmaDevice rdma) {
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
    List<LoginRequest> waited = new ArrayList<>(held);
    held.clear();
    waited.forEach(this::login);
  }

  /**
   * A device goes; any thread but the worker. Returns when nothing of it is used any more, at the
   * latest after 2.8 s.
   */
  void unbind(RdmaDevice rdma) {
    CompletableFuture<Boolean> gone = new CompletableFuture<>();
    if (!worker.offer(() -> removeDevice(rdma, gone))) {
      log.error("target {} could not drain {}: its queue is full", config.name(), rdma.name());
      return;
    }
    try {
      gone.get(LEAVE_WAIT_MS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
      log.error(
          "target {} did not leave {} within {} ms", config.name(), rdma.name(), LEAVE_WAIT_MS, e);
    }
  }

  private void removeDevice(RdmaDevice rdma, CompletableFuture<Boolean> gone) {
    TargetDevice device =
        devices.stream().filter(d -> d.rdma.equals(rdma)).findFirst().orElse(null);
    if (device == null) {
      gone.complete(false);
      return;
    }
    devices.remove(device);
    device.leave(gone, System.nanoTime() + DRAIN_NS);
  }

  /** A connection request; connection manager's thread. */
  void connectRequest(ConnectRequest request) {
    LoginRequest login = new LoginRequest(request, System.nanoTime() + LOGIN_HOLD_NS);
    if (!worker.offer(() -> login(login))) {
      login.reject(LoginRejReason.INSUFFICIENT_RESOURCES);
    }
  }

  private void login(LoginRequest login) {
    LoginRejReason refusal = login.refusal(config, MAX_IU_BYTES);
    if (refusal == null && devices.isEmpty() && held.size() < MAX_HELD_LOGINS) {
      held.add(login);
      return;
    }
    if (refusal == null && (devices.isEmpty() || channelCount() >= MAX_CHANNELS)) {
      refusal = LoginRejReason.INSUFFICIENT_RESOURCES;
    }
    if (refusal != null) {
      log.warn(
          "target {} refuses a login ({}): {}",
          config.name(),
          login.describe(),
          LoginRejReason.describe(refusal.code()));
      login.reject(refusal);
      return;
    }
    admit(login, devices.getFirst());
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
      log.warn("target {} could not set up a channel on {}", config.name(), device.rdma.name(), e);
      login.reject(LoginRejReason.INSUFFICIENT_RESOURCES);
      return;
    }
    session.channels.add(channel);
    device.channels.add(channel);
    if (!channel.postAllReceives()) {
      login.reject(LoginRejReason.INSUFFICIENT_RESOURCES);
      return;
    }
    accept(login, channel, result);
  }

  private void accept(LoginRequest login, Channel channel, int result) {
    ConnectParams params =
        new ConnectParams(
            login.response(config.requestLimit(), (int) login.maxIuBytes(), result),
            0,
            Math.max(1, login.request.responderResources()),
            7,
            7,
            ConnectParams.DEFAULT_ACK_TIMEOUT_CODE,
            AccessFlags.LOCAL_WRITE);
    try {
      channel.established(login.request.accept(channel.qp(), params, new Events(channel)));
      log.info(
          "target {}: login of {} on {}",
          config.name(),
          login.describe(),
          channel.device.rdma.name());
    } catch (RdmaException | IllegalStateException e) {
      channel.close("the connection could not be accepted: " + e.getMessage());
    }
  }

  /** What the connection manager tells of an accepted connection; its thread. */
  private final class Events implements ConnectionHandler {
    private final Channel channel;

    Events(Channel channel) {
      this.channel = channel;
    }

    @Override
    public void onEstablished(Connection connection, byte[] privateData) {
      // Nothing to do: commands are taken from the moment of the accept.
    }

    @Override
    public void onRejected(Connection connection, int reason, byte[] privateData) {
      end("the initiator rejected the connection");
    }

    @Override
    public void onDisconnected(Connection connection) {
      end("the initiator disconnected");
    }

    @Override
    public void onError(Connection connection, String message) {
      end(message);
    }

    private void end(String why) {
      if (!worker.offer(() -> channel.close(why))) {
        log.error("target {} could not end a channel: its queue is full", config.name());
      }
    }
  }

  /** Executes a task management function; returns its response code. */
  int manage(Channel channel, Command self, int function, long lun, long taskTag) {
    return switch (function) {
      case SrpTskMgmt.ABORT_TASK -> {
        channel.abort(command -> command != self && command.tag == taskTag);
        yield SrpRsp.TASK_COMPLETE;
      }
      case SrpTskMgmt.ABORT_TASK_SET, SrpTskMgmt.CLEAR_TASK_SET, SrpTskMgmt.LUN_RESET ->
          manageUnit(channel, self, function, units.find(lun));
      case SrpTskMgmt.CLEAR_ACA -> SrpRsp.TASK_COMPLETE;
      default -> SrpRsp.TASK_NOT_SUPPORTED;
    };
  }

  private int manageUnit(Channel channel, Command self, int function, @Nullable LogicalUnit unit) {
    if (unit == null) {
      return SrpRsp.TASK_FIELDS_INVALID;
    }
    boolean everybody = function != SrpTskMgmt.ABORT_TASK_SET;
    for (Session session : sessions.values()) {
      if (session == channel.session || everybody) {
        session.channels.forEach(
            each -> each.abort(command -> command != self && command.unit == unit));
      }
      if (session != channel.session && function == SrpTskMgmt.LUN_RESET) {
        session.unitWasReset(unit);
      }
    }
    return SrpRsp.TASK_COMPLETE;
  }

  void malformed(Channel channel, String what) {
    log.warn(
        "target {}: malformed information unit from {}: {}",
        config.name(),
        channel.session.initiatorPortId,
        what);
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
    for (Channel channel : allChannels()) {
      if (!channel.isClosed()) {
        channel.retryWaiting();
      }
    }
  }

  private List<Channel> allChannels() {
    List<Channel> all = new ArrayList<>();
    sessions.values().forEach(session -> all.addAll(session.channels));
    return all;
  }

  private void tick() {
    long now = System.nanoTime();
    for (Channel channel : allChannels()) {
      if (!channel.isClosed()) {
        channel.tick(now);
      }
    }
    while (!held.isEmpty() && now - held.getFirst().deadlineNs >= 0) {
      LoginRequest login = held.removeFirst();
      log.warn(
          "target {} has no device on port {} for the login of {}",
          config.name(),
          config.port(),
          login.describe());
      login.reject(LoginRejReason.INSUFFICIENT_RESOURCES);
    }
  }

  /** Lines for operators; any thread. */
  List<String> describe() {
    CompletableFuture<List<String>> answer = new CompletableFuture<>();
    if (!worker.offer(() -> answer.complete(lines()))) {
      return List.of("busy");
    }
    try {
      return answer.get(1, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of("interrupted");
    } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
      return List.of("no answer within 1 s");
    }
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
              + channel.inFlight());
    }
    return lines;
  }

  private static @Nullable IOException closeQuietly(LogicalUnit unit) {
    try {
      unit.backing().flush();
      unit.backing().close();
      return null;
    } catch (IOException e) {
      return e;
    }
  }

  /** Ends service; the devices must have been unbound before. */
  @Override
  public void close() {
    worker.offer(
        () -> {
          held.forEach(login -> login.reject(LoginRejReason.INSUFFICIENT_RESOURCES));
          held.clear();
          allChannels().forEach(channel -> channel.close("the target stops"));
        });
    worker.close();
    buffers.close();
    for (LogicalUnit unit : units.all()) {
      IOException failure = closeQuietly(unit);
      if (failure != null) {
        log.error("target {}: LUN {} could not be closed", config.name(), unit.lun(), failure);
      }
    }
  }
}
