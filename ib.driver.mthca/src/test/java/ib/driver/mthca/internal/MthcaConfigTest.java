// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.driver.mthca.internal.hw.HcaLimits;
import ib.transport.hca.DriverConfig;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The configuration, and how it is refused. */
class MthcaConfigTest {
  private static final String FILE = "etc/ib.driver.mthca-mthca0.config";

  @Test
  void shouldTakeItsKeysAndDefaults() {
    DriverConfig plain = config(with(Map.of()));
    assertThat(plain.device()).isEqualTo("mthca0");
    assertThat(MthcaDriver.mask(plain)).isEqualTo(-1L);
    HcaLimits limits = MthcaDriver.limits(plain);
    assertThat(limits.maxQp()).isEqualTo(1024);
    assertThat(limits.maxCq()).isEqualTo(1024);
    DriverConfig tuned = config(with(Map.of("dma.mask.bits", "32", "max.qp", "8", "max.cq", 9)));
    assertThat(MthcaDriver.mask(tuned)).isEqualTo(0xFFFF_FFFFL);
    assertThat(MthcaDriver.limits(tuned).maxQp()).isEqualTo(8);
    assertThat(MthcaDriver.limits(tuned).maxCq()).isEqualTo(9);
  }

  @Test
  void shouldNameFileKeyAndRemedy() {
    refuses(Map.of("max.qps", 3), "max.qps", "max.qp");
    refuses(Map.of("dma.mask.bits", 31), "dma.mask.bits", "32 to 64");
    refuses(Map.of("dma.mask.bits", "wide"), "dma.mask.bits", "whole number");
    refuses(Map.of("max.qp", 0), "max.qp", "1 to 8192");
    refuses(Map.of("max.mr", 1 << 20), "max.mr", "1 to 65535");
    refuses(Map.of("ib.device", "mthca 0"), "ib.device", "letters");
  }

  private static void refuses(Map<String, Object> change, String key, String remedy) {
    assertThatThrownBy(
            () -> {
              DriverConfig config = config(with(change));
              config.device();
              MthcaDriver.mask(config);
              MthcaDriver.limits(config);
            })
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll(FILE, key, remedy);
  }

  private static DriverConfig config(Map<String, Object> properties) {
    return new DriverConfig(MthcaDriver.PID, properties, MthcaDriver.TUNING);
  }

  private static Map<String, Object> with(Map<String, Object> change) {
    Map<String, Object> all = new HashMap<>();
    all.put("ib.device", "mthca0");
    all.put("port.target", "(ib.port=p0)");
    all.put("service.pid", "ib.driver.mthca-mthca0");
    all.put("felix.fileinstall.filename", FILE);
    all.putAll(change);
    return all;
  }
}
