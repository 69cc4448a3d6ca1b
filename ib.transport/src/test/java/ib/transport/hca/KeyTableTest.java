// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
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
    assertThat(c).isNotEqualTo(a);
    assertThat(table.find(a)).isNull();
  }

  @Test
  void shouldGiveNoOldKeyAgainBeforeAllTagsOfItsIndexWereUsed() {
    KeyTable<String> table = new KeyTable<>(1, new SplittableRandom(2));
    Set<Integer> seen = new HashSet<>();
    for (int i = 0; i < 128; i++) {
      int key = table.add("a");
      assertThat(seen.add(key)).isTrue();
      int next = table.next(key);
      assertThat(table.find(next)).as("dead until it is put in place").isNull();
      table.replace(next);
      assertThat(table.find(next)).isEqualTo("a");
      assertThat(table.find(key)).isNull();
      assertThat(seen.add(next)).isTrue();
      table.remove(next);
    }
    assertThat(seen).hasSize(256);
  }

  @Test
  void shouldGiveKeysThatCanNotBeGuessedFromTheOnesBefore() {
    KeyTable<Integer> table = new KeyTable<>(10_000, new SplittableRandom(3));
    int[] keys = new int[1000];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = table.add(i);
    }
    Map<Integer, Integer> steps = new HashMap<>();
    Map<Integer, Integer> tagSteps = new HashMap<>();
    for (int i = 1; i < keys.length; i++) {
      steps.merge((keys[i] >>> 8) - (keys[i - 1] >>> 8), 1, Integer::sum);
      tagSteps.merge((keys[i] - keys[i - 1]) & 0xFF, 1, Integer::sum);
      tagSteps.merge((table.next(keys[i]) - keys[i]) & 0x1FF, 1, Integer::sum);
    }
    assertThat(steps.values()).as("no step of indices is usual").allMatch(n -> n < 50);
    assertThat(tagSteps.values()).as("nor of tags").allMatch(n -> n < 50);
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
