// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import java.util.Locale;

/**
 * What goes wrong on a link on purpose, with both directions alike; for tests.
 *
 * @param lossRate of RoCEv2 frames that vanish, 0..1
 * @param duplicateRate that come twice
 * @param reorderRate that let up to four later ones pass
 * @param corruptRate that lose a bit
 * @param seed of the choice
 */
public record Faults(
    double lossRate, double duplicateRate, double reorderRate, double corruptRate, long seed) {
  /** Nothing goes wrong. */
  public static final Faults NONE = new Faults(0, 0, 0, 0, 0);

  /** What a valid one looks like. */
  public static final String REMEDY =
      "give loss, duplicate, reorder and corrupt in percent, and a seed, for example"
          + " loss=5%,reorder=1%,seed=42";

  private static final double PERCENT = 100;

  /**
   * Reads {@code loss=5%,duplicate=1%,reorder=1%,corrupt=0.1%,seed=42}; what is not given is 0.
   *
   * @throws IllegalArgumentException that says what is wrong
   */
  public static Faults parse(String text) {
    double loss = 0;
    double duplicate = 0;
    double reorder = 0;
    double corrupt = 0;
    long seed = 0;
    for (String part : text.split(",", -1)) {
      int equals = part.indexOf('=');
      String key = equals < 0 ? part : part.substring(0, equals).strip();
      String value = equals < 0 ? "" : part.substring(equals + 1).strip();
      switch (key.strip().toLowerCase(Locale.ROOT)) {
        case "loss" -> loss = rate(part, value);
        case "duplicate" -> duplicate = rate(part, value);
        case "reorder" -> reorder = rate(part, value);
        case "corrupt" -> corrupt = rate(part, value);
        case "seed" -> seed = seed(part, value);
        default -> throw new IllegalArgumentException("with '" + part + "', which is no fault");
      }
    }
    return new Faults(loss, duplicate, reorder, corrupt, seed);
  }

  private static double rate(String part, String value) {
    double percent = -1;
    try {
      percent = Double.parseDouble(value.replaceFirst("%$", ""));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("with '" + part.strip() + "', which is no share", e);
    }
    if (!value.endsWith("%") || !(percent >= 0 && percent <= PERCENT)) {
      throw new IllegalArgumentException("with '" + part.strip() + "', which is not 0% to 100%");
    }
    return percent / PERCENT;
  }

  private static long seed(String part, String value) {
    try {
      return Long.parseLong(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("with '" + part.strip() + "', which is no number", e);
    }
  }

  /** Whether nothing goes wrong. */
  public boolean isNone() {
    return lossRate == 0 && duplicateRate == 0 && reorderRate == 0 && corruptRate == 0;
  }
}
