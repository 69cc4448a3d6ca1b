// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.transport.RdmaPort;
import ib.verbs.ConnectionManager;
import ib.verbs.RdmaDevice;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.bundle.Capability;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;

/** Gives every port a connection manager, registered as long as the port is there. */
@Component(service = ConnectionManagers.class, immediate = true)
@Capability(
    namespace = "osgi.service",
    attribute = "objectClass:List<String>=\"ib.verbs.ConnectionManager\"")
public final class ConnectionManagers {
  private record Running(
      PortConnectionManager manager, ServiceRegistration<ConnectionManager> registration) {}

  private final BundleContext context;
  private final Logger log;

  // Guarded by this.
  private final IdentityHashMap<RdmaPort, Running> running = new IdentityHashMap<>();
  private boolean closed;

  /** Made by Declarative Services. */
  @Activate
  public ConnectionManagers(
      BundleContext context, @Reference(service = LoggerFactory.class) Logger log) {
    this.context = context;
    this.log = log;
  }

  @Reference(
      service = RdmaPort.class,
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void addPort(RdmaPort port) {
    try {
      PortConnectionManager manager =
          new PortConnectionManager(
              port, CmConfig.DEFAULT, (what, error) -> log.error("{}", what, error));
      ServiceRegistration<ConnectionManager> registration =
          context.registerService(
              ConnectionManager.class,
              manager,
              FrameworkUtil.asDictionary(Map.of(RdmaDevice.PORT, port.name())));
      if (!keep(port, new Running(manager, registration))) {
        registration.unregister();
        manager.close();
      }
    } catch (RuntimeException e) {
      log.error("port {} gets no connection manager: {}", port.name(), e.getMessage(), e);
    }
  }

  private synchronized boolean keep(RdmaPort port, Running made) {
    if (closed) {
      return false;
    }
    running.put(port, made);
    return true;
  }

  void removePort(RdmaPort port) {
    end(take(port));
  }

  private synchronized @Nullable Running take(RdmaPort port) {
    return running.remove(port);
  }

  /** Users let go first; no lock is held meanwhile. */
  private static void end(@Nullable Running ended) {
    if (ended != null) {
      ended.registration().unregister();
      ended.manager().close();
    }
  }

  /** Ends all connection managers. */
  @Deactivate
  void deactivate() {
    List<Running> left;
    synchronized (this) {
      closed = true;
      left = List.copyOf(running.values());
      running.clear();
    }
    left.forEach(ConnectionManagers::end);
  }
}
