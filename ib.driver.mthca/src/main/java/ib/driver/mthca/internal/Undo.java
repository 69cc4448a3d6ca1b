// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import java.util.ArrayDeque;
import java.util.Deque;

/** What must be undone, the last first, if a construction fails in the middle. */
final class Undo implements AutoCloseable {
  private final Deque<Runnable> steps = new ArrayDeque<>();

  void add(Runnable step) {
    steps.push(step);
  }

  /** The construction succeeded. */
  void forget() {
    steps.clear();
  }

  @Override
  public void close() {
    while (!steps.isEmpty()) {
      steps.pop().run();
    }
  }
}
