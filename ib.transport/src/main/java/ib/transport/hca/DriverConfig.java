// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import ib.config.ConfigReader;
import ib.dma.IbDevice;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads a driver's configuration. Every refusal names the file (or, without one, the PID), the key,
 * and the remedy.
 */
public final class DriverConfig {
  /** Key: DS target of the reference to the port, e.g. {@code (ib.port=p0)}. */
  public static final String PORT_TARGET = "port.target";

  /**
   * Name of the reference to the shared default ops, in drivers that have one. Its target stands
   * among the properties of the component, but is not for the operator.
   */
  public static final String DEFAULT_OPS = "defaultOps";

  private static final String RANKING = "service.ranking";

  private final Map<String, ?> properties;
  private final ConfigReader in;

  /**
   * Begins to read.
   *
   * @param pid PID of the driver, names the configuration if there is no file
   * @param properties properties of the component
   * @param tuning keys of this driver beyond {@code ib.device} and {@code port.target}
   * @throws IllegalArgumentException if a key is not known, or the port is not named
   */
  public DriverConfig(String pid, Map<String, ?> properties, Collection<String> tuning) {
    this.properties = properties;
    List<String> known = new ArrayList<>(tuning);
    known.add(IbDevice.DEVICE);
    known.add(PORT_TARGET);
    this.in = new ConfigReader(pid, properties, known, DEFAULT_OPS);
    in.requiredText(PORT_TARGET, "name the port, e.g. \"(ib.port=p0)\"");
  }

  /**
   * Where the configuration comes from.
   *
   * @return file name, or PID
   */
  public String source() {
    return in.where();
  }

  /**
   * The device's name.
   *
   * @return value of {@code ib.device}
   */
  public String device() {
    return in.name(IbDevice.DEVICE, "name the device, e.g. \"mthca0\"");
  }

  /**
   * A number in a range.
   *
   * @param key key
   * @param defaultValue if it is not given
   * @param min smallest
   * @param max largest
   * @return the number
   */
  public int integer(String key, int defaultValue, int min, int max) {
    return in.integer(key, defaultValue, min, max);
  }

  /**
   * A number in a range, decimal or with 0x.
   *
   * @param key key
   * @param defaultValue if it is not given
   * @param min smallest
   * @param max largest
   * @return the number
   */
  public long number(String key, long defaultValue, long min, long max) {
    return in.number(key, defaultValue, min, max);
  }

  /**
   * A refusal that tells the value.
   *
   * @param key the key
   * @param why why its value does not do
   * @param remedy what to do
   * @return to be thrown
   */
  public IllegalArgumentException refuseValue(String key, String why, String remedy) {
    return in.refuseValue(key, why, remedy);
  }

  /**
   * What goes on to the services: ranking and file, if given.
   *
   * @param key {@code service.ranking} or {@link ConfigReader#FILE}
   * @return value or null
   */
  @Nullable Object passedOn(String key) {
    Object value = properties.get(key);
    if (key.equals(RANKING) && value != null && !(value instanceof Integer)) {
      return integer(RANKING, 0, Integer.MIN_VALUE, Integer.MAX_VALUE);
    }
    return value;
  }
}
