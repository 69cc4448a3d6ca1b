// SPDX-License-Identifier: Apache-2.0
package ib.bench.stress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ib.bench.BenchException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A short run of what {@code ./ib stress} does for as long as one likes. */
class DmaStressTest {
  private static final String SEED = "20061111";

  private static StressReading reading(long heapKib, long live, long reports) {
    return new StressReading(1, 2, 3, heapKib << 10, live, 5, reports, 0);
  }

  @Test
  void shouldFindNothingOnAnyKindOfOps() throws Exception {
    Path home = Path.of(System.getProperty("openhca.home"));
    assumeTrue(
        Files.isDirectory(home.resolve("bundles")),
        "ib.host is not assembled; run the package phase or a later one");
    StressOptions options =
        StressOptions.parse(List.of("--operations", "10000", "--threads", "2", "--seed", SEED));

    StressResult result = new DmaStress(options, _ -> {}).run(home);

    assertThat(result.problems()).as("seed " + SEED).isEmpty();
    assertThat(result.readings().getLast().operations()).isEqualTo(20_000);
  }

  @Test
  void shouldTellWhatIsWrong() {
    List<StressReading> leaking =
        List.of(reading(100, 4, 0), reading(100, 4, 0), reading(9_000, 5, 2));

    assertThat(new StressResult(leaking, "boom", 3, "misuse!").problems())
        .containsExactly(
            "boom",
            "2 reports of DMA debug, first: misuse!",
            "live mappings went from 4 to 5",
            "3 mappings were left over at detach",
            "the heap grew by 8900 KiB");
  }

  @Test
  void shouldNameABadArgument() {
    assertThatThrownBy(() -> StressOptions.parse(List.of("--minutes", "0")))
        .isInstanceOf(BenchException.class)
        .hasMessageContaining("--minutes 0: give 1 to");
    assertThatThrownBy(() -> StressOptions.parse(List.of("--hours", "1")))
        .hasMessageContaining("--hours")
        .hasMessageContaining("usage");
  }
}
