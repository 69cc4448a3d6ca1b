// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.verbs.RdmaException;
import org.junit.jupiter.api.Test;

class QuotaTest {
  @Test
  void shouldGiveNoMoreThanItsLimit() throws RdmaException {
    Quota quota = new Quota("queue pairs of x0", 2);
    quota.take();
    quota.take();
    assertThatThrownBy(quota::take)
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("2 queue pairs of x0");
    assertThat(quota.used()).isEqualTo(2);
    quota.give();
    quota.take();
    assertThat(quota.used()).isEqualTo(2);
  }

  @Test
  void shouldNameTheRange() {
    assertThatThrownBy(() -> Quota.checkLimit("entries", 0, 7))
        .hasMessageContainingAll("entries 0", "1 to 7");
    assertThatThrownBy(() -> Quota.checkLimit("entries", 8, 7))
        .hasMessageContainingAll("entries 8", "1 to 7");
  }
}
