// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyTableTest {
  @Test
  void shouldFindOnlyWhatIsAlive() {
    KeyTable<String> table = new KeyTable<>(10, new SplittableRandom(1));
    int a = table.add("a");
    int b = table.add("b");
    assertThat(table.find(a)).isEqualTo("a");
    assertThat(table.find(b)).isEqualTo("b");
    assertThat(table.find(0)).isNull();
    assertThat(table.find(-1)).isNull();
    assertThat(table.find(a ^ 1)).isNull();
    table.remove(a);
    assertThat(table.find(a)).isNull();
    int c = table.add("c");
    assertThat(c >>> 8).as("the index is used again").isEqualTo(a >>> 8);
    assertThat(c).as("with another tag").isNotEqualTo(a);
    assertThat(table.find(a)).isNull();
  }

  @Test
  void shouldKillTheOldKeyAtRenewal() {
    KeyTable<String> table = new KeyTable<>(10, new SplittableRandom(1));
    int key = table.add("a");
    for (int i = 0; i < 300; i++) {
      int next = table.renew(key);
      assertThat(table.find(key)).isNull();
      assertThat(table.find(next)).isEqualTo("a");
      key = next;
    }
  }

  @Test
  void shouldBeFullAtItsCapacityAndEmptyForEverAfterClear() {
    KeyTable<Integer> table = new KeyTable<>(300, new SplittableRandom(1));
    int[] keys = new int[300];
    for (int i = 0; i < 300; i++) {
      keys[i] = table.add(i);
      assertThat(keys[i]).isNotZero();
    }
    assertThat(table.add(300)).isZero();
    table.remove(keys[7]);
    assertThat(table.add(301)).isNotZero();
    table.clear();
    assertThat(table.find(keys[8])).isNull();
    assertThat(table.add(1)).isZero();
    table.remove(keys[8]);
    assertThat(table.add(1)).isZero();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void shouldBehaveLikeAMap(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    KeyTable<Integer> table = new KeyTable<>(500, random.split());
    Map<Integer, Integer> model = new HashMap<>();
    for (int step = 0; step < 20_000; step++) {
      if (model.size() < 500 && random.nextInt(5) < 3) {
        int key = table.add(step);
        assertThat(model.put(key, step)).as("seed %d step %d", seed, step).isNull();
      } else if (!model.isEmpty()) {
        int key = model.keySet().iterator().next();
        int value = model.remove(key);
        assertThat(table.find(key)).as("seed %d step %d", seed, step).isEqualTo(value);
        table.remove(key);
        assertThat(table.find(key)).isNull();
      }
    }
  }
}
