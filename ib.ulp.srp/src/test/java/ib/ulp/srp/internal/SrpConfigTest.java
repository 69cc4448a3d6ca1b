// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SrpConfigTest {
  @Test
  void shouldHaveDefaults() {
    SrpConfig config = SrpConfig.of(Rig.config());
    assertThat(config.target().getPort()).isEqualTo(5555);
    assertThat(config.queueSize()).isEqualTo(64);
    assertThat(config.sgEntries()).isEqualTo(12);
    assertThat(config.maxRanges()).isEqualTo(12);
    assertThat(config.fastIoFailNs()).isEqualTo(TimeUnit.SECONDS.toNanos(15));
    assertThat(config.reconnectDelayNs()).isEqualTo(TimeUnit.SECONDS.toNanos(1));
    assertThat(config.devLossNs()).isEqualTo(TimeUnit.SECONDS.toNanos(600));
    assertThat(config.matches("p0", "anything")).isTrue();
    assertThat(config.matches("p1", "anything")).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "name            |                | is missing; give the disk a name",
        "port            |                | name the ib.port to use",
        "target.address  | storage.local  | give an IP address in numbers",
        "target.address  | 1.2.3.4.5      | which is no IP address",
        "target.port     | 70000          | give 1 to 65535",
        "target.port     | many           | not a whole number",
        "initiator.port.id | 12           | give 32 hex digits",
        "lun             | 20000          | give 0 to 16383",
        "queue.size      | 1              | give 2 to 1024",
        "allow.ext.sg    | yes            | give one of true, false",
        "indirect        | never          | give one of auto, always",
        "reconnect.delay.seconds | 0      | give 1 or more, or off",
        "fast.io.fail.seconds | 600       | is not less than dev.loss.seconds",
        "queue.sise      | 64             | is not known",
      })
  void shouldNameFileKeyAndRemedy(String key, String value, String words) {
    Map<String, Object> properties = Rig.config();
    properties.put("felix.fileinstall.filename", "file:/etc/ib.ulp.srp-disk0.config");
    properties.put(key, value == null ? "" : value);
    assertThatThrownBy(() -> SrpConfig.of(properties))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ib.ulp.srp-disk0.config")
        .hasMessageContaining(key)
        .hasMessageContaining(words);
  }

  @Test
  void shouldTakeKeysThatTheFrameworkAdds() {
    Map<String, Object> properties = Rig.config();
    properties.put("service.factoryPid", "ib.ulp.srp");
    properties.put("component.id", 7L);
    properties.put("$001.target", "(ib.port=p0)");
    assertThat(SrpConfig.of(properties).name()).isEqualTo("disk0");
  }

  @Test
  void shouldRefuseAllThreeTimesOff() {
    Map<String, Object> properties = Rig.config();
    properties.put("fast.io.fail.seconds", "off");
    properties.put("reconnect.delay.seconds", "off");
    assertThat(SrpConfig.of(properties).fastIoFailNs()).isNegative();
    properties.put("dev.loss.seconds", "off");
    assertThatThrownBy(() -> SrpConfig.of(properties)).hasMessageContaining("hang for ever");
  }
}
