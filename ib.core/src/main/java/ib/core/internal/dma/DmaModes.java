// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.config.ConfigException;
import ib.config.ConfigReader;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;

/**
 * Which mode each device has: the default of configuration {@code ib.core}, and what {@link
 * DmaDeviceMode} says for one device. Thread-safe.
 */
@Component(service = DmaModes.class, immediate = true, configurationPid = "ib.core")
public final class DmaModes {
  /** Told which devices' settings changed; may block for as long as they take to be built anew. */
  @FunctionalInterface
  public interface Listener {
    /**
     * Settings changed.
     *
     * @param concerned true for the names of the devices
     */
    void changed(Predicate<String> concerned);
  }

  /** Key of {@code ib.core}: the mode of devices without a configuration of their own. */
  static final String MODE = "dma.mode";

  private static final String PID = "ib.core";

  /** The limit of memory is read by {@link HostMemoryPool}. */
  private static final List<String> KEYS = List.of(HostMemoryPool.LIMIT, MODE);

  private final Map<String, DmaSettings> devices = new ConcurrentHashMap<>();
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
  private volatile DmaSettings usual;

  private final @Nullable Logger log;

  /**
   * Made by Declarative Services. A wrong mode is told and leaves the strict one: core must work.
   *
   * @param properties configuration {@code ib.core}
   * @param log told of what is wrong
   */
  @Activate
  public DmaModes(
      Map<String, Object> properties, @Reference(service = LoggerFactory.class) Logger log) {
    this(log, DmaSettings.DEFAULT);
    modified(properties);
  }

  /**
   * Creates a set with a default.
   *
   * @param usual for devices without settings of their own
   */
  public DmaModes(DmaSettings usual) {
    this(null, usual);
  }

  private DmaModes(@Nullable Logger log, DmaSettings usual) {
    this.log = log;
    this.usual = usual;
  }

  @Modified
  void modified(Map<String, Object> properties) {
    try {
      setUsual(DmaSettings.of(mode(new ConfigReader(PID, properties, KEYS), MODE)));
    } catch (ConfigException e) {
      if (log != null) {
        log.error("the usual DMA mode stays {}: {}", usual.mode(), e.getMessage());
      }
    }
  }

  static DmaMode mode(ConfigReader in, String key) {
    return DmaMode.of(in.choice(key, DmaMode.IOMMU_STRICT.label(), DmaMode.labels()));
  }

  /**
   * Changes the default.
   *
   * @param settings for devices without settings of their own
   */
  public void setUsual(DmaSettings settings) {
    DmaSettings before = usual;
    usual = settings;
    if (!before.equals(settings)) {
      tell(name -> !devices.containsKey(name));
    }
  }

  /**
   * The settings of a device.
   *
   * @param device device name
   * @return its own, or the default
   */
  public DmaSettings of(String device) {
    return devices.getOrDefault(device, usual);
  }

  /**
   * Gives a device settings of its own.
   *
   * @param device device name
   * @param settings its settings
   */
  public void set(String device, DmaSettings settings) {
    DmaSettings before = devices.put(device, settings);
    if (!settings.equals(before == null ? usual : before)) {
      tell(device::equals);
    }
  }

  /**
   * Takes a device's own settings away, if they are still these.
   *
   * @param device device name
   * @param settings as set
   */
  public void remove(String device, DmaSettings settings) {
    if (devices.remove(device, settings) && !settings.equals(usual)) {
      tell(device::equals);
    }
  }

  /**
   * Begins to tell of changes.
   *
   * @param listener told in the thread that changes
   */
  public void add(Listener listener) {
    listeners.add(Objects.requireNonNull(listener));
  }

  /**
   * Ends it.
   *
   * @param listener as added
   */
  public void remove(Listener listener) {
    listeners.remove(listener);
  }

  private void tell(Predicate<String> concerned) {
    listeners.forEach(listener -> listener.changed(concerned));
  }
}
