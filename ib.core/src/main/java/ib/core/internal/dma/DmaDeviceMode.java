// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.dma.IbDevice;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;

/**
 * Factory configuration {@code ib.core.dma}: the mode of one device. A change takes effect at once:
 * the device is withdrawn, its users hold their I/O, and it is published again in the new mode.
 */
@Component(
    service = DmaDeviceMode.class,
    immediate = true,
    configurationPid = "ib.core.dma",
    configurationPolicy = ConfigurationPolicy.REQUIRE)
public final class DmaDeviceMode {
  private final DmaModes modes;
  private String device;
  private DmaSettings settings;

  /** One configuration. */
  @interface Config {
    /** Name of the device: key {@code ib.device}. */
    String ib_device() default "";

    /** The mode: key {@code mode}. */
    String mode() default "iommu-strict";

    /** Bus address of the pool's first byte: key {@code bus.base}; 0 has one chosen. */
    String bus_base() default "0";

    /** Size of the area of bounce slots: key {@code bounce.mib}. */
    int bounce_mib() default DmaSettings.BOUNCE_MIB;
  }

  /**
   * Made by Declarative Services.
   *
   * @param modes all modes
   * @param config this device's
   */
  @Activate
  public DmaDeviceMode(@Reference DmaModes modes, Config config) {
    this.modes = modes;
    this.device = device(config);
    this.settings = settings(config);
    modes.set(device, settings);
  }

  @Modified
  synchronized void modified(Config config) {
    DmaSettings next = settings(config);
    String name = device(config);
    if (!name.equals(device)) {
      modes.remove(device, settings);
    }
    device = name;
    settings = next;
    modes.set(name, next);
  }

  @Deactivate
  synchronized void deactivate() {
    modes.remove(device, settings);
  }

  private static String device(Config config) {
    if (config.ib_device().isBlank()) {
      throw new IllegalArgumentException(
          "configuration ib.core.dma without " + IbDevice.DEVICE + "; name the device");
    }
    return config.ib_device().strip();
  }

  private static DmaSettings settings(Config config) {
    try {
      return DmaSettings.parse(config.mode(), config.bus_base(), config.bounce_mib());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "configuration ib.core.dma of " + config.ib_device() + ": " + e.getMessage(), e);
    }
  }
}
