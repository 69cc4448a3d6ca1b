// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.block.CommandLedger;
import ib.config.ConfigException;
import ib.dma.DmaMemoryExhaustedException;
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
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.log.Logger;
import org.osgi.util.tracker.ServiceTracker;

/**
 * A running target: follows the devices and the connection manager of its port, and shows its
 * ledger.
 */
final class TargetService implements AutoCloseable {
  private final Logger log;
  private final SrptConfig config;
  private final Target target;
  private final ServiceTracker<RdmaDevice, RdmaDevice> devices;
  private final ServiceTracker<ConnectionManager, Listener> listeners;
  private final ServiceRegistration<CommandLedger> ledger;

  TargetService(BundleContext context, DmaMemoryPool pool, Logger log, SrptConfig config)
      throws InvalidSyntaxException {
    this.log = log;
    this.config = config;
    target = open(config, pool, log);
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
            Listener listener = cm == null ? null : listen(cm);
            if (listener == null) {
              context.ungetService(reference);
            }
            return listener;
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

  private static Target open(SrptConfig config, DmaMemoryPool pool, Logger log) {
    LogicalUnits units = openUnits(config);
    try {
      return new Target(config, units, pool, log);
    } catch (DmaMemoryExhaustedException e) {
      closeUnits(units.all(), e);
      throw new ConfigException(
          config.source(),
          "buffer.bytes",
          "asks for " + config.bufferBytes() + " bytes, which can't be had: " + e.getMessage(),
          "give less, or the host's pool more");
    }
  }

  private static void closeUnits(Collection<LogicalUnit> units, Exception cause) {
    for (LogicalUnit unit : units) {
      try {
        unit.backing().close();
      } catch (IOException e) {
        cause.addSuppressed(e);
      }
    }
  }

  private static LogicalUnits openUnits(SrptConfig config) {
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
      closeUnits(units, e);
      throw new ConfigException(
          config.source(), "luns", "can't be served: " + reason(e), "then restart the bundle");
    }
  }

  /** Ours are whole sentences; those of the system's say only by their class what is wrong. */
  private static String reason(IOException e) {
    return e.getClass() == IOException.class ? String.valueOf(e.getMessage()) : e.toString();
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

  /** No new logins, then all devices are left at once, then the media are closed. */
  @Override
  public void close() {
    ledger.unregister();
    listeners.close();
    target.unbindAll();
    devices.close();
    target.close();
  }
}
