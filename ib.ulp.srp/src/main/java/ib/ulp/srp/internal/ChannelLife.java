// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.dma.DmaMemoryPool;
import ib.verbs.ConnectParams;
import ib.verbs.Connection;
import ib.verbs.ConnectionManager;
import ib.verbs.RdmaDevice;
import ib.verbs.RdmaException;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The life of one channel: opening, open, closing, closed. Whoever moves it from open to closing
 * closes it; all others wait until that is done. So the unbinding of a device, the deactivation of
 * the disk and the disk's own thread may all close it at the same time, and each returns when
 * nothing is left of it.
 */
final class ChannelLife {
  /** Where a channel is in its life. */
  enum Phase {
    /**
     * The disk's own thread is logging in; only that thread ends it, when asked by {@link #close}.
     */
    OPENING,
    /** The login stands. */
    OPEN,
    /** Somebody is closing it. */
    CLOSING,
    /** Nothing is left of it. */
    CLOSED
  }

  private static final long LOGIN_BOUND_NS = TimeUnit.SECONDS.toNanos(20);
  private static final long POLL_NS = 200_000;

  /** Beyond the drain: closing hardware objects is synchronous and bounded, but not free. */
  private static final long CLOSE_BOUND_NS = TimeUnit.MILLISECONDS.toNanos(900);

  private final RdmaDevice device;
  private final ConnectionManager manager;
  private final CommandEngine engine;
  private final SrpConfig config;
  private final EventLog log;
  private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.OPENING);
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile @Nullable String abort;
  private volatile @Nullable String brokenEarly;
  private volatile @Nullable ChannelResources resources;
  private volatile @Nullable SrpChannel channel;
  private volatile @Nullable Connection connection;

  ChannelLife(
      RdmaDevice device,
      ConnectionManager manager,
      CommandEngine engine,
      SrpConfig config,
      EventLog log) {
    this.device = device;
    this.manager = manager;
    this.engine = engine;
    this.config = config;
    this.log = log;
  }

  RdmaDevice device() {
    return device;
  }

  ConnectionManager manager() {
    return manager;
  }

  @Nullable SrpChannel channel() {
    return channel;
  }

  private Phase phase() {
    return Objects.requireNonNull(phase.get());
  }

  boolean isOpen() {
    return phase.get() == Phase.OPEN;
  }

  boolean isClosed() {
    return phase.get() == Phase.CLOSED;
  }

  /** Why the login must be given up, or null. */
  @Nullable String abort() {
    return abort;
  }

  /** Why the channel is broken, or null. */
  @Nullable String broken() {
    SrpChannel its = channel;
    return its == null ? null : its.broken();
  }

  /** Device and generation, for people. */
  String path() {
    return device.name() + " generation " + device.generation();
  }

  /**
   * Makes everything and logs in; by the disk's own thread, which calls {@link #opened} or {@link
   * #openingFailed} afterwards.
   *
   * @param single whether the target is to end all other channels of this nexus
   */
  SrpChannel open(DmaMemoryPool pool, boolean single, long loginTag, OwnerWait owner)
      throws LoginException {
    checkAbort();
    ChannelResources made =
        new ChannelResources(
            device,
            pool,
            config,
            cq -> {
              SrpChannel its = channel;
              if (its != null) {
                its.onCompletionEvent();
              }
            });
    resources = made;
    LoginExchange exchange =
        new LoginExchange(config.describeTarget(), owner::wake, this::onBroken);
    try {
      connection =
          manager.connect(made.qp, config.target(), parameters(made, single, loginTag), exchange);
    } catch (RdmaException e) {
      throw new LoginException(config.describeTarget() + ": " + e.getMessage(), e);
    }
    owner.await(() -> exchange.isDone() || abort != null, LOGIN_BOUND_NS);
    checkAbort();
    SrpChannel logged = new SrpChannel(made, config, exchange.result(), engine);
    channel = logged;
    String early = brokenEarly;
    if (early != null) {
      logged.breakWith(early);
    }
    engine.attach(logged);
    return logged;
  }

  private ConnectParams parameters(ChannelResources made, boolean single, long loginTag) {
    return new ConnectParams(
        LoginExchange.request(config, single, loginTag),
        made.readsAsResponder,
        made.readsAsResponder,
        config.retryCount(),
        7,
        ConnectParams.DEFAULT_ACK_TIMEOUT_CODE,
        ChannelResources.ACCESS);
  }

  private void onBroken(String why) {
    brokenEarly = why;
    SrpChannel its = channel;
    if (its != null) {
      its.breakWith(why);
    }
  }

  void checkAbort() throws LoginException {
    String why = abort;
    if (why != null) {
      throw new LoginException("login given up: " + why);
    }
  }

  /**
   * The login and discovery are done. False if it was asked to close meanwhile: then it is closed.
   */
  boolean opened() {
    phase.set(Phase.OPEN);
    if (abort != null) {
      close(0, "asked to while opening");
      return false;
    }
    return true;
  }

  /** The login failed: nothing is left when this returns. By the disk's own thread. */
  void openingFailed() {
    phase.set(Phase.CLOSING);
    finish(0);
  }

  /**
   * Closes the channel: what is in flight has {@code drainNs} to be answered, the rest goes back to
   * the queue. Any thread but an agent's or one that drives.
   *
   * @return whether nothing is left; false if somebody else is closing it and overran the bound
   */
  boolean close(long drainNs, String why) {
    while (true) {
      switch (phase()) {
        case OPENING -> {
          abort = why;
          engine.onBroken();
          // Opening may just have become open, and not have seen it: look again unless it closes.
          if (awaitClosed(TimeUnit.MILLISECONDS.toNanos(50))) {
            return true;
          }
          if (phase.get() == Phase.OPENING) {
            return awaitClosed(drainNs + CLOSE_BOUND_NS);
          }
        }
        case OPEN -> {
          if (phase.compareAndSet(Phase.OPEN, Phase.CLOSING)) {
            finish(drainNs);
            return true;
          }
        }
        case CLOSING -> {
          return awaitClosed(drainNs + CLOSE_BOUND_NS);
        }
        case CLOSED -> {
          return true;
        }
      }
    }
  }

  private boolean awaitClosed(long boundNs) {
    long start = System.nanoTime();
    try {
      // In slices: who closes it may need this thread to go on with what was handed over to it.
      while (!closed.await(1, TimeUnit.MILLISECONDS)) {
        if (System.nanoTime() - start > boundNs) {
          return false;
        }
        engine.takeOver();
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /**
   * In this order: send nothing new; let answers come; no hardware access any more; then take back
   * what it had.
   */
  private void finish(long drainNs) {
    try {
      SrpChannel its = channel;
      if (its != null) {
        engine.stopUsing(its);
        drain(its, drainNs);
        engine.call(its::silence);
      }
      Connection itsConnection = connection;
      if (itsConnection != null) {
        guard("disconnect", itsConnection::disconnect);
      }
      ChannelResources made = resources;
      if (made != null) {
        guard("closing the queue pair", made::closeQueuePair);
        if (its != null) {
          engine.breakOff(its);
        }
        guard("closing", made::close);
      }
    } finally {
      phase.set(Phase.CLOSED);
      closed.countDown();
    }
  }

  private void drain(SrpChannel its, long drainNs) {
    long start = System.nanoTime();
    while (its.inFlight() > 0 && its.broken() == null && System.nanoTime() - start < drainNs) {
      LockSupport.parkNanos(this, POLL_NS);
      engine.takeOver();
    }
  }

  private void guard(String what, Runnable step) {
    try {
      step.run();
    } catch (RuntimeException e) {
      log.warn(what + " on " + path() + ": " + e.getMessage());
    }
  }
}
