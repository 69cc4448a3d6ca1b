// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import java.util.Set;

/**
 * How to watch.
 *
 * @param owners bundles whose mappings are checked; empty for all
 * @param firstOnly true to report only the first of each class, device and owner; all are counted
 * @param shadow true to let the device work on copies of what it writes
 * @param maxMappings live mapped pieces watched in each attachment
 * @param maxShadowBytes bytes of copies in each attachment
 * @param maxReports reports kept
 */
record DebugSettings(
    Set<String> owners,
    boolean firstOnly,
    boolean shadow,
    int maxMappings,
    long maxShadowBytes,
    int maxReports) {
  static final DebugSettings DEFAULT =
      new DebugSettings(Set.of(), false, true, 1 << 16, 64L << 20, 256);

  DebugSettings {
    owners = Set.copyOf(owners);
    atLeastOne(maxMappings, "mappings.max");
    atLeastOne(maxShadowBytes, "shadow.max.mib");
    atLeastOne(maxReports, "reports.max");
  }

  private static void atLeastOne(long value, String key) {
    if (value < 1) {
      throw new IllegalArgumentException(
          key + " = " + value + " of " + DebugControl.PID + "; give 1 or more");
    }
  }

  boolean concerns(String owner) {
    return owners.isEmpty() || owners.contains(owner);
  }
}
