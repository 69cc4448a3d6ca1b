// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import ib.verbs.spi.Hca;
import ib.verbs.spi.HcaContext;
import ib.verbs.spi.HcaDevice;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Dictionary;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.log.Logger;

class DriverInstanceTest {
  private final List<String> log = new ArrayList<>();
  private final List<String> registered = new ArrayList<>();
  private final List<Dictionary<?, ?>> devices = new ArrayList<>();
  private final Logger logger =
      proxy(
          Logger.class,
          (self, method, arguments) ->
              log.add(method.getName() + " " + Arrays.deepToString(arguments)) ? null : null);
  private final Bundle bundle =
      proxy(
          Bundle.class,
          (self, method, arguments) -> method.getName().equals("equals") ? true : null);
  private final BundleContext context = proxy(BundleContext.class, this::call);
  private final IbDmaOps ops = proxy(IbDmaOps.class, (self, method, arguments) -> null);

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }

  /** A framework that registers and finds devices. */
  private Object call(Object self, java.lang.reflect.Method method, Object[] arguments) {
    return switch (method.getName()) {
      case "getBundle" -> bundle;
      case "getServiceReferences" ->
          devices.stream()
              .filter(
                  device -> ("(ib.device=" + device.get("ib.device") + ")").equals(arguments[1]))
              .map(this::reference)
              .toList();
      case "registerService" -> register((Class<?>) arguments[0], (Dictionary<?, ?>) arguments[2]);
      default -> throw new AssertionError(method);
    };
  }

  private ServiceReference<?> reference(Dictionary<?, ?> properties) {
    return proxy(
        ServiceReference.class,
        (self, method, arguments) -> method.getName().equals("getBundle") ? bundle : properties);
  }

  private ServiceRegistration<?> register(Class<?> type, Dictionary<?, ?> properties) {
    String service = type.getSimpleName() + " " + properties.get("ib.device");
    registered.add(service);
    if (type == IbDevice.class) {
      devices.add(properties);
    }
    return proxy(
        ServiceRegistration.class,
        (self, method, arguments) -> {
          assertThat(method.getName()).isEqualTo("unregister");
          devices.remove(properties);
          return registered.remove(service) ? null : null;
        });
  }

  private DriverInstance start(String file, String... keysAndValues) {
    Map<String, Object> properties = new HashMap<>();
    properties.put("felix.fileinstall.filename", "file:" + file);
    properties.put("port.target", "(ib.port=p0)");
    for (int i = 0; i < keysAndValues.length; i += 2) {
      properties.put(keysAndValues[i], keysAndValues[i + 1]);
    }
    return DriverInstance.start(
        context, logger, "ib.driver.x", properties, List.of("depth"), this::device, ops);
  }

  private HcaDevice device(DriverConfig config) {
    String name = config.device();
    config.integer("depth", 1, 1, 9);
    return new HcaDevice(name, "p0", 1, -1, 1 << 20, -1, "ib.driver.x") {
      @Override
      public Hca open(HcaContext context) {
        throw new AssertionError("nobody opens it");
      }
    };
  }

  @Test
  void shouldRegisterDeviceAndOpsUntilItIsClosed() {
    DriverInstance x0 = start("/etc/a.config", "ib.device", "x0");
    assertThat(registered).containsExactlyInAnyOrder("IbDevice x0", "IbDmaOps x0");
    assertThat(log).singleElement().asString().startsWith("info").contains("x0", "/etc/a.config");
    x0.close();
    assertThat(registered).isEmpty();
  }

  @Test
  void shouldSayInOneLineWhatIsWrongAndRegisterNothing() {
    for (String[] wrong :
        List.of(
            new String[] {"ib.device", "x 0"},
            new String[] {"ib.device", "x0", "depth", "10"},
            new String[] {"ib.device", "x0", "dept", "1"})) {
      log.clear();
      DriverInstance inert = start("/etc/a.config", wrong);
      assertThat(registered).isEmpty();
      assertThat(log)
          .singleElement()
          .asString()
          .startsWith("error")
          .contains("/etc/a.config: key '" + wrong[wrong.length - 2] + "'")
          .contains("; ");
      inert.close();
      assertThat(log).hasSize(1);
    }
  }

  @Test
  void shouldRefuseTheSecondOfOneNameAndNameBothFiles() {
    DriverInstance first = start("/etc/a.config", "ib.device", "x0");
    log.clear();
    DriverInstance second = start("/etc/b.config", "ib.device", "x0");
    assertThat(registered).hasSize(2);
    assertThat(log)
        .singleElement()
        .asString()
        .startsWith("error")
        .contains(
            "/etc/b.config: key 'ib.device' is 'x0', which /etc/a.config has already; "
                + "give each device its own name");
    second.close();
    assertThat(registered).hasSize(2);
    first.close();
    assertThat(registered).isEmpty();
  }
}
