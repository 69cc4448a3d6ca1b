// SPDX-License-Identifier: Apache-2.0
package ib.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReportTest {
  @Test
  void shouldGiveMedianAndSpread() {
    assertThat(Spread.of(List.of(3.0, 1.0, 10.0))).isEqualTo(new Spread(3, 1, 10));
    assertThat(Spread.of(List.of(4.0, 1.0, 2.0, 10.0))).isEqualTo(new Spread(3, 1, 10));
  }

  @Test
  void shouldHoldEachSampleAgainstTheLimitOfItsOwnRound() {
    Report report = new Report();
    report.add("g", "stream", Unit.GB_PER_S, 1, 4);
    report.add("g", "stream", Unit.GB_PER_S, 3, 6);

    Series series = report.series().getFirst();

    assertThat(series.ratios()).containsExactly(0.25, 0.5);
    assertThat(report.table())
        .contains("stream", "2.00 (1.00 - 3.00) GB/s", "0.375 (0.250 - 0.500)");
  }

  @Test
  void shouldDropSamplesOfWarmUp() {
    Report report = new Report();
    report.setRecording(false);
    report.add("g", "stream", Unit.GB_PER_S, 1);
    report.setRecording(true);
    report.add("g", "stream", Unit.GB_PER_S, 2);

    assertThat(report.series().getFirst().values()).containsExactly(2.0);
  }

  @Test
  void shouldWriteMissingLimitsAsNull() {
    Report report = new Report();
    report.add("g", "a \"b\"", Unit.MICROS, 2);

    assertThat(Json.of(Map.of("cores", "2"), report))
        .contains(
            "\"cores\": \"2\"", "\"a \\\"b\\\"\"", "\"values\": [2.00000]", "\"limits\": [null]");
  }
}
