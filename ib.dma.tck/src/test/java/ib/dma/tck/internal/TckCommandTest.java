// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.core.internal.dma.DefaultDmaOps;
import ib.core.internal.dma.HostMemoryPool;
import ib.dma.DelegatingDmaOps;
import ib.dma.DmaDirection;
import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import ib.dma.ScatterList;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;

/**
 * The command ends with an exception if a case fails, which is what makes {@code ./ib exec} exit
 * with 1.
 */
class TckCommandTest {
  private static final String NAME = "test0";

  private final HostMemoryPool pool = new HostMemoryPool(256L << 20);
  private final IbDevice device = new IbDevice(NAME, 1, -1, 1 << 20, -1, "driver");
  private final Bundle driver = fake(Bundle.class, (proxy, method, arguments) -> null);

  private TckCommand over(IbDmaOps ops) {
    BundleContext context =
        fake(
            BundleContext.class,
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "getServiceReferences" -> found((Class<?>) arguments[0], arguments[1]);
                  case "getService" ->
                      ((ServiceReference<?>) arguments[0]).getProperty("type").equals("ops")
                          ? ops
                          : device;
                  case "ungetService" -> true;
                  default -> throw new UnsupportedOperationException(method.toString());
                });
    return new TckCommand(context, pool);
  }

  private List<ServiceReference<?>> found(Class<?> type, Object filter) {
    boolean matches = filter == null || filter.equals("(" + IbDevice.DEVICE + "=" + NAME + ")");
    return matches ? List.of(reference(type == IbDmaOps.class ? "ops" : "device")) : List.of();
  }

  private ServiceReference<?> reference(String type) {
    return fake(
        ServiceReference.class,
        (proxy, method, arguments) ->
            switch (method.getName()) {
              case "getBundle" -> driver;
              case "getProperty" -> arguments[0].equals("type") ? type : NAME;
              case "compareTo" -> 0;
              case "hashCode" -> type.hashCode();
              default -> throw new UnsupportedOperationException(method.toString());
            });
  }

  private static <T> T fake(Class<T> type, InvocationHandler handler) {
    InvocationHandler withEquals =
        (proxy, method, arguments) ->
            method.getName().equals("equals")
                ? proxy == arguments[0]
                : handler.invoke(proxy, method, arguments);
    return type.cast(
        Proxy.newProxyInstance(
            TckCommandTest.class.getClassLoader(), new Class<?>[] {type}, withEquals));
  }

  @Test
  void shouldTellEachCaseOfConformingOps() throws Exception {
    String text = over(new DefaultDmaOps(pool)).run(List.of(NAME, "7"));

    assertThat(text).contains("passed   rule 5    none-refused", "0 failed", "seed 7");
    assertThat(pool.usedBytes()).isZero();
  }

  @Test
  void shouldFailIfACaseFails() {
    IbDmaOps broken =
        new DelegatingDmaOps(new DefaultDmaOps(pool)) {
          @Override
          public void syncSgForCpu(IbDevice d, ScatterList list, int n, DmaDirection direction) {
            // Forgets it.
          }
        };

    assertThatThrownBy(() -> over(broken).run(List.of(NAME)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("failed   rule 6    list-sync")
        .hasMessageContaining("seed 1");
  }

  @Test
  void shouldNameTheDevicesThatThereAre() {
    assertThatThrownBy(() -> over(new DefaultDmaOps(pool)).run(List.of("other0")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("other0")
        .hasMessageContaining(NAME);
    assertThatThrownBy(() -> over(new DefaultDmaOps(pool)).run(List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("DEVICE [SEED]");
  }
}
