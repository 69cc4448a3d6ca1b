// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Version;

class PromotionPolicyTest {
  private record One(int ranking, String symbolicName, Version version, long sequence)
      implements PromotionPolicy.Standing {}

  private static One one(int ranking, String name, String version, long sequence) {
    return new One(ranking, name, new Version(version), sequence);
  }

  @Test
  void shouldPreferRankingThenVersionThenTheLater() {
    One old = one(0, "mthca", "1.0.0", 1);
    One newer = one(0, "mthca", "1.1.0", 2);
    One earlierButNewer = one(0, "mthca", "2.0.0", 0);
    One same = one(0, "mthca", "1.1.0", 3);
    One ranked = one(1, "mthca", "0.1.0", 0);
    assertThat(PromotionPolicy.best(List.<One>of())).isNull();
    assertThat(PromotionPolicy.best(List.of(old, newer))).isEqualTo(newer);
    assertThat(PromotionPolicy.best(List.of(newer, earlierButNewer))).isEqualTo(earlierButNewer);
    assertThat(PromotionPolicy.best(List.of(newer, same))).isEqualTo(same);
    assertThat(PromotionPolicy.best(List.of(ranked, same))).isEqualTo(ranked);
  }

  @Test
  void shouldCompareNoVersionsOfDifferentBundles() {
    One mthca = one(0, "mthca", "9.0.0", 1);
    One ipath = one(0, "ipath", "1.0.0", 2);
    assertThat(PromotionPolicy.best(List.of(mthca, ipath))).isEqualTo(ipath);
  }

  @Test
  void shouldChooseTheSameInWhateverOrder() {
    One a = one(0, "mthca", "2.0.0", 1);
    One b = one(0, "ipath", "1.0.0", 2);
    One c = one(0, "mthca", "1.0.0", 3);
    List<One> all = new ArrayList<>(List.of(a, b, c));
    Random random = new Random(5);
    for (int i = 0; i < 50; i++) {
      Collections.shuffle(all, random);
      assertThat(PromotionPolicy.best(all)).isEqualTo(b);
    }
  }
}
