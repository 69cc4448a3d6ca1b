// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class IovaWindowTest {
  @Test
  void shouldLieBelowEveryMaskAndMoveWithEachAttachment() {
    for (int bits = IovaWindow.MIN_MASK_BITS; bits <= 64; bits++) {
      long mask = bits == 64 ? -1L : (1L << bits) - 1;
      IovaWindow before = IovaWindow.of(mask, 1);
      for (long number = 1; number < 40; number++) {
        IovaWindow window = IovaWindow.of(mask, number);
        long last = window.base() + window.sizeBytes() - 1;
        assertThat(window.base() & mask).as("%d bits", bits).isEqualTo(window.base());
        assertThat(last & mask).as("%d bits", bits).isEqualTo(last).isPositive();
        assertThat(window.base()).as("%d bits", bits).isPositive();
        assertThat(window.base() % window.sizeBytes()).isZero();
        assertThat(window.pages() % Long.SIZE).isZero();
        assertThat(window.firstPage()).isBetween(0, window.pages() - 1);
        if (number > 1) {
          assertThat(window.base()).as("%d bits, %d", bits, number).isNotEqualTo(before.base());
          assertThat(window.firstPage()).isNotEqualTo(before.firstPage());
        }
        before = window;
      }
    }
  }

  @Test
  void shouldLieBeyondUserSpaceWhereTheMaskAllowsIt() {
    assertThat(IovaWindow.of(-1L, 1).base()).isGreaterThan(1L << 48);
    assertThat(IovaWindow.of((1L << 52) - 1, 7).base()).isGreaterThan(1L << 48);
  }
}
