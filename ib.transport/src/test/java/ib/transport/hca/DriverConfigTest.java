// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DriverConfigTest {
  private static final String FILE = "/etc/ib.driver.x-x0.config";

  private final Map<String, Object> properties =
      new HashMap<>(
          Map.of(
              "ib.device", "x0",
              "port.target", "(ib.port=p0)",
              "felix.fileinstall.filename", FILE,
              "service.pid", "ib.driver.x-x0",
              "component.name", "X"));

  private DriverConfig read() {
    return new DriverConfig("ib.driver.x", properties, List.of("depth"));
  }

  @Test
  void shouldReadWhatIsRight() {
    properties.put("depth", "0x10");
    assertThat(read().device()).isEqualTo("x0");
    assertThat(read().source()).isEqualTo(FILE);
    assertThat(read().integer("depth", 1, 1, 100)).isEqualTo(16);
    properties.put("depth", 17);
    assertThat(read().integer("depth", 1, 1, 100)).isEqualTo(17);
    properties.remove("depth");
    assertThat(read().integer("depth", 1, 1, 100)).isEqualTo(1);
  }

  @Test
  void shouldNameFileKeyAndRemedyOfWhatIsWrong() {
    properties.put("dept", "1");
    assertThatThrownBy(this::read)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll(FILE, "'dept'", "not known", "depth");
    properties.remove("dept");
    properties.put("depth", "many");
    assertThatThrownBy(() -> read().integer("depth", 1, 1, 100))
        .hasMessageContainingAll(FILE, "depth", "many", "whole number");
    properties.put("depth", "101");
    assertThatThrownBy(() -> read().integer("depth", 1, 1, 100))
        .hasMessageContainingAll(FILE, "depth", "101", "1 to 100");
    properties.put("ib.device", "a b");
    assertThatThrownBy(() -> read().device()).hasMessageContainingAll(FILE, "ib.device", "a b");
    properties.remove("ib.device");
    assertThatThrownBy(() -> read().device()).hasMessageContainingAll(FILE, "ib.device", "missing");
    properties.remove("port.target");
    assertThatThrownBy(this::read).hasMessageContainingAll(FILE, "port.target", "(ib.port=p0)");
  }

  @Test
  void shouldNameThePidWithoutAFile() {
    properties.remove("felix.fileinstall.filename");
    assertThat(read().source()).isEqualTo("configuration ib.driver.x-x0");
  }

  @Test
  void shouldPassTheRankingOnAsANumber() {
    assertThat(read().passedOn("service.ranking")).isNull();
    properties.put("service.ranking", "7");
    assertThat(read().passedOn("service.ranking")).isEqualTo(7);
    properties.put("service.ranking", "high");
    assertThatThrownBy(() -> read().passedOn("service.ranking"))
        .hasMessageContainingAll(FILE, "service.ranking", "high");
  }
}
