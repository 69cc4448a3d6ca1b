// SPDX-License-Identifier: Apache-2.0
package ib.transport.conformance;

import java.util.regex.Pattern;

/**
 * Loopback addresses of tests, the whole of 127/8 being ours. Those that tests name, 127.20.0.0 to
 * 127.31.255.255, are moved to where this process is likely alone, so that two checkouts can be
 * tested at once.
 */
public final class OwnNet {
  private static final Pattern NAMED = Pattern.compile("\\b127\\.(2[0-9]|3[01])\\.");
  private static final int FIRST = 32;
  private static final int RUNS = 192;
  private static final String OWN = "127." + (FIRST + ProcessHandle.current().pid() % RUNS) + ".";

  private OwnNet() {}

  /** Text with every address in it moved, also one that is cut short; moved ones stay. */
  public static String of(String text) {
    return NAMED.matcher(text).replaceAll(OWN);
  }
}
