// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.DmaDirection;
import ib.dma.debug.DmaMisuse;
import ib.dma.debug.DmaReport;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FindingsTest {
  private final List<String> log = new ArrayList<>();
  private long nowNs;
  private final Findings findings = new Findings(log::add, () -> nowNs);

  private static DmaReport report(DmaMisuse misuse, String owner) {
    return new DmaReport(
        Instant.EPOCH, misuse, "mthca0", owner, 1, 2, DmaDirection.TO_DEVICE, "a", "b", "c");
  }

  private static DebugSettings settings(boolean firstOnly, int maxReports) {
    return new DebugSettings(Set.of(), firstOnly, true, 10, 10, maxReports);
  }

  @Test
  void shouldKeepTheLatestReportsAndCountAll() {
    for (int i = 0; i < 7; i++) {
      findings.add(report(DmaMisuse.OVERLAP, "o" + i), settings(false, 3));
    }

    assertThat(findings.reports()).extracting(DmaReport::owner).containsExactly("o4", "o5", "o6");
    assertThat(findings.count("mthca0", DmaMisuse.OVERLAP)).isEqualTo(7);
    assertThat(findings.count("mthca0", DmaMisuse.WRONG_SIZE)).isZero();
    assertThat(findings.total()).isEqualTo(7);
  }

  @Test
  void shouldReportOnlyTheFirstOfAClassAndOwnerIfToldSo() {
    for (int i = 0; i < 3; i++) {
      findings.add(report(DmaMisuse.OVERLAP, "one"), settings(true, 10));
      findings.add(report(DmaMisuse.OVERLAP, "two"), settings(true, 10));
      findings.add(report(DmaMisuse.WRONG_SIZE, "one"), settings(true, 10));
    }

    assertThat(findings.reports()).hasSize(3);
    assertThat(findings.total()).isEqualTo(9);
    findings.clear();
    findings.add(report(DmaMisuse.OVERLAP, "one"), settings(true, 10));
    assertThat(findings.reports()).hasSize(1);
  }

  @Test
  void shouldLimitLinesInTheLogAndSayHowManyWereNot() {
    for (int i = 0; i < Findings.LOG_LINES + 5; i++) {
      findings.add(report(DmaMisuse.OVERLAP, "o"), settings(false, 100));
    }
    assertThat(log).hasSize(Findings.LOG_LINES);

    nowNs += Findings.LOG_INTERVAL_NS;
    findings.add(report(DmaMisuse.OVERLAP, "o"), settings(false, 100));

    assertThat(log).hasSize(Findings.LOG_LINES + 1);
    assertThat(log.getLast()).endsWith("(5 more not logged)");
  }
}
