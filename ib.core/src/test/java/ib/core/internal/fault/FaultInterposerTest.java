// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.fault;

import static org.assertj.core.api.Assertions.assertThat;

import ib.core.internal.dma.DefaultDmaOps;
import ib.core.internal.dma.HostMemoryPool;
import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.osgi.service.log.Logger;

/** What a configuration of faults says, and that a wrong one is one line and no fault. */
class FaultInterposerTest {
  private final List<String> log = new ArrayList<>();
  private final IbDevice device = new IbDevice("mthca0", 1, 0xFFFF_FFFFL, 1 << 20, -1, "driver");
  private final IbDmaOps ops = new DefaultDmaOps(new HostMemoryPool(1L << 20));

  private FaultInterposer configured(Map<String, Object> properties) {
    Object logger =
        Proxy.newProxyInstance(
            Logger.class.getClassLoader(),
            new Class<?>[] {Logger.class},
            (self, method, arguments) -> {
              log.add(method.getName() + " " + Arrays.deepToString(arguments));
              return null;
            });
    return new FaultInterposer((Logger) logger, properties);
  }

  @Test
  void shouldWrapOperationsAsConfigured() {
    FaultInterposer faults =
        configured(
            Map.of(
                "every",
                2L,
                "above.bytes",
                "0x1000",
                "owners",
                new String[] {"ib.ulp.srp"},
                "coherent",
                true,
                "ib.device",
                "mthca0",
                "service.pid",
                "ib.core.dma.fault~a"));
    assertThat(faults.wrapOps(device, ops)).isInstanceOf(FaultOps.class);
    assertThat(log).hasSize(1).first().asString().startsWith("warn").contains("on purpose");
  }

  @ParameterizedTest
  @CsvSource({
    "every,0,'out of range; give 1 to'",
    "every,often,not a whole number",
    "above.bytes,-1,out of range",
    "after.ms,-5,out of range",
    "coherent,perhaps,'which is no choice'",
    "evry,2,'is not known'"
  })
  void shouldSayInOneLineWhatIsWrongAndLetNothingFail(String key, String value, String words) {
    FaultInterposer faults =
        configured(Map.of(key, value, "felix.fileinstall.filename", "file:etc/faults.config"));
    assertThat(log).hasSize(1);
    assertThat(log.getFirst())
        .startsWith("error")
        .contains("no DMA mapping fails on purpose", "etc/faults.config", "'" + key + "'")
        .contains(words.split("; ")[0]);
    assertThat(faults.wrapOps(device, ops)).isSameAs(ops);
    faults.close();
    assertThat(log).hasSize(1);
  }
}
