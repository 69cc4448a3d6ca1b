// SPDX-License-Identifier: Apache-2.0
package ib.config;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the values of one configuration. A value that is blank counts as missing; blanks around a
 * value don't count.
 *
 * <p>What is wrong is told by a {@link ConfigException}. Keys that nobody knows are refused,
 * because a misspelt key is a setting that silently does not work. Not refused are keys that
 * Configuration Admin, Declarative Services and File Install put beside ours.
 */
public final class ConfigReader {
  /** Key that File Install adds: the file that a configuration was read from, as a URL. */
  public static final String FILE = "felix.fileinstall.filename";

  private static final List<String> FOREIGN =
      List.of("service.", "component.", "felix.", "osgi.", "objectClass", ".");

  /** What Declarative Services call the target of a reference without a name. */
  private static final Pattern UNNAMED_TARGET = Pattern.compile("\\$\\d+\\.target");

  private static final String TARGET = ".target";
  private static final String FILE_SCHEME = "file:";
  private static final String HEX_PREFIX = "0x";
  private static final int HEX = 16;

  private final Map<String, ?> properties;
  private final String where;

  /**
   * Begins to read.
   *
   * @param pid names the configuration if nothing else does
   * @param properties as a component gets them
   * @param keys keys that mean something here
   * @param references names of references with a target of their own, which Declarative Services
   *     add to the properties
   * @throws ConfigException if there are other keys
   */
  public ConfigReader(
      String pid, Map<String, ?> properties, Collection<String> keys, String... references) {
    this.properties = properties;
    this.where = where(pid, properties);
    Set<String> unknown = new TreeSet<>(properties.keySet());
    unknown.removeAll(Set.copyOf(keys));
    unknown.removeIf(key -> isForeign(key, references));
    if (!unknown.isEmpty()) {
      throw refuse(
          String.join("', '", unknown),
          unknown.size() == 1 ? "is not known" : "are not known",
          "remove it or use one of " + String.join(", ", new TreeSet<>(keys)));
    }
  }

  private static boolean isForeign(String key, String... references) {
    Predicate<String> isTarget = name -> key.equals(name + TARGET);
    return FOREIGN.stream().anyMatch(key::startsWith)
        || UNNAMED_TARGET.matcher(key).matches()
        || Arrays.stream(references).anyMatch(isTarget);
  }

  /**
   * Where a configuration stands.
   *
   * @param pid if the properties don't say
   * @param properties as a component gets them
   * @return its file, else its PID
   */
  public static String where(String pid, Map<String, ?> properties) {
    Object file = properties.get(FILE);
    if (file != null) {
      String name = file.toString();
      return name.startsWith(FILE_SCHEME) ? name.substring(FILE_SCHEME.length()) : name;
    }
    Object own = properties.get("service.pid");
    return "configuration " + (own != null ? own : pid);
  }

  /**
   * Where this configuration stands.
   *
   * @return file or PID
   */
  public String where() {
    return where;
  }

  /**
   * A refusal that tells the value.
   *
   * @param key the key
   * @param why why its value does not do
   * @param remedy what to do
   * @return to be thrown
   */
  public ConfigException refuseValue(String key, String why, String remedy) {
    return refuse(key, "is '" + text(key, "") + "', " + why, remedy);
  }

  /**
   * A refusal.
   *
   * @param key the key
   * @param what what is wrong with it
   * @param remedy what to do
   * @return to be thrown
   */
  public ConfigException refuse(String key, String what, String remedy) {
    return new ConfigException(where, key, what, remedy);
  }

  private @Nullable String given(String key) {
    Object value = properties.get(key);
    return value == null || value.toString().isBlank() ? null : value.toString().strip();
  }

  /**
   * Whether there is a value.
   *
   * @param key the key
   * @return whether it is given
   */
  public boolean has(String key) {
    return given(key) != null;
  }

  /**
   * Text.
   *
   * @param key the key
   * @param whenMissing if it is not given
   * @return the text
   */
  public String text(String key, String whenMissing) {
    String value = given(key);
    return value == null ? whenMissing : value;
  }

  /**
   * Text that has to be there.
   *
   * @param key the key
   * @param remedy what to do if it is not given
   * @return the text
   */
  public String requiredText(String key, String remedy) {
    String value = given(key);
    if (value == null) {
      throw refuse(key, "is missing", remedy);
    }
    return value;
  }

  /**
   * A name that can stand in filters, commands and file names.
   *
   * @param key the key
   * @param remedy what to do if it is not given
   * @return 1 to 64 letters, digits, '_' and '.'
   */
  public String name(String key, String remedy) {
    String name = requiredText(key, remedy);
    if (!name.matches("[A-Za-z0-9_.]{1,64}")) {
      throw refuseValue(key, "which is no name", "use 1 to 64 letters, digits, '_' and '.'");
    }
    return name;
  }

  /**
   * A list.
   *
   * @param key the key
   * @return the elements of an array or collection, a single value as one element, or nothing
   */
  public List<String> list(String key) {
    Object value = properties.get(key);
    return switch (value) {
      case null -> List.of();
      case Object[] array -> Arrays.stream(array).map(String::valueOf).toList();
      case Collection<?> many -> many.stream().map(String::valueOf).toList();
      default -> List.of(value.toString());
    };
  }

  /**
   * A whole number in a range, decimal or with 0x.
   *
   * @param key the key
   * @param whenMissing if it is not given
   * @param min smallest
   * @param max largest
   * @return the number
   */
  public int integer(String key, int whenMissing, int min, int max) {
    return (int) number(key, whenMissing, min, max);
  }

  /**
   * A whole number in a range, decimal or with 0x.
   *
   * @param key the key
   * @param whenMissing if it is not given
   * @param min smallest
   * @param max largest
   * @return the number
   */
  public long number(String key, long whenMissing, long min, long max) {
    String value = given(key);
    if (value == null) {
      return whenMissing;
    }
    String remedy = "give " + min + " to " + max;
    long number;
    try {
      number =
          value.regionMatches(true, 0, HEX_PREFIX, 0, HEX_PREFIX.length())
              ? Long.parseUnsignedLong(value.substring(HEX_PREFIX.length()), HEX)
              : Long.parseLong(value);
    } catch (NumberFormatException e) {
      throw refuseValue(key, "not a whole number", remedy + ", decimal or with 0x");
    }
    if (number < min || number > max) {
      throw refuseValue(key, "out of range", remedy);
    }
    return number;
  }

  /**
   * True or false.
   *
   * @param key the key
   * @param whenMissing if it is not given
   * @return the flag
   */
  public boolean flag(String key, boolean whenMissing) {
    return choice(key, Boolean.toString(whenMissing), "true", "false").equals("true");
  }

  /**
   * One of some words.
   *
   * @param key the key
   * @param whenMissing if it is not given
   * @param choices the words
   * @return one of them
   */
  public String choice(String key, String whenMissing, String... choices) {
    String value = text(key, whenMissing);
    if (!Arrays.asList(choices).contains(value)) {
      throw refuseValue(key, "which is no choice", "give one of " + String.join(", ", choices));
    }
    return value;
  }

  /**
   * Hexadecimal digits that have to be there; colons between them and 0x before don't count.
   *
   * @param key the key
   * @param digits how many
   * @return lower case digits
   */
  public String hex(String key, int digits) {
    return hex(key, requiredText(key, "give " + digits + " hex digits"), digits);
  }

  /**
   * Hexadecimal digits out of a list; colons between them and 0x before don't count.
   *
   * @param key the key of the list
   * @param element its element
   * @param digits how many
   * @return lower case digits
   */
  public String hex(String key, String element, int digits) {
    String plain = element.strip().replaceFirst("^0[xX]", "").replace(":", "");
    if (plain.length() != digits || !plain.chars().allMatch(HexFormat::isHexDigit)) {
      throw refuse(key, "is '" + element + "'", "give " + digits + " hex digits");
    }
    return plain.toLowerCase(Locale.ROOT);
  }

  /**
   * An IP address that has to be there. Names are not looked up, since that can block for long.
   *
   * @param key the key
   * @param remedy what to do if it is not given
   * @return the address
   */
  public InetAddress address(String key, String remedy) {
    String value = requiredText(key, remedy);
    try {
      return InetAddress.ofLiteral(value);
    } catch (IllegalArgumentException e) {
      throw refuseValue(
          key, "which is no IP address", "give an IP address in numbers, as 192.0.2.1, not a name");
    }
  }
}
