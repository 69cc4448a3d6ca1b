// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.config.ConfigException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A wrong configuration is refused with its file, the key and the remedy. */
class SrptConfigTest {
  private static final String ID = "0002c903000e8ace0002c903000e8ace";

  private static Map<String, Object> good() {
    Map<String, Object> values = new HashMap<>();
    values.put("name", "t0");
    values.put("port", "p1");
    values.put("target.port.id", ID);
    values.put("luns", new String[] {"0=ram:64M", "1=file:/tmp/x=y,z.img,1G"});
    values.put("service.pid", "ib.ulp.srpt~t0");
    values.put("felix.fileinstall.filename", "file:/etc/ib.ulp.srpt-t0.config");
    return values;
  }

  @Test
  void shouldReadAGoodOneWithDefaults() {
    SrptConfig config = SrptConfig.parse(good());
    assertThat(config.listen()).isEqualTo(5555);
    assertThat(config.luns()).hasSize(2);
    assertThat(config.luns().get(0).sizeBytes()).isEqualTo(64L << 20);
    assertThat(String.valueOf(config.luns().get(1).path())).isEqualTo("/tmp/x=y,z.img");
    assertThat(config.luns().get(1).sizeBytes()).isEqualTo(1L << 30);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "listen|70000|give 1 to 65535",
        "listen|many|give 1 to 65535",
        "target.port.id|12|give 32 hex digits",
        "target.port.id|zz02c903000e8ace0002c903000e8ace|give 32 hex digits",
        "block.size|1000|give 512, 1024, 2048 or 4096",
        "luns|disk|write N=file:PATH",
        "luns|300=ram:64M|from 0 to 255",
        "luns|0=ram:1|give 4K or more",
        "luns|0=ram:99999999999G|too large",
        "initiators|abc|give 32 hex digits",
        "request.limit|1|give 2 to 1024",
        "lun|0=ram:64M|use one of",
      })
  void shouldNameFileKeyAndRemedy(String key, String value, String remedy) {
    Map<String, Object> values = good();
    values.put(key, value);
    assertThatThrownBy(() -> SrptConfig.parse(values))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("/etc/ib.ulp.srpt-t0.config: key '" + key + "'")
        .hasMessageContaining(remedy);
  }

  @ParameterizedTest
  @CsvSource({"name", "port", "target.port.id", "luns"})
  void shouldNameAMissingKey(String key) {
    Map<String, Object> values = good();
    values.remove(key);
    assertThatThrownBy(() -> SrptConfig.parse(values))
        .hasMessageContaining("key '" + key + "' is missing; ");
  }

  @Test
  void shouldRefuseALunTwice() {
    Map<String, Object> values = good();
    values.put("luns", new String[] {"0=ram:64M", "0=ram:1M"});
    assertThatThrownBy(() -> SrptConfig.parse(values)).hasMessageContaining("LUN 0 twice");
  }
}
