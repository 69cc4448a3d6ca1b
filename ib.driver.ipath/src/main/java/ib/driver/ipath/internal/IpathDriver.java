// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.dma.DmaMemoryPool;
import ib.transport.RdmaPort;
import ib.transport.hca.DriverConfig;
import ib.transport.hca.HcaRegistration;
import java.util.List;
import java.util.Map;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;
import org.osgi.service.metatype.annotations.Designate;

/**
 * One InfiniPath HCA for each configuration: registers the device and its own ops. Core opens and
 * closes the hardware.
 */
@Component(
    configurationPid = IpathDriver.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE,
    immediate = true,
    service = {})
@Designate(ocd = IpathConfiguration.class, factory = true)
public final class IpathDriver {
  /** Factory PID. */
  static final String PID = "ib.driver.ipath";

  private final HcaRegistration registration;
  private final Logger log;
  private final String name;

  /** Reads the configuration and registers the services. */
  @Activate
  public IpathDriver(
      BundleContext context,
      Map<String, Object> properties,
      @Reference(name = "port", policyOption = ReferencePolicyOption.RELUCTANT) RdmaPort port,
      @Reference(policyOption = ReferencePolicyOption.RELUCTANT) DmaMemoryPool pool,
      @Reference(service = LoggerFactory.class) Logger log) {
    DriverConfig config = new DriverConfig(PID, properties, List.of());
    this.name = config.device();
    this.log = log;
    IpathDevice device = new IpathDevice(name, port, context.getBundle().getSymbolicName());
    registration = HcaRegistration.register(context, config, device, new IpathDmaOps(pool));
    log.info("{} on port {} ({})", name, port.name(), config.source());
  }

  /** Withdraws the services. */
  @Deactivate
  public void deactivate() {
    registration.unregister();
    log.info("{} withdrawn", name);
  }
}
