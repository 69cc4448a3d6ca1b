// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.osgi.service.log.Logger;

/** Which mode each device has, as configurations come, change, are wrong, and go. */
class DmaModesTest {
  private final List<String> told = new ArrayList<>();
  private final List<String> log = new ArrayList<>();
  private final Logger logger =
      (Logger)
          Proxy.newProxyInstance(
              Logger.class.getClassLoader(),
              new Class<?>[] {Logger.class},
              (proxy, method, arguments) -> {
                log.add(
                    method.getName() + " " + Stream.of(arguments).map(DmaModesTest::flat).toList());
                return null;
              });
  private final DmaModes modes = new DmaModes(Map.of(), logger);

  DmaModesTest() {
    modes.add(
        concerned ->
            Stream.of("mthca0", "ehca0").filter(concerned).forEach(name -> told.add(name)));
  }

  private static String flat(Object argument) {
    return argument instanceof Object[] many ? List.of(many).toString() : String.valueOf(argument);
  }

  private DmaDeviceMode configure(String... pairs) {
    return new DmaDeviceMode(modes, logger, properties("ib.core.dma-x.config", pairs));
  }

  private static Map<String, Object> properties(String file, String... pairs) {
    Map<String, Object> properties = new HashMap<>();
    properties.put("felix.fileinstall.filename", "file:/etc/" + file);
    for (int i = 0; i < pairs.length; i += 2) {
      properties.put(pairs[i], pairs[i + 1]);
    }
    return properties;
  }

  @Test
  void shouldBeStrictUnlessTold() {
    assertThat(modes.of("mthca0")).isEqualTo(DmaSettings.DEFAULT);
    assertThat(modes.of("mthca0").mode()).isEqualTo(DmaMode.IOMMU_STRICT);
  }

  @Test
  void shouldTellAllThatHaveNoneOfTheirOwnWhenTheUsualModeChanges() {
    configure("ib.device", "ehca0", "mode", "swiotlb");
    told.clear();

    modes.modified(properties("ib.core.config", "dma.mode", "direct"));

    assertThat(told).containsExactly("mthca0");
    assertThat(modes.of("mthca0").mode()).isEqualTo(DmaMode.DIRECT);
    assertThat(modes.of("ehca0").mode()).isEqualTo(DmaMode.SWIOTLB);
    modes.modified(properties("ib.core.config", "dma.mode", "direct"));
    assertThat(told).as("no change").hasSize(1);
  }

  @Test
  void shouldFollowTheConfigurationOfOneDeviceAndItsEnd() {
    DmaDeviceMode own =
        configure(
            "ib.device", "ehca0", "mode", "auto", "bus.base", "0x20000000", "bounce.mib", "32");
    assertThat(modes.of("ehca0")).isEqualTo(new DmaSettings(DmaMode.AUTO, 0x2000_0000L, 32L << 20));

    own.modified(properties("ib.core.dma-x.config", "ib.device", "mthca0", "mode", "direct"));
    assertThat(modes.of("ehca0")).isEqualTo(DmaSettings.DEFAULT);
    assertThat(modes.of("mthca0").mode()).isEqualTo(DmaMode.DIRECT);
    assertThat(told).containsExactly("ehca0", "ehca0", "mthca0");

    own.deactivate();
    assertThat(modes.of("mthca0")).isEqualTo(DmaSettings.DEFAULT);
    assertThat(told).hasSize(4);
  }

  @Test
  void shouldKeepTheUsualModeWhenTheNewOneIsWrong() {
    modes.modified(properties("ib.core.config", "dma.mode", "lazy"));

    assertThat(modes.of("mthca0")).isEqualTo(DmaSettings.DEFAULT);
    assertThat(told).isEmpty();
    assertThat(log)
        .singleElement()
        .asString()
        .contains("error", "/etc/ib.core.config", "dma.mode", "lazy", "iommu-lazy");
  }

  @ParameterizedTest
  @CsvSource({
    "mode, fast, iommu-strict",
    "bus.base, 5, multiple of",
    "bus.base, up, 0x4000000000",
    "bounce.mib, 3, power of two",
    "bounce.mib, 0, 1 to 1024",
    "bounce, 3, bounce.mib"
  })
  void shouldNameFileKeyAndRemedyAndChangeNothing(String key, String value, String remedy) {
    configure("ib.device", "ehca0", key, value);

    assertThat(modes.of("ehca0")).isEqualTo(DmaSettings.DEFAULT);
    assertThat(told).isEmpty();
    assertThat(log)
        .singleElement()
        .asString()
        .contains("error", "/etc/ib.core.dma-x.config", key, remedy);
  }
}
