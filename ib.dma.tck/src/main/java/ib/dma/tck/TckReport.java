// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import ib.dma.tck.TckResult.Outcome;
import java.util.List;
import java.util.Locale;

/**
 * What came out of a run.
 *
 * @param device name of the device
 * @param seed of everything random
 * @param results in the order of {@link TckCase}
 */
public record TckReport(String device, long seed, List<TckResult> results) {
  /** Copies the results. */
  public TckReport {
    results = List.copyOf(results);
  }

  /**
   * The cases that ended in a way.
   *
   * @param outcome the way
   * @return in order
   */
  public List<TckCase> cases(Outcome outcome) {
    return results.stream()
        .filter(result -> result.outcome() == outcome)
        .map(TckResult::test)
        .toList();
  }

  /**
   * Whether no case failed.
   *
   * @return true also if some were skipped
   */
  public boolean passed() {
    return cases(Outcome.FAILED).isEmpty();
  }

  /**
   * A line for each case, and a summary.
   *
   * @return for an operator
   */
  public String text() {
    StringBuilder text = new StringBuilder();
    for (TckResult result : results) {
      text.append(
          "%-7s  rule %-3s  %s".formatted(word(result), result.test().rule(), name(result)));
      if (!result.detail().isEmpty()) {
        text.append(": ").append(result.detail());
      }
      text.append('\n');
    }
    return text.append(
            "%s, seed %d: %d passed, %d failed, %d skipped"
                .formatted(
                    device,
                    seed,
                    cases(Outcome.PASSED).size(),
                    cases(Outcome.FAILED).size(),
                    cases(Outcome.SKIPPED).size()))
        .toString();
  }

  private static String word(TckResult result) {
    return result.outcome().name().toLowerCase(Locale.ROOT);
  }

  private static String name(TckResult result) {
    return result.test().label();
  }
}
