// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.verbs.RdmaException;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class QpnAllocatorTest {
  private long nowNs = Long.MAX_VALUE - 1000;

  @Test
  void shouldBeginAtRandomAndCountOn() throws Exception {
    QpnAllocator a = allocator(1, 100);
    QpnAllocator b = allocator(2, 100);
    int first = a.allocate();
    assertThat(a.allocate()).isEqualTo(first + 1);
    assertThat(b.allocate()).isNotEqualTo(first);
  }

  @Test
  void shouldNotGiveANumberAgainBeforeItsQuarantineIsOver() throws Exception {
    QpnAllocator qpns = allocator(3, 4);
    int first = qpns.allocate();
    for (int i = 1; i < 4; i++) {
      qpns.allocate();
    }
    qpns.release(first);
    nowNs += QpnAllocator.QUARANTINE_NS - 1;
    assertThatThrownBy(qpns::allocate)
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("3 are in use, 1 wait");
    nowNs += 1;
    assertThat(qpns.allocate()).isEqualTo(first + 4);
  }

  @Test
  void shouldStayInRangeAndUniqueWhenCountingOver() throws Exception {
    // The tenth number before the last comes first.
    QpnAllocator qpns = new QpnAllocator("p0", new AtTheEnd(), () -> nowNs, 100);
    Set<Integer> seen = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      int qpn = qpns.allocate();
      assertThat(qpn).isBetween(2, 0xFF_FFFE);
      assertThat(seen.add(qpn)).isTrue();
    }
    assertThat(seen).contains(0xFF_FFFE, 2);
  }

  @Test
  void shouldIgnoreANumberThatIsNotInUse() throws Exception {
    QpnAllocator qpns = allocator(4, 2);
    int first = qpns.allocate();
    qpns.release(first + 1);
    qpns.release(first);
    qpns.release(first);
    assertThat(qpns.allocate()).isEqualTo(first + 1);
  }

  private QpnAllocator allocator(long seed, int limit) {
    return new QpnAllocator("p0", new Random(seed), () -> nowNs, limit);
  }

  private static final class AtTheEnd extends Random {
    private static final long serialVersionUID = 1L;

    @Override
    public int nextInt(int origin, int bound) {
      return bound - 10;
    }
  }
}
