// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import ib.config.ConfigReader;
import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import ib.verbs.spi.HcaDevice;
import java.util.Dictionary;
import java.util.LinkedHashMap;
import java.util.Map;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;

/** The two services of a device, registered and withdrawn together. */
public final class HcaRegistration {
  private final ServiceRegistration<IbDmaOps> ops;
  private final ServiceRegistration<IbDevice> device;

  private HcaRegistration(ServiceRegistration<IbDmaOps> ops, ServiceRegistration<IbDevice> device) {
    this.ops = ops;
    this.device = device;
  }

  /**
   * Registers a device and its ops under the device's key. The object given as ops may belong to
   * another bundle: a component can't register that itself, a bundle context can.
   *
   * @param context bundle context of the driver
   * @param config configuration, for the properties and for messages
   * @param device the device
   * @param ops its ops
   * @return to be unregistered when the configuration goes
   * @throws IllegalArgumentException if this bundle has a device of that name already
   */
  public static HcaRegistration register(
      BundleContext context, DriverConfig config, HcaDevice device, IbDmaOps ops) {
    refuseTwin(context, config, device.name());
    Map<String, Object> all = new LinkedHashMap<>();
    all.put(IbDevice.DEVICE, device.name());
    all.put("ib.port", device.portName());
    for (String key : new String[] {Constants.SERVICE_RANKING, ConfigReader.FILE}) {
      Object value = config.passedOn(key);
      if (value != null) {
        all.put(key, value);
      }
    }
    Dictionary<String, Object> properties = FrameworkUtil.asDictionary(all);
    ServiceRegistration<IbDmaOps> first = context.registerService(IbDmaOps.class, ops, properties);
    try {
      return new HcaRegistration(
          first, context.registerService(IbDevice.class, device, properties));
    } catch (RuntimeException e) {
      first.unregister();
      throw e;
    }
  }

  /** Withdraws both; core takes its leave of the device inside this call. */
  public void unregister() {
    unregister(device);
    unregister(ops);
  }

  private static void unregister(ServiceRegistration<?> registration) {
    try {
      registration.unregister();
    } catch (IllegalStateException e) {
      // The framework was faster: the bundle stops.
      return;
    }
  }

  private static void refuseTwin(BundleContext context, DriverConfig config, String name) {
    try {
      for (ServiceReference<IbDevice> twin :
          context.getServiceReferences(IbDevice.class, "(" + IbDevice.DEVICE + "=" + name + ")")) {
        if (context.getBundle().equals(twin.getBundle())) {
          Map<String, Object> its = FrameworkUtil.asMap(twin.getProperties());
          throw config.refuseValue(
              IbDevice.DEVICE,
              "which "
                  + (its.containsKey(ConfigReader.FILE)
                      ? ConfigReader.where("", its)
                      : "another configuration")
                  + " has already",
              "give each device its own name");
        }
      }
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException("a name that was checked does not fit a filter", e);
    }
  }
}
