// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Version;

/**
 * Which of several candidates for one device name is promoted: the higher service ranking; among
 * bundles of the same symbolic name the higher version; then the later.
 */
final class PromotionPolicy {
  /** What the policy looks at. */
  interface Standing {
    int ranking();

    String symbolicName();

    Version version();

    long sequence();
  }

  private static final Comparator<Standing> WITHIN_A_BUNDLE_NAME =
      Comparator.comparingInt(Standing::ranking)
          .thenComparing(Standing::version)
          .thenComparingLong(Standing::sequence);

  private static final Comparator<Standing> ACROSS =
      Comparator.comparingInt(Standing::ranking).thenComparingLong(Standing::sequence);

  private PromotionPolicy() {}

  /**
   * Chooses.
   *
   * <p>In two steps, as versions of different bundles can't be compared: pairwise comparison of
   * three candidates could go round in a circle.
   *
   * @param eligible candidates that are open, probed, and whose port is up
   * @return the best, or null if there is none
   */
  static <S extends Standing> @Nullable S best(Collection<S> eligible) {
    Map<String, S> champions = new HashMap<>();
    for (S one : eligible) {
      champions.merge(
          one.symbolicName(), one, (a, b) -> WITHIN_A_BUNDLE_NAME.compare(a, b) >= 0 ? a : b);
    }
    return champions.values().stream().max(ACROSS).orElse(null);
  }
}
