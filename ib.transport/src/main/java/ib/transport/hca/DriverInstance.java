// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import ib.config.ConfigException;
import ib.dma.IbDmaOps;
import ib.verbs.spi.HcaDevice;
import java.util.Collection;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.log.Logger;

/**
 * What a driver does for one configuration: its device is registered from the start to the close. A
 * configuration that is wrong is told in one line of the log, and registers nothing.
 */
public final class DriverInstance {
  private final Logger log;
  private final String name;
  private final @Nullable HcaRegistration registration;

  private DriverInstance(Logger log, String name, @Nullable HcaRegistration registration) {
    this.log = log;
    this.name = name;
    this.registration = registration;
  }

  /**
   * Reads the configuration and registers the device with its ops.
   *
   * @param context bundle context of the driver
   * @param log log of the driver
   * @param pid factory PID of the driver
   * @param properties properties of the component
   * @param tuning keys of this driver beyond {@code ib.device} and {@code port.target}
   * @param maker makes the device; throws what {@link DriverConfig#refuseValue} gives if a value
   *     does not do
   * @param ops ops of the device
   * @return to be closed when the configuration goes
   */
  public static DriverInstance start(
      BundleContext context,
      Logger log,
      String pid,
      Map<String, ?> properties,
      Collection<String> tuning,
      Function<DriverConfig, ? extends HcaDevice> maker,
      IbDmaOps ops) {
    try {
      DriverConfig config = new DriverConfig(pid, properties, tuning);
      HcaDevice device = maker.apply(config);
      HcaRegistration registration = HcaRegistration.register(context, config, device, ops);
      log.info("{} on port {} ({})", device.name(), device.portName(), config.source());
      return new DriverInstance(log, device.name(), registration);
    } catch (ConfigException e) {
      log.error("a device is not made: {}", e.getMessage());
      return new DriverInstance(log, "", null);
    }
  }

  /** Withdraws the device; core takes its leave of it inside this call. */
  public void close() {
    if (registration != null) {
      registration.unregister();
      log.info("{} withdrawn", name);
    }
  }
}
