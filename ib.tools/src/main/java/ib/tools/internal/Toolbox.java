// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.dma.DmaMemoryPool;
import ib.verbs.ConnectionManager;
import ib.verbs.RdmaDevice;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/**
 * What tools work with: the devices and connection managers that are there. A device that leaves
 * takes the runs that use it with it.
 */
@Component(service = Toolbox.class)
public final class Toolbox {
  /** A run that does not let go of its device by then is closed under its feet. */
  private static final long LET_GO_MS = 1500;

  private final DmaMemoryPool pool;
  private final List<RdmaDevice> devices = new CopyOnWriteArrayList<>();
  private final List<ConnectionManager> managers = new CopyOnWriteArrayList<>();
  private final List<Run> runs = new CopyOnWriteArrayList<>();

  /** Made by Declarative Services. */
  @Activate
  public Toolbox(@Reference DmaMemoryPool pool) {
    this.pool = pool;
  }

  @Reference(
      service = RdmaDevice.class,
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void addDevice(RdmaDevice device) {
    devices.add(device);
  }

  void removeDevice(RdmaDevice device) {
    devices.remove(device);
    end(run -> run.uses(device), "device " + device.name() + " leaves");
  }

  @Reference(
      service = ConnectionManager.class,
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void addManager(ConnectionManager manager) {
    managers.add(manager);
  }

  void removeManager(ConnectionManager manager) {
    managers.remove(manager);
    end(run -> run.uses(manager), "port " + manager.portName() + " closes");
  }

  /** Ends all runs. */
  @Deactivate
  void deactivate() {
    end(run -> true, "the tools' bundle stops");
  }

  private void end(Predicate<Run> which, String why) {
    List<Run> ended = runs.stream().filter(which).toList();
    ended.forEach(run -> run.abort(why));
    long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LET_GO_MS);
    for (Run run : ended) {
      if (!run.awaitClosed(deadlineNs - System.nanoTime())) {
        run.close();
      }
    }
  }

  /** The devices, by name; of one name the latest generation only. */
  List<RdmaDevice> devices() {
    Map<String, RdmaDevice> latest = new TreeMap<>();
    for (RdmaDevice device : devices) {
      latest.merge(device.name(), device, (a, b) -> a.generation() > b.generation() ? a : b);
    }
    return List.copyOf(latest.values());
  }

  @Nullable ConnectionManager manager(String portName) {
    return managers.stream()
        .filter(manager -> manager.portName().equals(portName))
        .findFirst()
        .orElse(null);
  }

  /**
   * Begins a run on a device.
   *
   * @param name of the device; null for any
   * @param address of its port; null or the wildcard address for any
   * @throws ToolException if there is none such, naming those that are there
   */
  Run begin(@Nullable String name, @Nullable InetAddress address) throws ToolException {
    for (RdmaDevice device : devices()) {
      ConnectionManager manager = manager(device.portName());
      if (manager != null
          && (name == null || name.equals(device.name()))
          && (address == null
              || address.isAnyLocalAddress()
              || address.equals(manager.localAddress()))) {
        Run run = new Run(new Local(device, manager, pool), runs::remove);
        runs.add(run);
        // What left before the run was there did not end it.
        if (devices.contains(device) && managers.contains(manager)) {
          return run;
        }
        run.close();
      }
    }
    throw new ToolException(
        "no device%s%s; there are: %s"
            .formatted(
                name == null ? "" : " " + name,
                address == null ? "" : " on a port with address " + address.getHostAddress(),
                described()));
  }

  private String described() {
    List<String> texts =
        devices().stream()
            .map(
                device -> {
                  ConnectionManager manager = manager(device.portName());
                  return device.name()
                      + " on port "
                      + device.portName()
                      + (manager == null ? "" : " " + manager.localAddress().getHostAddress());
                })
            .toList();
    return texts.isEmpty()
        ? "none (drivers in deploy/, configurations in etc/)"
        : String.join(", ", texts);
  }
}
