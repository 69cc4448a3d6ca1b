// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of a command as {@code getopt_long} reads them: short options that may be joined
 * ({@code -vVC 10}), long ones with {@code =} or a blank, and the rest.
 */
final class Arguments {
  /** What a command takes, and what was given. */
  private record Option(String name, boolean hasValue) {}

  private static final int KIB = 1024;

  private final String usage;
  private final Map<String, Option> known = new HashMap<>();
  private final Map<String, String> given = new HashMap<>();
  private final List<String> rest = new ArrayList<>();

  /**
   * Begins.
   *
   * @param usage shown with every error
   */
  Arguments(String usage) {
    this.usage = usage;
  }

  /** Whether the usage is asked for, whatever else is: nothing is done then. */
  static boolean askForHelp(String... args) {
    return Arrays.asList(args).contains("--help");
  }

  /** An option without a value; the last of its spellings is its name. */
  Arguments flag(String... spellings) {
    return add(false, spellings);
  }

  /** An option with a value; the last of its spellings is its name. */
  Arguments value(String... spellings) {
    return add(true, spellings);
  }

  private Arguments add(boolean hasValue, String... spellings) {
    Option option = new Option(spellings[spellings.length - 1], hasValue);
    for (String spelling : spellings) {
      known.put(spelling, option);
    }
    return this;
  }

  /** Reads. */
  Arguments parse(String... args) throws ToolException {
    for (int i = 0; i < args.length; i++) {
      String arg = args[i];
      if (arg.startsWith("--")) {
        i += longOption(arg, args, i);
      } else if (arg.startsWith("-") && arg.length() > 1) {
        i += shortOptions(arg, args, i);
      } else {
        rest.add(arg);
      }
    }
    return this;
  }

  private int longOption(String arg, String[] args, int at) throws ToolException {
    int equals = arg.indexOf('=');
    Option option = find(equals < 0 ? arg : arg.substring(0, equals));
    if (equals >= 0) {
      if (!option.hasValue) {
        throw new ToolException(arg + ": " + option.name + " takes no value; " + usage);
      }
      given.put(option.name, arg.substring(equals + 1));
      return 0;
    }
    return take(option, args, at);
  }

  private int shortOptions(String arg, String[] args, int at) throws ToolException {
    for (int i = 1; i < arg.length(); i++) {
      Option option = find("-" + arg.charAt(i));
      if (option.hasValue && i + 1 < arg.length()) {
        given.put(option.name, arg.substring(i + 1));
        return 0;
      }
      int taken = take(option, args, at);
      if (option.hasValue) {
        return taken;
      }
    }
    return 0;
  }

  private int take(Option option, String[] args, int at) throws ToolException {
    if (!option.hasValue) {
      given.put(option.name, "");
      return 0;
    }
    if (at + 1 == args.length) {
      throw new ToolException(args[at] + " needs a value; " + usage);
    }
    given.put(option.name, args[at + 1]);
    return 1;
  }

  private Option find(String spelling) throws ToolException {
    Option option = known.get(spelling);
    if (option == null) {
      throw new ToolException("unknown option " + spelling + "; " + usage);
    }
    return option;
  }

  boolean has(String name) {
    return given.containsKey(name);
  }

  @Nullable String text(String name) {
    return given.get(name);
  }

  String text(String name, String otherwise) {
    return given.getOrDefault(name, otherwise);
  }

  /** A number in a range; decimal, or hexadecimal after {@code 0x}. */
  int number(String name, int otherwise, int min, int max) throws ToolException {
    String value = given.get(name);
    return value == null ? otherwise : number(name, value, value, 1, min, max);
  }

  /** The same of bytes, also in KiB with a K behind, and in MiB with an M. */
  int bytes(String name, int otherwise, int min, int max) throws ToolException {
    String value = given.get(name);
    if (value == null) {
      return otherwise;
    }
    int unit = value.endsWith("K") ? KIB : value.endsWith("M") ? KIB * KIB : 1;
    String digits = unit == 1 ? value : value.substring(0, value.length() - 1);
    return number(name, value, digits, unit, min, max);
  }

  private static int number(String name, String value, String digits, int unit, int min, int max)
      throws ToolException {
    try {
      long number = (long) unit * Integer.decode(digits);
      if (number >= min && number <= max) {
        return (int) number;
      }
    } catch (NumberFormatException e) {
      // Answered below, as a number out of range is.
    }
    throw new ToolException(name + " " + value + "; give a number, " + min + " to " + max);
  }

  @Nullable InetAddress address(String name) throws ToolException {
    String value = given.get(name);
    return value == null ? null : resolve(value);
  }

  static InetAddress resolve(String host) throws ToolException {
    try {
      return InetAddress.getByName(host);
    } catch (UnknownHostException e) {
      throw new ToolException(host + " is no address and no host that is known", e);
    }
  }

  /** What is no option. */
  List<String> rest() {
    return rest;
  }

  /** The one argument that is no option, or null; more are an error. */
  @Nullable String host() throws ToolException {
    if (rest.size() > 1) {
      throw new ToolException("one host at most, not " + rest + "; " + usage);
    }
    return rest.isEmpty() ? null : rest.getFirst();
  }
}
