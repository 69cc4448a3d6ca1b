// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** What perf takes, and what it says of what it does not take. */
class PerfOptionsTest {
  private static PerfOptions of(String args) throws ToolException {
    return PerfOptions.parse(args.split(" ", -1));
  }

  @Test
  void shouldKeepNoMoreTimesThanThereIsMemoryFor() throws Exception {
    assertThat(of("write bw -n 100000000").iterations).isEqualTo(100_000_000);
    assertThat(of("write lat -n 10000000").iterations).isEqualTo(10_000_000);
    assertThatThrownBy(() -> of("write lat -n 100000000")).hasMessageContaining("5 to 10000000");
  }

  @Test
  void shouldCountTheOperationsOfAllQueuePairs() throws Exception {
    PerfOptions options = of("send bw -b -q 4 -n 100 -s 2K");
    assertThat(options.operations()).isEqualTo(400);
    assertThat(options.bidirectional).isTrue();
    assertThat(options.sizes(4096)).containsExactly(2048);
    assertThatThrownBy(() -> of("send lat -q 4")).hasMessageContaining("one operation at a time");
    assertThatThrownBy(() -> of("send lat -b")).hasMessageContaining("-b: ");
  }
}
