// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A doorbell: tells the hardware, from any thread, that there is work. Rings that come before the
 * hardware has looked are one ring. Neither blocks nor allocates; never lost, even when the agent's
 * command queue is full.
 */
public final class Doorbell implements Runnable {
  private final DoorbellBank bank;
  private final Runnable work;
  private final AtomicBoolean rung = new AtomicBoolean();

  Doorbell(DoorbellBank bank, Runnable work) {
    this.bank = bank;
    this.work = work;
  }

  /** Rings. What the caller wrote before is visible to the work. */
  public void ring() {
    if (!rung.get() && rung.compareAndSet(false, true)) {
      bank.forward(this);
    }
  }

  /** Looks for work; by the agent. */
  @Override
  public void run() {
    // Cleared before the work looks: a ring that comes during the look makes another one.
    rung.set(false);
    work.run();
  }

  void runIfRung() {
    if (rung.get()) {
      run();
    }
  }

  @Override
  public String toString() {
    return "doorbell of " + work;
  }
}
