// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.block.CommandLedger;
import ib.dma.DmaMemoryPool;
import ib.ulp.srpt.internal.scsi.Backing;
import ib.ulp.srpt.internal.scsi.LogicalUnit;
import ib.ulp.srpt.internal.scsi.LogicalUnits;
import ib.verbs.ConnectionManager;
import ib.verbs.Listener;
import ib.verbs.RdmaDevice;
import ib.verbs.RdmaException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.util.tracker.ServiceTracker;

/**
 * A target out of a configuration {@code ib.ulp.srpt}. Follows the devices and the connection
 * manager of its port.
 */
@Component(
    name = SrptComponent.PID,
    service = SrptComponent.class,
    configurationPolicy = ConfigurationPolicy.REQUIRE,
    immediate = true)
@Designate(ocd = SrptOcd.class, factory = true)
public final class SrptComponent {
  static final String PID = "ib.ulp.srpt";

  private final Logger log;
  private final SrptConfig config;
  private final Target target;
  private final ServiceTracker<RdmaDevice, RdmaDevice> devices;
  private final ServiceTracker<ConnectionManager, Listener> listeners;
  private final ServiceRegistration<CommandLedger> ledger;

  /** Made by SCR. */
  @Activate
  public SrptComponent(
      BundleContext context,
      @Reference DmaMemoryPool pool,
      @Reference(service = LoggerFactory.class) Logger log,
      Map<String, Object> properties)
      throws SrptConfigException, InvalidSyntaxException {
    this.log = log;
    try {
      config = SrptConfig.parse(properties);
      target = new Target(config, openUnits(config, properties), pool, log);
    } catch (SrptConfigException e) {
      log.error("{}", e.getMessage());
      throw e;
    }
    String onPort = "(&(objectClass=%s)(" + RdmaDevice.PORT + "=" + config.port() + "))";
    devices =
        new ServiceTracker<>(
            context,
            FrameworkUtil.createFilter(onPort.formatted(RdmaDevice.class.getName())),
            null) {
          @Override
          public @Nullable RdmaDevice addingService(ServiceReference<RdmaDevice> reference) {
            RdmaDevice device = super.addingService(reference);
            if (device != null) {
              target.bind(device);
            }
            return device;
          }

          @Override
          public void removedService(ServiceReference<RdmaDevice> reference, RdmaDevice device) {
            target.unbind(device);
            super.removedService(reference, device);
          }
        };
    listeners =
        new ServiceTracker<>(
            context,
            FrameworkUtil.createFilter(onPort.formatted(ConnectionManager.class.getName())),
            null) {
          @Override
          public @Nullable Listener addingService(ServiceReference<ConnectionManager> reference) {
            ConnectionManager cm = context.getService(reference);
            return cm == null ? null : listen(cm);
          }

          @Override
          public void removedService(
              ServiceReference<ConnectionManager> reference, Listener listener) {
            listener.close();
            context.ungetService(reference);
          }
        };
    devices.open();
    listeners.open();
    ledger =
        context.registerService(
            CommandLedger.class,
            target.ledger(),
            FrameworkUtil.asDictionary(Map.of("ib.target.name", config.name())));
  }

  private static LogicalUnits openUnits(SrptConfig config, Map<String, Object> properties)
      throws SrptConfigException {
    List<LogicalUnit> units = new ArrayList<>();
    try {
      for (LunSpec spec : config.luns()) {
        Backing backing = spec.open(config.blockSize());
        String serial = config.targetPortId().substring(0, 16) + "%04d".formatted(spec.lun());
        units.add(
            new LogicalUnit(
                spec.lun(), serial, config.blockSize(), config.maxTransferBytes(), backing));
      }
      return new LogicalUnits(units);
    } catch (IOException e) {
      for (LogicalUnit unit : units) {
        try {
          unit.backing().close();
        } catch (IOException again) {
          e.addSuppressed(again);
        }
      }
      Object file = properties.get(SrptConfig.FILE);
      String where =
          file != null ? String.valueOf(file) : "configuration " + properties.get("service.pid");
      throw new SrptConfigException(where + ": luns: " + e.getMessage(), e);
    }
  }

  private @Nullable Listener listen(ConnectionManager cm) {
    try {
      Listener listener =
          cm.listen(ConnectionManager.tcpServiceId(config.listen()), target::connectRequest);
      log.info(
          "target {} listens on {} port {}",
          config.name(),
          cm.localAddress().getHostAddress(),
          config.listen());
      return listener;
    } catch (RdmaException e) {
      log.error(
          "target {} can't listen on {} port {}: {}",
          config.name(),
          cm.localAddress(),
          config.listen(),
          e.getMessage());
      return null;
    }
  }

  String name() {
    return config.name();
  }

  /** Lines for operators. */
  List<String> describe() {
    List<String> lines = new ArrayList<>();
    lines.add(
        "target "
            + config.name()
            + ", port "
            + config.port()
            + ", listens on "
            + config.listen()
            + ", id "
            + config.targetPortId());
    target.describe().forEach(line -> lines.add("  " + line));
    return lines;
  }

  /** Ended by SCR: no new logins, then every device is left, then the media are closed. */
  @Deactivate
  void deactivate() {
    ledger.unregister();
    listeners.close();
    devices.close();
    target.close();
  }
}
