// SPDX-License-Identifier: Apache-2.0
package ib.bench.swap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.bench.BenchException;
import org.junit.jupiter.api.Test;

class DemoRunTest {
  @Test
  void shouldSortBlackoutsByKind() throws Exception {
    DemoRun run =
        DemoRun.parse(
            "{\"quietGapMs\":2.5,\"timeline\":[{\"number\":1,\"atMs\":5,\"side\":\"target\",\"kind\":\"STOP_START\","
                + "\"what\":\"ib.driver.ehca stopped and started\",\"inFlight\":32,\"blackoutMs\":12.25,\"tookMs\":30},"
                + "{\"number\":2,\"atMs\":95,\"side\":\"both\",\"kind\":\"UPDATE_IN_PLACE\","
                + "\"what\":\"updated\",\"inFlight\":31,\"blackoutMs\":4.0E1,\"tookMs\":60}]}");

    assertThat(run.quietGapMs()).isEqualTo(2.5);
    assertThat(run.swaps())
        .extracting(DemoRun.Swap::label, DemoRun.Swap::blackoutMs)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("stop start", 12.25),
            org.assertj.core.groups.Tuple.tuple("both ends at once", 40.0));
  }

  @Test
  void shouldRefuseAReportWithoutFigures() {
    assertThatThrownBy(() -> DemoRun.parse("{\"good\":false}")).isInstanceOf(BenchException.class);
  }
}
