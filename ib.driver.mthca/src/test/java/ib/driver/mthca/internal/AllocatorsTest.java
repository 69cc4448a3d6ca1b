// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.driver.mthca.internal.prm.QpnTable;
import ib.driver.mthca.internal.prm.Syndrome;
import ib.verbs.RdmaException;
import ib.verbs.WcStatus;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Who has which entry. */
class AllocatorsTest {
  private record Range(int first, int count) {}

  @Test
  void shouldGiveRangesThatNeverOverlapAndJoinAgain() throws RdmaException {
    long seed = 7;
    SplittableRandom random = new SplittableRandom(seed);
    Buddy buddy = new Buddy("entries", 1024);
    BitSet taken = new BitSet();
    List<Range> ranges = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      if (random.nextInt(5) < 3) {
        int count = 1 + random.nextInt(100);
        try {
          Range range = new Range(buddy.take(count), count);
          assertThat(range.first() + count).as("seed %d", seed).isLessThanOrEqualTo(1024);
          assertThat(taken.get(range.first(), range.first() + count).isEmpty()).isTrue();
          taken.set(range.first(), range.first() + count);
          ranges.add(range);
        } catch (RdmaException e) {
          assertThat(ranges).isNotEmpty();
        }
      } else if (!ranges.isEmpty()) {
        give(buddy, taken, ranges.remove(random.nextInt(ranges.size())));
      }
    }
    for (Range range : ranges) {
      give(buddy, taken, range);
    }
    assertThat(buddy.take(1024)).isZero();
    assertThatThrownBy(() -> buddy.take(1)).hasMessageContaining("no room for 1 entries");
  }

  private static void give(Buddy buddy, BitSet taken, Range range) {
    taken.clear(range.first(), range.first() + range.count());
    buddy.give(range.first(), range.count());
  }

  @Test
  void shouldGiveNumbersInTurnUpToTheLimit() throws RdmaException {
    IdPool pool = new IdPool("queues", 3);
    assertThat(pool.take()).isZero();
    assertThat(pool.take()).isEqualTo(1);
    pool.give(0);
    assertThat(pool.take()).isEqualTo(2);
    assertThat(pool.take()).isZero();
    assertThatThrownBy(pool::take).hasMessageContaining("all 3 queues are in use");
  }

  @Test
  void shouldFindWhatIsInTheTableAndNothingElse() {
    SplittableRandom random = new SplittableRandom(11);
    QpnTable<String> table = new QpnTable<>();
    Map<Integer, String> model = new HashMap<>();
    for (int i = 0; i < 3_000; i++) {
      int qpn = random.nextInt(200) << 4;
      if (model.remove(qpn) != null) {
        table.remove(qpn);
      } else {
        model.put(qpn, "qp " + i);
        table.put(qpn, "qp " + i);
      }
      int other = random.nextInt(200) << 4;
      assertThat(table.get(other)).isEqualTo(model.get(other));
    }
    assertThat(table.all()).containsExactlyInAnyOrderElementsOf(model.values());
  }

  @ParameterizedTest
  @EnumSource(WcStatus.class)
  void shouldBringEachStatusBack(WcStatus status) {
    EnumSet<WcStatus> without =
        EnumSet.of(WcStatus.SUCCESS, WcStatus.FATAL_ERR, WcStatus.RESP_TIMEOUT_ERR);
    WcStatus expected = without.contains(status) ? WcStatus.GENERAL_ERR : status;
    assertThat(Syndrome.status(Syndrome.of(status))).isEqualTo(expected);
  }
}
