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
}
