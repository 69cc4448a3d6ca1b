// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.Connection;
import ib.verbs.ConnectionHandler;
import ib.verbs.RejectReason;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A connection of a run, and what became of it. */
final class CmLink implements ConnectionHandler {
  /** Longer than the connection manager tries. */
  private static final long ESTABLISH_S = 30;

  private enum State {
    CONNECTING,
    ESTABLISHED,
    OVER
  }

  private final Run run;
  private volatile State state = State.CONNECTING;
  private volatile @Nullable String failure;
  private volatile boolean unheard;
  private volatile byte[] privateData = {};
  private volatile @Nullable Connection connection;

  CmLink(Run run) {
    this.run = run;
  }

  /** The connection is to be ended with the run. */
  void endWithRun(Connection made) {
    connection = made;
    run.add(made::disconnect);
  }

  /** Ends it now. */
  void disconnect() {
    Connection made = connection;
    if (made != null) {
      made.disconnect();
    }
  }

  boolean isOver() {
    return state == State.OVER;
  }

  /** Private data of the peer's REP. */
  byte[] privateData() {
    return privateData;
  }

  /**
   * Waits until the connection stands.
   *
   * @throws ToolException if it does not come to that, saying why
   */
  void awaitEstablished() throws ToolException {
    long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(ESTABLISH_S);
    while (state == State.CONNECTING) {
      long leftNs = endNs - System.nanoTime();
      if (leftNs < 0) {
        throw new ToolException("no connection within " + ESTABLISH_S + " s");
      }
      run.await(Math.min(leftNs, TimeUnit.SECONDS.toNanos(1)));
    }
    checkNotFailed();
  }

  /** Whether it was refused because nobody listens there, or not yet. */
  boolean isUnheard() {
    return unheard;
  }

  /** Waits until the peer, or we, ended it. */
  void awaitOver(long timeoutNs) throws ToolException {
    long endNs = System.nanoTime() + timeoutNs;
    while (state != State.OVER) {
      long leftNs = endNs - System.nanoTime();
      if (leftNs < 0) {
        throw new ToolException(
            "the peer did not disconnect within "
                + TimeUnit.NANOSECONDS.toSeconds(timeoutNs)
                + " s");
      }
      run.await(Math.min(leftNs, TimeUnit.SECONDS.toNanos(1)));
    }
  }

  /** Fails where the connection did; not where it ended. */
  void checkNotFailed() throws ToolException {
    String why = failure;
    if (why != null) {
      throw new ToolException(why);
    }
  }

  @Override
  public void onEstablished(Connection connection, byte[] data) {
    privateData = data;
    state = State.ESTABLISHED;
    run.raise();
  }

  @Override
  public void onRejected(Connection connection, int reason, byte[] data) {
    unheard = reason == RejectReason.INVALID_SERVICE_ID;
    over(
        "rejected by %s, reason %d: %s"
            .formatted(connection.remoteAddress(), reason, RejectReason.explain(reason)));
  }

  @Override
  public void onDisconnected(Connection connection) {
    over(null);
  }

  @Override
  public void onError(Connection connection, String message) {
    over(message);
  }

  private void over(@Nullable String why) {
    failure = why;
    state = State.OVER;
    run.raise();
  }
}
