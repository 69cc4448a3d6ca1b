// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

/** What two applications of simulated hosts do with each other, on an end each. */
abstract class WorldActivity {
  final World world;
  final int number;
  final WorldHost from;
  final WorldHost to;

  /** Whether its work may fail; once true it stays so. */
  final boolean[] mayBreak = new boolean[1];

  WorldEnd active;
  WorldEnd passive;
  boolean done;

  WorldActivity(World world, int number, WorldHost from, WorldHost to) {
    this.world = world;
    this.number = number;
    this.from = from;
    this.to = to;
  }

  /**
   * From now on it may break. Who only waits does not learn that a peer is gone: as real
   * applications do, both give up after a time.
   */
  final void allowBreak() {
    mayBreak[0] = true;
    world.at(2 * World.LONG_NS, this::endWaiting);
  }

  private void endWaiting() {
    if (!done && active != null && passive != null) {
      active.checkGaveUpOn(passive);
      passive.checkGaveUpOn(active);
    }
    giveUp();
  }

  final void giveUp() {
    if (!done && active != null) {
      active.close();
    }
    if (!done && passive != null) {
      passive.close();
    }
  }

  /** After each step: whether it can end. */
  abstract void look();

  /** The engine put an end into error. */
  final void onFatal(WorldEnd end, String cause) {
    world.check(mayBreak[0], this + ": " + end.host + ": " + cause);
    end.close();
  }

  /** An end was closed. */
  final void onClosed() {
    boolean bothClosed = active.closed && (passive == null || passive.closed);
    if (done || !bothClosed) {
      return;
    }
    done = true;
    boolean whole = passive != null && !mayBreak[0];
    checkClosed();
    if (passive != null) {
      passive.release();
    }
    active.release();
    world.onDone(this, true, whole);
  }

  /** Both ends are closed, but their memory is as it was. */
  abstract void checkClosed();

  final boolean touches(WorldHost host) {
    return from == host || to == host;
  }

  final boolean touches(WorldDevice device) {
    return (active != null && active.device == device)
        || (passive != null && passive.device == device);
  }
}
