// SPDX-License-Identifier: Apache-2.0
package ib.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ib.bench.report.Report;
import ib.bench.report.Series;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That the benchmarks run and give figures; not how good they are. */
class BenchTest {
  @Test
  void shouldMeasureTransportOnTheAssembledHost(@TempDir Path folder) throws Exception {
    assumeTrue(
        Files.isDirectory(Path.of(System.getProperty("openhca.home"), "bundles")),
        "ib.host is not assembled; run the package phase or a later one");
    Path json = folder.resolve("figures.json");
    String[] args = {
      "transport", "--quick", "--drivers", "ipath", "--millis", "20", "--json", json.toString()
    };

    Report report = Main.run(List.of(args));

    assertThat(report.series())
        .extracting(Series::name)
        .contains(
            "ipath WRITE 1 MiB",
            "ipath SEND 64 B",
            "ipath SEND 64 B, allocated a message",
            "ipath SEND 64 B round trip, p99");
    assertThat(report.series())
        .filteredOn(series -> !series.name().endsWith("allocated a message"))
        .allSatisfy(
            series -> assertThat(series.values()).isNotEmpty().allMatch(value -> value > 0));
    assertThat(Files.readString(json)).contains("\"ipath WRITE 64 KiB\"", "\"cores\"");
  }

  @Test
  void shouldMeasureMappingAndWriteThePage(@TempDir Path folder) throws Exception {
    Path page = folder.resolve("dma.md");
    Files.writeString(
        page,
        """
        before
        <!-- figures: written by ./ib bench dma --report docs -->
        old
        <!-- end of figures -->
        after
        """);
    Path json = folder.resolve("figures.json");
    String[] args = {
      "dma",
      "--quick",
      "--modes",
      "direct",
      "--millis",
      "10",
      "--json",
      json.toString(),
      "--report",
      folder.toString()
    };

    Report report = Main.run(List.of(args));

    assertThat(report.series())
        .extracting(Series::name)
        .contains("map direct 4 KiB", "map direct 4 KiB, clean", "resolve direct", "limit: call");
    assertThat(Files.readString(page))
        .startsWith("before")
        .endsWith("after\n")
        .contains("| map direct 4 KiB | ≤ 10.0 times a volatile call |")
        .doesNotContain("old");
    assertThat(Files.readString(folder.resolve("dma-figures.svg"))).contains("<svg", "direct");
    assertThat(Files.readString(json)).contains("\"map direct 4 KiB\"");
  }

  @Test
  void shouldNameAnUnknownArgument() {
    assertThatThrownBy(() -> Main.run(List.of("transprot")))
        .isInstanceOf(BenchException.class)
        .hasMessageContaining("transprot")
        .hasMessageContaining("usage:");
  }

  @Test
  void shouldRefuseAnUnknownDriver() {
    assertThatThrownBy(() -> Main.run(List.of("transport", "--drivers", "ipath,rxe")))
        .isInstanceOf(BenchException.class)
        .hasMessageContaining("rxe")
        .hasMessageContaining("mthca");
  }
}
