// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import ib.dma.DmaMemoryPool;
import ib.dma.IbDevice;
import ib.dma.IbDmaInterposer;
import ib.dma.debug.DmaDebug;
import ib.dma.debug.DmaMisuse;
import ib.dma.debug.DmaReport;
import java.util.Dictionary;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.ComponentException;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;

/**
 * Switches DMA debug by configuration {@value #PID} and by command: one interposer service for each
 * watched device, none for the others.
 */
@Component(service = DmaDebug.class, immediate = true, configurationPid = DebugControl.PID)
public final class DebugControl implements DmaDebug {
  static final String PID = "ib.core.dma.debug";

  /** Outside of fault injection and metrics: what these do to a user, debug sees as he does. */
  static final int RANKING = 1000;

  /** Stands for all devices, whatever their names. */
  static final String ALL = "*";

  /** Configuration. */
  @interface Config {
    /** Devices watched; {@code *} for all. Empty, the default, for none but those of the shell. */
    String[] devices() default {};

    /** Symbolic names of bundles whose mappings are checked; empty for all. */
    String[] owners() default {};

    /** True to report only the first of each class, device and owner. */
    boolean first_only() default false;

    /** False to let devices work on the memory itself: a missing sync is not seen then. */
    boolean shadow() default true;

    /** Live pieces of mappings watched in each attachment; those beyond are counted as dropped. */
    int mappings_max() default 65_536;

    /** MiB of copies in each attachment; memory beyond is used as it is, counted as dropped. */
    int shadow_max_mib() default 64;

    /** Reports kept. */
    int reports_max() default 256;
  }

  private final BiFunction<IbDmaInterposer, String, ServiceRegistration<?>> registry;
  private final DmaMemoryPool pool;
  private final Findings findings;
  private final Consumer<String> log;
  private final Consumer<String> complain;
  private final Set<String> commanded = new HashSet<>();
  private final Set<String> silencedByCommand = new HashSet<>();
  private final Map<String, ServiceRegistration<?>> running = new TreeMap<>();
  private Set<String> configured = Set.of();
  private DebugSettings settings = DebugSettings.DEFAULT;

  /**
   * Made by Declarative Services.
   *
   * @param context of core's bundle
   * @param pool where copies live
   * @param log where findings are told
   * @param config what to watch
   */
  @Activate
  public DebugControl(
      BundleContext context,
      @Reference DmaMemoryPool pool,
      @Reference(service = LoggerFactory.class) Logger log,
      Config config) {
    this(
        (interposer, device) ->
            context.registerService(IbDmaInterposer.class, interposer, properties(device)),
        pool,
        new Findings(line -> log.error("{}", line), System::nanoTime),
        line -> log.info("{}", line),
        line -> log.error("{}", line));
    modified(config);
  }

  DebugControl(
      BiFunction<IbDmaInterposer, String, ServiceRegistration<?>> registry,
      DmaMemoryPool pool,
      Findings findings,
      Consumer<String> log,
      Consumer<String> complain) {
    this.registry = registry;
    this.pool = pool;
    this.findings = findings;
    this.log = log;
    this.complain = complain;
  }

  private static Dictionary<String, Object> properties(String device) {
    return FrameworkUtil.asDictionary(
        device.equals(ALL)
            ? Map.of(Constants.SERVICE_RANKING, RANKING)
            : Map.of(Constants.SERVICE_RANKING, RANKING, IbDevice.DEVICE, device));
  }

  /** A wrong configuration is told and changes nothing: the operator's command must work. */
  @Modified
  synchronized void modified(Config config) {
    Set<String> devices;
    DebugSettings how;
    try {
      devices = new HashSet<>(List.of(config.devices()));
      how =
          new DebugSettings(
              new HashSet<>(List.of(config.owners())),
              config.first_only(),
              config.shadow(),
              config.mappings_max(),
              (long) config.shadow_max_mib() << 20,
              config.reports_max());
    } catch (IllegalArgumentException | ComponentException e) {
      complain.accept("the settings of " + PID + " are not changed: " + e.getMessage());
      return;
    }
    apply(devices, how);
  }

  /** A change of how to watch begins anew with those watched already. */
  synchronized void apply(Set<String> devices, DebugSettings how) {
    configured = Set.copyOf(devices);
    silencedByCommand.clear();
    if (!how.equals(settings)) {
      settings = how;
      stopAll();
    }
    follow();
  }

  private void follow() {
    Set<String> wanted = new HashSet<>(configured);
    wanted.addAll(commanded);
    wanted.removeAll(silencedByCommand);
    for (String device : List.copyOf(running.keySet())) {
      if (!wanted.contains(device)) {
        stop(device);
      }
    }
    for (String device : wanted) {
      if (!running.containsKey(device)) {
        DebugInterposer interposer = new DebugInterposer(pool, settings, findings);
        log.accept("DMA debug watches " + device);
        running.put(device, registry.apply(interposer, device));
      }
    }
  }

  private void stop(String device) {
    ServiceRegistration<?> registration = running.remove(device);
    if (registration != null) {
      registration.unregister();
      log.accept("DMA debug no longer watches " + device);
    }
  }

  private void stopAll() {
    List.copyOf(running.keySet()).forEach(this::stop);
  }

  /** Stops watching. */
  @Deactivate
  public synchronized void close() {
    stopAll();
  }

  @Override
  public synchronized void on(String device) {
    silencedByCommand.remove(device);
    commanded.add(device);
    follow();
  }

  @Override
  public synchronized void off(String device) {
    commanded.remove(device);
    if (configured.contains(device)) {
      silencedByCommand.add(device);
    } else if (!device.equals(ALL) && running.containsKey(ALL)) {
      throw new IllegalStateException(
          "all devices are watched; switch off " + ALL + " or change devices of " + PID);
    }
    follow();
  }

  @Override
  public synchronized boolean isOn(String device) {
    return running.containsKey(device) || running.containsKey(ALL);
  }

  @Override
  public List<DmaReport> reports() {
    return findings.reports();
  }

  @Override
  public long count(String device, DmaMisuse misuse) {
    return findings.count(device, misuse);
  }

  @Override
  public long total() {
    return findings.total();
  }

  @Override
  public long dropped() {
    return findings.dropped();
  }

  @Override
  public void clear() {
    findings.clear();
  }
}
