// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.block.BlockDeviceState;
import ib.dma.DmaMemoryPool;
import ib.verbs.ConnectionManager;
import ib.verbs.RdmaDevice;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a path to the target: the disk's own thread, which logs in when a device is there, changes
 * over to a newer one, logs in again when a path broke, and drives what is due by time.
 *
 * <p>Devices come and go by {@link #bind} and {@link #unbind} from any thread. Make before break: a
 * newer device is logged in with action "multi" beside the old channel, commands change over, then
 * the old one is drained. After a break, the login is "single": it ends what the target may still
 * be doing for the broken channel before anything is sent again.
 */
final class PathKeeper implements OwnerWait, Runnable {
  /** Told about the disk as a whole; must not block. */
  interface Listener {
    /** A login succeeded. */
    void onReady();

    /** The disk is given up. */
    void onLost();
  }

  /** Time for commands in flight to be answered before their channel is closed under them. */
  static final long DRAIN_NS = TimeUnit.SECONDS.toNanos(2);

  /**
   * Time for a newer device to log in while the old one waits to leave. With the drain it stays
   * below the three seconds that a callback may take.
   */
  private static final long SUCCESSOR_NS = TimeUnit.MILLISECONDS.toNanos(700);

  private static final long TICK_NS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long SHORT_TICK_NS = TimeUnit.MILLISECONDS.toNanos(2);

  private final SrpConfig config;
  private final LongSupplier clock;
  private final EventLog log;
  private final DiskLedger ledger;
  private final CommandEngine engine;
  private final Listener listener;
  private final ReconnectBackoff backoff;
  private final List<RdmaDevice> devices = new CopyOnWriteArrayList<>();
  private final List<ConnectionManager> managers = new CopyOnWriteArrayList<>();
  private final List<ChannelLife> lives = new CopyOnWriteArrayList<>();
  private final Thread thread;
  private volatile @Nullable DmaMemoryPool pool;
  private volatile boolean stopping;
  private volatile boolean hurry;
  private volatile String path = "";
  private volatile String lastEvent = "no device yet";
  private long waitUntilNs;
  private boolean waiting;
  private boolean loggedInBefore;
  private boolean lossReported;
  private long loginTag;

  /**
   * Creates the keeper; {@link #start} starts its thread.
   *
   * @param listener told on the keeper's thread
   */
  PathKeeper(
      SrpConfig config, LongSupplier clock, EventLog log, DiskLedger ledger, Listener listener) {
    this.config = config;
    this.clock = clock;
    this.log = log;
    this.ledger = ledger;
    this.listener = listener;
    backoff = new ReconnectBackoff(config.reconnectDelayNs());
    engine = new CommandEngine(config, clock, log, ledger, this::wake);
    thread = new Thread(this, "srp-" + config.name());
    thread.setDaemon(true);
  }

  CommandEngine engine() {
    return engine;
  }

  /** Device and generation of the channel in use, or of the last. */
  String path() {
    return path;
  }

  String lastEvent() {
    return lastEvent;
  }

  void start() {
    engine.owner(thread);
    thread.start();
  }

  // ---- devices and managers; any thread ----

  void bind(RdmaDevice device) {
    devices.add(device);
    hurryUp();
  }

  /**
   * Returns when nothing of the device is left, or the bound has passed. Never waits for another
   * device to come; but one that is there already gets a moment to log in, since until then the old
   * channel works: make before break.
   */
  void unbind(RdmaDevice device) {
    devices.remove(device);
    hurryUp();
    awaitSuccessor(device);
    for (ChannelLife life : lives) {
      if (life.device().equals(device)) {
        close(life, DRAIN_NS, life.path() + " leaves");
      }
    }
    hurryUp();
  }

  private void awaitSuccessor(RdmaDevice leaving) {
    long begin = System.nanoTime();
    while (!stopping && isWaitingForSuccessor(leaving)) {
      if (System.nanoTime() - begin > SUCCESSOR_NS) {
        log.info(config.name() + ": no login by a newer device within the time to wait for it");
        return;
      }
      LockSupport.parkNanos(this, SHORT_TICK_NS);
    }
  }

  /** True while the leaving device carries the I/O and a newer one could log in. */
  private boolean isWaitingForSuccessor(RdmaDevice leaving) {
    ChannelLife now = currentLife();
    RdmaDevice best = newestDevice();
    return now != null
        && now.device().equals(leaving)
        && now.broken() == null
        && best != null
        && best.generation() > leaving.generation();
  }

  void bind(ConnectionManager manager) {
    managers.add(manager);
    hurryUp();
  }

  /** Closes what was connected by the manager. */
  void unbind(ConnectionManager manager) {
    managers.remove(manager);
    for (ChannelLife life : lives) {
      if (life.manager().equals(manager)) {
        close(life, DRAIN_NS, "port " + manager.portName() + " leaves");
      }
    }
  }

  void pool(DmaMemoryPool newPool) {
    pool = newPool;
    hurryUp();
  }

  /** Forgets the pool, unless a newer one is there already. */
  void poolLeft(DmaMemoryPool oldPool) {
    if (oldPool.equals(pool)) {
      pool = null;
    }
  }

  /**
   * Ends everything: what is in flight may be answered, what is held fails. Bounded. Not on its own
   * thread.
   */
  void stop() {
    stopping = true;
    wake();
    for (ChannelLife life : lives) {
      close(life, DRAIN_NS, "the disk is being removed");
    }
    try {
      thread.join(TimeUnit.NANOSECONDS.toMillis(DRAIN_NS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (!thread.isAlive()) {
      engine.owner(null);
    }
    // A login that was just succeeding when it stopped.
    for (ChannelLife life : lives) {
      close(life, 0, "the disk is being removed");
    }
    engine.stop();
    engine.call(() -> {});
  }

  private boolean close(ChannelLife life, long drainNs, String why) {
    boolean done = life.close(drainNs, why);
    // Of several that close it, one says so.
    if (done && lives.remove(life)) {
      event(life.path() + " closed: " + why);
    }
    if (!done) {
      log.warn(life.path() + " could not be closed in time: " + why);
    }
    return done;
  }

  private void hurryUp() {
    hurry = true;
    wake();
  }

  private void event(String words) {
    lastEvent = words;
    log.info(config.name() + ": " + words);
  }

  // ---- its own thread ----

  @Override
  public void wake() {
    LockSupport.unpark(thread);
  }

  @Override
  public boolean await(BooleanSupplier condition, long boundNs) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      if (stopping || System.nanoTime() - start > boundNs) {
        return condition.getAsBoolean();
      }
      engine.tick();
      // A login beside the channel in use must not keep that from being closed once it is broken.
      closeBroken();
      if (!condition.getAsBoolean()) {
        LockSupport.parkNanos(this, Math.min(boundNs, tickNs()));
      }
    }
    return true;
  }

  private long tickNs() {
    return engine.isPaused() ? SHORT_TICK_NS : TICK_NS;
  }

  @Override
  public void run() {
    while (!stopping) {
      engine.tick();
      try {
        closeBroken();
        choosePath();
        reportLoss();
      } catch (RuntimeException e) {
        log.warn(config.name() + ": keeping the path failed: " + e);
        waitAfterFailure();
      }
      if (!hurry && !stopping) {
        LockSupport.parkNanos(this, parkNs());
      }
    }
  }

  private void reportLoss() {
    if (!lossReported && engine.port().state() == BlockDeviceState.LOST) {
      lossReported = true;
      event("given up: no path for the device loss time; update the configuration to try again");
      listener.onLost();
    }
  }

  private long parkNs() {
    long park = tickNs();
    return waiting ? Math.max(0, Math.min(park, waitUntilNs - clock.getAsLong())) : park;
  }

  private void closeBroken() {
    for (ChannelLife life : lives) {
      String why = life.broken();
      if (why != null && life.isOpen()) {
        close(life, 0, why);
        hurry = true;
      }
    }
    lives.removeIf(ChannelLife::isClosed);
  }

  private void choosePath() {
    if (hurry) {
      hurry = false;
      waiting = false;
    }
    if (waiting && waitUntilNs - clock.getAsLong() > 0) {
      return;
    }
    waiting = false;
    RdmaDevice best = newestDevice();
    ConnectionManager manager = best == null ? null : managerOf(best);
    DmaMemoryPool memory = pool;
    if (best == null
        || manager == null
        || memory == null
        || engine.port().state() == BlockDeviceState.LOST) {
      return;
    }
    ChannelLife now = currentLife();
    boolean fence = engine.fence().isPending();
    if (now != null && !fence && now.device().generation() >= best.generation()) {
      return;
    }
    logIn(best, manager, memory, fence ? null : now);
  }

  private @Nullable RdmaDevice newestDevice() {
    RdmaDevice best = null;
    for (RdmaDevice device : devices) {
      if (!device.isWithdrawn() && (best == null || device.generation() > best.generation())) {
        best = device;
      }
    }
    return best;
  }

  private @Nullable ConnectionManager managerOf(RdmaDevice device) {
    for (ConnectionManager manager : managers) {
      if (manager.portName().equals(device.portName())) {
        return manager;
      }
    }
    return null;
  }

  private @Nullable ChannelLife currentLife() {
    SrpChannel current = engine.current();
    for (ChannelLife life : lives) {
      if (current != null && life.channel() == current && life.isOpen()) {
        return life;
      }
    }
    return null;
  }

  /**
   * Logs in.
   *
   * @param beside the channel in use, to be replaced; null to begin alone, which ends all others
   */
  private void logIn(
      RdmaDevice device,
      ConnectionManager manager,
      DmaMemoryPool memory,
      @Nullable ChannelLife beside) {
    boolean single = beside == null && (!loggedInBefore || engine.fence().isPending());
    if (single && !closeAll()) {
      waitAfterFailure();
      return;
    }
    int epoch = engine.fence().epoch();
    ChannelLife life = new ChannelLife(device, manager, engine, config, log);
    lives.add(life);
    try {
      if (!devices.contains(device)) {
        throw new LoginException(device.name() + " left");
      }
      SrpChannel channel = life.open(memory, single, ++loginTag, this);
      prepare(life, channel);
      if (!life.opened()) {
        throw new LoginException("login given up: " + life.abort());
      }
      path = life.path();
      if (!engine.adopt(channel, single, epoch)) {
        close(life, 0, "commands of another channel broke meanwhile, or it broke itself");
        hurry = true;
        return;
      }
      onLoggedIn(life, beside, single);
    } catch (LoginException | RuntimeException e) {
      onLoginFailed(life, e);
    }
  }

  /**
   * Before a single login, nothing of ours may still use another channel: it would be ended under
   * it.
   */
  private boolean closeAll() {
    boolean all = true;
    for (ChannelLife life : lives) {
      all &= close(life, DRAIN_NS, "a single login follows");
    }
    return all;
  }

  private void prepare(ChannelLife life, SrpChannel channel) throws LoginException {
    Discovery discovery = new Discovery(engine, life, channel, config, this, clock);
    Geometry found = discovery.run();
    Geometry before = engine.geometry();
    if (loggedInBefore
        && (found.blockBytes() != before.blockBytes() || found.blocks() != before.blocks())) {
      log.warn(
          "%s: the target's disk changed from %d to %d blocks of %d bytes"
              .formatted(config.name(), before.blocks(), found.blocks(), found.blockBytes()));
    }
    engine.geometry(found);
    if (engine.fence().isPendingForWrites()) {
      discovery.resetUnit(log);
    }
  }

  private void onLoggedIn(ChannelLife life, @Nullable ChannelLife beside, boolean single) {
    backoff.onSuccess();
    loggedInBefore = true;
    event(
        "logged in to "
            + config.describeTarget()
            + " by "
            + life.path()
            + (single ? " (single)" : " (multi)"));
    listener.onReady();
    if (beside != null) {
      close(beside, DRAIN_NS, "replaced by " + life.path());
    }
  }

  private void onLoginFailed(ChannelLife life, Exception e) {
    if (!life.isClosed() && !life.isOpen()) {
      life.openingFailed();
    }
    lives.remove(life);
    if (stopping) {
      return;
    }
    ledger.loginFailures.increment();
    waitAfterFailure();
    lastEvent = "login by " + life.path() + " failed: " + e.getMessage();
    // The first says what is wrong; a target that is away for hours need not fill the log.
    if (Integer.bitCount(backoff.failures()) == 1) {
      log.warn(config.name() + ": " + lastEvent + " (attempt " + backoff.failures() + ")");
    }
  }

  private void waitAfterFailure() {
    long delayNs = backoff.onFailure();
    waiting = true;
    long now = clock.getAsLong();
    waitUntilNs = delayNs == Long.MAX_VALUE ? now + TimeUnit.DAYS.toNanos(365) : now + delayNs;
  }
}
