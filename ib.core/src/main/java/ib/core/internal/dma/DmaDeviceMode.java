// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.config.ConfigException;
import ib.config.ConfigReader;
import ib.dma.IbDevice;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;

/**
 * Factory configuration {@code ib.core.dma}: the mode of one device. A change takes effect at once:
 * the device is withdrawn, its users hold their I/O, and it is published again in the new mode. A
 * wrong configuration is told and changes nothing.
 *
 * <p>Keys: {@code ib.device}; {@code mode}; {@code bus.base}, the bus address of the pool's first
 * byte, 0 to have one chosen; {@code bounce.mib}, the size of the area of bounce slots.
 */
@Component(
    service = DmaDeviceMode.class,
    immediate = true,
    configurationPid = DmaDeviceMode.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
public final class DmaDeviceMode {
  static final String PID = "ib.core.dma";

  private static final String MODE = "mode";
  private static final String BUS_BASE = "bus.base";
  private static final String BOUNCE_MIB = "bounce.mib";

  private final DmaModes modes;
  private final Logger log;
  private @Nullable String device;
  private @Nullable DmaSettings settings;

  /** Made by Declarative Services. */
  @Activate
  public DmaDeviceMode(
      @Reference DmaModes modes,
      @Reference(service = LoggerFactory.class) Logger log,
      Map<String, Object> properties) {
    this.modes = modes;
    this.log = log;
    modified(properties);
  }

  @Modified
  synchronized void modified(Map<String, Object> properties) {
    ConfigReader in;
    String name;
    DmaSettings next;
    try {
      in = new ConfigReader(PID, properties, List.of(IbDevice.DEVICE, MODE, BUS_BASE, BOUNCE_MIB));
      name = in.requiredText(IbDevice.DEVICE, "name the device, e.g. mthca0");
      next = settings(in);
    } catch (ConfigException e) {
      log.error("the DMA mode of a device is not changed: {}", e.getMessage());
      return;
    }
    if (!name.equals(device)) {
      forget();
    }
    device = name;
    settings = next;
    modes.set(name, next);
  }

  private static DmaSettings settings(ConfigReader in) {
    String base = in.text(BUS_BASE, "0");
    int bounceMib = in.integer(BOUNCE_MIB, DmaSettings.BOUNCE_MIB, 1, DmaSettings.MAX_BOUNCE_MIB);
    try {
      return DmaSettings.parse(DmaModes.mode(in, MODE).label(), base, bounceMib);
    } catch (ConfigException e) {
      throw e;
    } catch (IllegalArgumentException e) {
      throw in.refuse(BOUNCE_MIB + " or " + BUS_BASE, "is wrong", String.valueOf(e.getMessage()));
    }
  }

  private void forget() {
    String name = device;
    DmaSettings set = settings;
    if (name != null && set != null) {
      modes.remove(name, set);
    }
  }

  @Deactivate
  synchronized void deactivate() {
    forget();
  }
}
