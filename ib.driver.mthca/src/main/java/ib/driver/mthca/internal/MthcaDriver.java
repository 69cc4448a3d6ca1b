// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.dma.IbDmaOps;
import ib.driver.mthca.internal.hw.HcaLimits;
import ib.transport.RdmaPort;
import ib.transport.hca.DriverConfig;
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
 * One InfiniHost HCA for each configuration: registers the device, and for its key the host's
 * shared default DMA ops, the very object that core offers. Core opens and closes the hardware.
 */
@Component(
    configurationPid = MthcaDriver.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE,
    immediate = true,
    service = {})
@Designate(ocd = MthcaConfiguration.class, factory = true)
public final class MthcaDriver {
  /** Factory PID. */
  static final String PID = "ib.driver.mthca";

  static final String MASK_BITS = "dma.mask.bits";
  static final String MAX_QP = "max.qp";
  static final String MAX_CQ = "max.cq";
  static final String MAX_MR = "max.mr";

  static final List<String> TUNING = List.of(MASK_BITS, MAX_QP, MAX_CQ, MAX_MR);

  private static final int LEAST_MASK_BITS = 32;
  private static final int MOST_QUEUES = 8192;
  private static final int MOST_REGIONS = 65535;

  /** Translations: 4 GiB of registered memory. */
  private static final int TRANSLATIONS = 1 << 20;

  private final DriverInstance instance;

  /** Registers the services, if the configuration is right. */
  @Activate
  public MthcaDriver(
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
            TUNING,
            in -> new MthcaDevice(in.device(), port, mask(in), limits(in), driver),
            defaultOps);
  }

  static long mask(DriverConfig config) {
    int bits = config.integer(MASK_BITS, Long.SIZE, LEAST_MASK_BITS, Long.SIZE);
    return bits == Long.SIZE ? -1L : (1L << bits) - 1;
  }

  static HcaLimits limits(DriverConfig config) {
    return new HcaLimits(
        config.integer(MAX_QP, 1024, 1, MOST_QUEUES),
        config.integer(MAX_CQ, 1024, 1, MOST_QUEUES),
        // One entry stays unused, whose key would be the mark of an unused element.
        config.integer(MAX_MR, 8191, 1, MOST_REGIONS) + 2,
        TRANSLATIONS);
  }

  /** Withdraws the services. */
  @Deactivate
  public void deactivate() {
    instance.close();
  }
}
