// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RecentTagsTest {
  private static final int CAPACITY = 64;

  private final RecentTags tags = new RecentTags(CAPACITY);

  @Test
  void shouldNoticeATagThatComesAgain() {
    assertThat(tags.add(0)).isTrue();
    assertThat(tags.add(1L << 40)).isTrue();
    assertThat(tags.add(0)).isFalse();
    assertThat(tags.add(1L << 40)).isFalse();
  }

  @Test
  void shouldForgetTheOldest() {
    for (long tag = 0; tag <= CAPACITY; tag++) {
      assertThat(tags.add(tag << 16)).isTrue();
    }

    assertThat(tags.add(1 << 16)).isFalse();
    assertThat(tags.add(0)).isTrue();
  }

  @Test
  void shouldDoAsAPlainQueueDoes() {
    for (long seed = 1; seed <= 200; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      RecentTags mine = new RecentTags(CAPACITY);
      Deque<Long> model = new ArrayDeque<>();
      int shift = random.nextInt(40);
      for (int i = 0; i < 2000; i++) {
        long tag = random.nextLong(3 * CAPACITY) << shift;
        boolean isNew = !model.contains(tag);
        if (isNew) {
          model.add(tag);
          if (model.size() > CAPACITY) {
            model.remove();
          }
        }
        assertThat(mine.add(tag)).as("seed %d, step %d", seed, i).isEqualTo(isNew);
      }
    }
  }

  @Test
  void shouldRefuseACapacityItCannotHash() {
    assertThatThrownBy(() -> new RecentTags(100)).hasMessageContaining("100");
  }
}
