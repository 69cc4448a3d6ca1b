// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.dma.DmaMemoryPool;
import ib.transport.RdmaPort;
import ib.transport.hca.DriverInstance;
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

  private final DriverInstance instance;

  /** Registers the services, if the configuration is right. */
  @Activate
  public IpathDriver(
      BundleContext context,
      Map<String, Object> properties,
      @Reference(name = "port", policyOption = ReferencePolicyOption.RELUCTANT) RdmaPort port,
      @Reference(policyOption = ReferencePolicyOption.RELUCTANT) DmaMemoryPool pool,
      @Reference(service = LoggerFactory.class) Logger log) {
    String driver = context.getBundle().getSymbolicName();
    instance =
        DriverInstance.start(
            context,
            log,
            PID,
            properties,
            List.of(),
            config -> new IpathDevice(config.device(), port, driver),
            new IpathDmaOps(pool, log::warn, System::nanoTime));
  }

  /** Withdraws the services. */
  @Deactivate
  public void deactivate() {
    instance.close();
  }
}
