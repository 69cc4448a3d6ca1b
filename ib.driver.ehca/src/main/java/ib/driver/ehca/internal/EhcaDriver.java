// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.dma.IbDmaOps;
import ib.driver.ehca.internal.firmware.AdapterOptions;
import ib.transport.RdmaPort;
import ib.transport.hca.DriverConfig;
import ib.transport.hca.DriverInstance;
import java.security.SecureRandom;
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
 * One eHCA for each configuration: registers the device and, under the device's key, core's shared
 * default ops object itself. Core opens and closes the hardware.
 */
@Component(
    configurationPid = EhcaDriver.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE,
    immediate = true,
    service = {})
@Designate(ocd = EhcaConfiguration.class, factory = true)
public final class EhcaDriver {
  /** Factory PID. */
  static final String PID = "ib.driver.ehca";

  private static final String DMA_MASK = "dma.mask";
  private static final String BUSY_EVERY = "hypervisor.busy.every";
  private static final String BUSY_SEED = "hypervisor.busy.seed";

  private final DriverInstance instance;

  /** Registers the services, if the configuration is right. */
  @Activate
  public EhcaDriver(
      BundleContext context,
      Map<String, Object> properties,
      @Reference(name = "port", policyOption = ReferencePolicyOption.RELUCTANT) RdmaPort port,
      @Reference(
              name = DriverConfig.DEFAULT_OPS,
              target = "(" + IbDmaOps.DEFAULT + "=true)",
              policyOption = ReferencePolicyOption.RELUCTANT)
          IbDmaOps defaultOps,
      @Reference(service = LoggerFactory.class) Logger log) {
    String driver = context.getBundle().getSymbolicName();
    instance =
        DriverInstance.start(
            context,
            log,
            PID,
            properties,
            List.of(DMA_MASK, BUSY_EVERY, BUSY_SEED),
            in -> new EhcaDevice(in.device(), port, dmaMask(in), options(in), driver),
            defaultOps);
  }

  private static AdapterOptions options(DriverConfig config) {
    long seed = config.number(BUSY_SEED, 1, Long.MIN_VALUE, Long.MAX_VALUE);
    return new AdapterOptions(busyEvery(config), seed, new SecureRandom().nextLong());
  }

  private static int busyEvery(DriverConfig config) {
    int every = config.integer(BUSY_EVERY, EhcaDevice.BUSY_EVERY, 0, Integer.MAX_VALUE);
    if (every > 0 && every < EhcaDevice.LEAST_BUSY_EVERY) {
      throw config.refuseValue(
          BUSY_EVERY,
          "too often",
          "give 0 for never, or " + EhcaDevice.LEAST_BUSY_EVERY + " and more");
    }
    return every;
  }

  private static long dmaMask(DriverConfig config) {
    long mask = config.number(DMA_MASK, EhcaDevice.DMA_MASK, Long.MIN_VALUE, Long.MAX_VALUE);
    if (mask < EhcaDevice.LEAST_DMA_MASK || (mask & (mask + 1)) != 0) {
      throw config.refuseValue(
          DMA_MASK,
          "which is no mask of this adapter's",
          "give contiguous low bits, 0x"
              + Long.toHexString(EhcaDevice.LEAST_DMA_MASK)
              + " or more");
    }
    return mask;
  }

  /** Withdraws the services. */
  @Deactivate
  public void deactivate() {
    instance.close();
  }
}
