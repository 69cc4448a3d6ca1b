// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.Thread.UncaughtExceptionHandler;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * What the fuzz tests of both ends of SRP share: seed and number of units, exceptions that no one
 * caught, and memory. {@code ./ib fuzz --srp} sets {@code -Dopenhca.fuzz.units=N
 * -Dopenhca.fuzz.seed=S}.
 */
public abstract class SrpFuzzRun {
  private final List<String> uncaught = Collections.synchronizedList(new ArrayList<>());
  private UncaughtExceptionHandler before;

  /** Sends units, all of them made from the seed. */
  @FunctionalInterface
  public interface Attack {
    void run(long seed, int count);
  }

  @BeforeEach
  protected final void listen() {
    before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler((thread, e) -> uncaught.add(thread + ": " + e));
  }

  @AfterEach
  protected final void stopListening() {
    Thread.setDefaultUncaughtExceptionHandler(before);
  }

  /**
   * Runs an attack; its failure names the seed.
   *
   * @param usualUnits how many where no property says
   */
  protected final void run(int usualUnits, Attack attack) {
    long seed = Long.getLong("openhca.fuzz.seed", 1);
    int count = Integer.getInteger("openhca.fuzz.units", usualUnits);
    try {
      attack.run(seed, count);
      noneUncaught();
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError(
          "seed " + seed + " of " + count + " units (again with ./ib fuzz --srp): " + e, e);
    }
  }

  /** No thread ended by an exception up to now. */
  protected final void noneUncaught() {
    assertThat(uncaught).isEmpty();
  }

  /** Memory of the heap after a collection, in bytes. */
  protected static long usedBytes() {
    System.gc();
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }
}
