// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import ib.dma.IbDevice;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
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

  /** Key: the file a configuration was read from, set by File Install. */
  public static final String FILE = "felix.fileinstall.filename";

  private static final String RANKING = "service.ranking";
  private static final Set<String> FOREIGN_PREFIXES =
      Set.of("service.", "component.", "felix.fileinstall.", "osgi.ds.", "config.factory.");

  private final Map<String, ?> properties;
  private final String source;

  /**
   * Begins to read.
   *
   * @param pid PID of the driver, names the configuration if there is no file
   * @param properties properties of the component
   * @param tuning keys of this driver beyond {@code ib.device} and {@code port.target}
   * @throws IllegalArgumentException if a key is not known
   */
  public DriverConfig(String pid, Map<String, ?> properties, Collection<String> tuning) {
    this.properties = properties;
    Object file = properties.get(FILE);
    this.source = file != null ? file.toString() : pid + " " + properties.get("service.pid");
    Set<String> known = new TreeSet<>(tuning);
    known.add(IbDevice.DEVICE);
    known.add(PORT_TARGET);
    for (String key : properties.keySet()) {
      if (!known.contains(key)
          && !key.equals(DEFAULT_OPS + ".target")
          && FOREIGN_PREFIXES.stream().noneMatch(key::startsWith)) {
        throw refuse(key, "is not known here", "use one of " + known);
      }
    }
    if (!properties.containsKey(PORT_TARGET)) {
      throw refuse(PORT_TARGET, "is missing", "name the port, e.g. \"(ib.port=p0)\"");
    }
  }

  /**
   * Where the configuration comes from.
   *
   * @return file name, or PID
   */
  public String source() {
    return source;
  }

  /**
   * The device's name.
   *
   * @return value of {@code ib.device}
   */
  public String device() {
    Object value = properties.get(IbDevice.DEVICE);
    if (value == null) {
      throw refuse(IbDevice.DEVICE, "is missing", "name the device, e.g. \"mthca0\"");
    }
    String name = value.toString();
    if (!name.matches("[A-Za-z0-9_.]{1,64}")) {
      throw refuse(IbDevice.DEVICE, "is \"" + name + "\"", "use 1 to 64 letters, digits, _ or .");
    }
    return name;
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
    long value = number(key, defaultValue);
    if (value < min || value > max) {
      throw refuse(key, "is " + value, "give " + min + " to " + max);
    }
    return (int) value;
  }

  /**
   * A number, decimal or with 0x.
   *
   * @param key key
   * @param defaultValue if it is not given
   * @return the number
   */
  public long number(String key, long defaultValue) {
    Object value = properties.get(key);
    if (value == null) {
      return defaultValue;
    }
    try {
      return value instanceof Number n ? n.longValue() : Long.decode(value.toString().strip());
    } catch (NumberFormatException e) {
      throw refuse(key, "is \"" + value + "\"", "give a whole number, decimal or with 0x");
    }
  }

  /**
   * A refusal.
   *
   * @param key the key
   * @param wrong what is wrong with it
   * @param remedy what to do
   * @return to be thrown
   */
  public IllegalArgumentException refuse(String key, String wrong, String remedy) {
    return new IllegalArgumentException(source + ": " + key + " " + wrong + "; " + remedy);
  }

  /**
   * What goes on to the services: ranking and file, if given.
   *
   * @param key {@code service.ranking} or {@link #FILE}
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
