// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import ib.verbs.RdmaDevice;
import java.util.HashMap;
import java.util.Map;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceFactory;
import org.osgi.framework.ServiceRegistration;

/** Offers promoted devices as services, with a handle for each bundle. */
final class ServicePublisher implements Publisher {
  private final BundleContext context;

  ServicePublisher(BundleContext context) {
    this.context = context;
  }

  @Override
  public Runnable publish(Publication publication) {
    Offer offer = publication.attachment().offer();
    Map<String, Object> properties = new HashMap<>();
    properties.put(RdmaDevice.DEVICE, offer.name());
    properties.put(RdmaDevice.PORT, offer.device().portName());
    properties.put(RdmaDevice.GENERATION, publication.generation());
    properties.put(RdmaDevice.DRIVER, offer.driver().symbolicName());
    // The newest generation has the highest ranking: greedy references go over to it.
    properties.put(
        Constants.SERVICE_RANKING, (int) Math.min(publication.generation(), Integer.MAX_VALUE));
    ServiceRegistration<RdmaDevice> registration =
        context.registerService(
            RdmaDevice.class, new Handles(publication), FrameworkUtil.asDictionary(properties));
    return () -> {
      try {
        registration.unregister();
      } catch (IllegalStateException e) {
        // the framework was faster, as core stops
      }
    };
  }

  /** A handle for each bundle. */
  private record Handles(Publication publication) implements ServiceFactory<RdmaDevice> {
    @Override
    public RdmaDevice getService(Bundle bundle, ServiceRegistration<RdmaDevice> registration) {
      return publication.acquire(String.valueOf(bundle.getSymbolicName()));
    }

    @Override
    public void ungetService(
        Bundle bundle, ServiceRegistration<RdmaDevice> registration, RdmaDevice service) {
      if (service instanceof Handle handle) {
        publication.release(handle);
      }
    }
  }
}
