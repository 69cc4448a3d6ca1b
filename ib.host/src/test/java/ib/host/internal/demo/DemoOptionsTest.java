// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The options of the demonstration, and what is said of wrong ones. */
class DemoOptionsTest {
  @Test
  void shouldMapAsConfiguredUnlessTold() throws DemoException {
    assertThat(DemoOptions.parse(List.of()).dma()).isEqualTo(DmaOptions.NONE);
    assertThat(DmaOptions.NONE.words()).isEqualTo("mode as configured");
  }

  @Test
  void shouldTakeAModeDebugAndFaults() throws DemoException {
    DmaOptions dma =
        DemoOptions.parse(
                List.of("--mode", "swiotlb", "--debug", "--fault", "every=50,above.bytes=4096"))
            .dma();

    assertThat(dma.mode()).isEqualTo("swiotlb");
    assertThat(dma.debug()).isTrue();
    assertThat(dma.fault()).isEqualTo(Map.of("every", "50", "above.bytes", "4096"));
    assertThat(dma.words())
        .isEqualTo("mode swiotlb, debug on, failing [above.bytes=4096, every=50]");
  }

  @ParameterizedTest
  @CsvSource({
    "--mode, fast, 'iommu-strict, iommu-lazy, direct, swiotlb, auto'",
    "--fault, every, KEY=VALUE",
    "--fault, evry=5, above.bytes",
    "--fault, every=, KEY=VALUE",
    "--swaps, 0, 1 to 10000",
    "--speed, 5, --mode"
  })
  void shouldNameTheInputAndTheRemedy(String option, String value, String remedy) {
    assertThatThrownBy(() -> DemoOptions.parse(List.of(option, value)))
        .isInstanceOf(DemoException.class)
        .hasMessageContaining(option)
        .hasMessageContaining(remedy);
  }
}
