// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import ib.config.ConfigReader;
import ib.core.internal.attach.Pairing.DeviceEntry;
import ib.core.internal.attach.Pairing.OpsEntry;
import ib.core.internal.dma.DmaModes;
import ib.dma.IbDevice;
import ib.dma.IbDmaInterposer;
import ib.dma.IbDmaOps;
import ib.dma.metrics.DmaDeviceMetrics;
import ib.dma.metrics.DmaMetrics;
import ib.verbs.DetachRecord;
import ib.verbs.DeviceInventory;
import ib.verbs.DeviceStatus;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;
import org.osgi.util.tracker.ServiceTracker;
import org.osgi.util.tracker.ServiceTrackerCustomizer;

/**
 * Follows devices, ops and interposers in the service registry.
 *
 * <p>Trackers, not component references: a driver's services are to be let go in the very thread
 * that takes them away, before they are gone, and which of several is used is core's decision, not
 * that of a ranking.
 */
@Component(
    service = {DeviceInventory.class, DmaMetrics.class},
    immediate = true)
public final class DeviceTracker implements DeviceInventory, DmaMetrics {
  private static final long TICK_MS = 500;

  private final BundleContext context;
  private final DmaModes modes;
  private final DmaModes.Listener modesChanged = this::modesChanged;
  private final Attachments attachments;
  private final Interposers interposers = new Interposers();

  /** Never shut down, as devices may still be closing when core has stopped; ends when idle. */
  private final Executor executor =
      new ThreadPoolExecutor(
          0,
          Integer.MAX_VALUE,
          1,
          TimeUnit.SECONDS,
          new SynchronousQueue<>(),
          Thread.ofPlatform().daemon().name("ib.core-", 0).factory());

  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("ib.core clock").factory());
  private final ServiceTracker<IbDmaInterposer, IbDmaInterposer> interposerTracker;
  private final ServiceTracker<IbDmaOps, OpsEntry> opsTracker;
  private final ServiceTracker<IbDevice, DeviceHolder> deviceTracker;
  private volatile boolean following;

  /**
   * Begins to follow.
   *
   * @param context of core's bundle
   * @param modes how devices map; a change builds those concerned anew
   * @param log where decisions are told
   */
  @Activate
  public DeviceTracker(
      BundleContext context,
      @Reference DmaModes modes,
      @Reference(service = LoggerFactory.class) Logger log) {
    this(context, modes, new LogReporter(log), Deadlines.DEFAULT);
  }

  DeviceTracker(BundleContext context, DmaModes modes, Reporter reporter, Deadlines deadlines) {
    this.context = context;
    this.modes = modes;
    Host host = new Host(deadlines, reporter, new ServicePublisher(context), executor);
    this.attachments = new Attachments(host, interposers::of);
    this.interposerTracker =
        new ServiceTracker<>(context, IbDmaInterposer.class, new InterposerCustomizer());
    this.opsTracker =
        new ServiceTracker<>(context, keyed(context, IbDmaOps.class), new OpsCustomizer());
    this.deviceTracker =
        new ServiceTracker<>(context, keyed(context, IbDevice.class), new DeviceCustomizer());
    modes.add(modesChanged);
    interposerTracker.open();
    following = true;
    opsTracker.open();
    deviceTracker.open();
    var _ =
        clock.scheduleWithFixedDelay(attachments::tick, TICK_MS, TICK_MS, TimeUnit.MILLISECONDS);
  }

  private static org.osgi.framework.Filter keyed(BundleContext context, Class<?> type) {
    try {
      return context.createFilter(
          "(&(" + Constants.OBJECTCLASS + "=" + type.getName() + ")(" + IbDevice.DEVICE + "=*))");
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Takes all devices away. */
  @Deactivate
  public void close() {
    clock.shutdownNow();
    modes.remove(modesChanged);
    following = false;
    attachments.close();
    deviceTracker.close();
    opsTracker.close();
    interposerTracker.close();
  }

  private void modesChanged(Predicate<String> concerned) {
    if (following) {
      attachments.interposersChanged(concerned);
    }
  }

  private static long id(ServiceReference<?> reference) {
    return (Long) reference.getProperty(Constants.SERVICE_ID);
  }

  /** Ops and device go one after the other; with the first of them, all of the bundle goes. */
  private void leaving(ServiceReference<?> reference) {
    Bundle bundle = reference.getBundle();
    if (bundle != null && bundle.getState() == Bundle.STOPPING) {
      attachments.bundleLeaves(bundle.getBundleId());
    }
  }

  // ---- devices

  /** A tracked device; what is known of it changes with its service's properties. */
  private static final class DeviceHolder {
    private volatile DeviceEntry entry;

    DeviceHolder(DeviceEntry entry) {
      this.entry = entry;
    }
  }

  private final class DeviceCustomizer implements ServiceTrackerCustomizer<IbDevice, DeviceHolder> {
    @Override
    public @Nullable DeviceHolder addingService(ServiceReference<IbDevice> reference) {
      IbDevice device = context.getService(reference);
      if (device == null) {
        return null;
      }
      DeviceEntry entry = entry(reference, device);
      attachments.pairing().add(entry);
      return new DeviceHolder(entry);
    }

    private DeviceEntry entry(ServiceReference<IbDevice> reference, IbDevice device) {
      Bundle bundle = reference.getBundle();
      Driver driver =
          new Driver(
              bundle.getBundleId(), String.valueOf(bundle.getSymbolicName()), bundle.getVersion());
      Object ranking = reference.getProperty(Constants.SERVICE_RANKING);
      return new DeviceEntry(
          id(reference), driver, device, ranking instanceof Integer r ? r : 0, origin(reference));
    }

    @Override
    public void modifiedService(ServiceReference<IbDevice> reference, DeviceHolder holder) {
      DeviceEntry before = holder.entry;
      DeviceEntry after = entry(reference, before.device());
      holder.entry = after;
      attachments.pairing().replace(before, after);
    }

    @Override
    public void removedService(ServiceReference<IbDevice> reference, DeviceHolder holder) {
      leaving(reference);
      attachments.pairing().remove(holder.entry);
      context.ungetService(reference);
    }
  }

  /** Where an operator finds a service's configuration. */
  private static String origin(ServiceReference<?> reference) {
    return ConfigReader.where(
        "of service " + id(reference), FrameworkUtil.asMap(reference.getProperties()));
  }

  // ---- ops

  private final class OpsCustomizer implements ServiceTrackerCustomizer<IbDmaOps, OpsEntry> {
    @Override
    public @Nullable OpsEntry addingService(ServiceReference<IbDmaOps> reference) {
      IbDmaOps ops = context.getService(reference);
      Bundle bundle = reference.getBundle();
      if (ops == null || bundle == null) {
        return null;
      }
      String name = String.valueOf(reference.getProperty(IbDevice.DEVICE));
      OpsEntry entry = new OpsEntry(id(reference), bundle.getBundleId(), name, ops);
      attachments.pairing().add(entry);
      return entry;
    }

    @Override
    public void modifiedService(ServiceReference<IbDmaOps> reference, OpsEntry entry) {
      if (!entry.name().equals(reference.getProperty(IbDevice.DEVICE))) {
        attachments.pairing().remove(entry);
      }
    }

    @Override
    public void removedService(ServiceReference<IbDmaOps> reference, OpsEntry entry) {
      leaving(reference);
      attachments.pairing().remove(entry);
      context.ungetService(reference);
    }
  }

  // ---- interposers

  private final class InterposerCustomizer
      implements ServiceTrackerCustomizer<IbDmaInterposer, IbDmaInterposer> {
    @Override
    public @Nullable IbDmaInterposer addingService(ServiceReference<IbDmaInterposer> reference) {
      IbDmaInterposer interposer = context.getService(reference);
      if (interposer != null) {
        interposers.add(reference, interposer);
        changed(reference);
      }
      return interposer;
    }

    @Override
    public void modifiedService(
        ServiceReference<IbDmaInterposer> reference, IbDmaInterposer interposer) {
      interposers.remove(reference);
      interposers.add(reference, interposer);
      attachments.interposersChanged(name -> true);
    }

    @Override
    public void removedService(
        ServiceReference<IbDmaInterposer> reference, IbDmaInterposer interposer) {
      interposers.remove(reference);
      changed(reference);
      context.ungetService(reference);
    }

    private void changed(ServiceReference<IbDmaInterposer> reference) {
      if (following) {
        attachments.interposersChanged(name -> Interposers.concerns(reference, name));
      }
    }
  }

  // ---- inventory

  @Override
  public List<DeviceStatus> devices() {
    return attachments.devices();
  }

  @Override
  public List<DmaDeviceMetrics> attachments() {
    return attachments.metrics();
  }

  @Override
  public List<DetachRecord> detaches() {
    return attachments.detaches();
  }

  @Override
  public long detachCount() {
    return attachments.detachCount();
  }

  @Override
  public long leftOverTotal() {
    return attachments.leftOverTotal();
  }
}
