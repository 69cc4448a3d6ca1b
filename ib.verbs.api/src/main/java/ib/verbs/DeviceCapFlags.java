// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import java.util.StringJoiner;

/**
 * Bits of {@link DeviceCapabilities#deviceCapFlags} ({@code enum ibv_device_cap_flags}, same
 * numbers), as far as devices here have them.
 */
public final class DeviceCapFlags {
  /** Counts packets with a wrong P_Key. */
  public static final int BAD_PKEY_CNTR = 1 << 1;

  /** Counts packets with a wrong Q_Key. */
  public static final int BAD_QKEY_CNTR = 1 << 2;

  /** Tells by an event when the port comes up. */
  public static final int PORT_ACTIVE_EVENT = 1 << 10;

  /** Sends RNR NAKs on reliable connections. */
  public static final int RC_RNR_NAK_GEN = 1 << 12;

  /** Memory windows. */
  public static final int MEM_WINDOW = 1 << 17;

  /** Fast registration, local invalidation and SEND with invalidate as work requests. */
  public static final int MEM_MGT_EXTENSIONS = 1 << 21;

  /** Memory windows of type 2B. */
  public static final int MEM_WINDOW_TYPE_2B = 1 << 24;

  private DeviceCapFlags() {}

  /**
   * Names of the bits that are set, for people.
   *
   * @param flags bits
   * @return names separated by blanks; empty for none
   */
  public static String describe(int flags) {
    StringJoiner names = new StringJoiner(" ");
    add(names, flags, BAD_PKEY_CNTR, "BAD_PKEY_CNTR");
    add(names, flags, BAD_QKEY_CNTR, "BAD_QKEY_CNTR");
    add(names, flags, PORT_ACTIVE_EVENT, "PORT_ACTIVE_EVENT");
    add(names, flags, RC_RNR_NAK_GEN, "RC_RNR_NAK_GEN");
    add(names, flags, MEM_WINDOW, "MEM_WINDOW");
    add(names, flags, MEM_MGT_EXTENSIONS, "MEM_MGT_EXTENSIONS");
    add(names, flags, MEM_WINDOW_TYPE_2B, "MEM_WINDOW_TYPE_2B");
    return names.toString();
  }

  private static void add(StringJoiner names, int flags, int bit, String name) {
    if ((flags & bit) != 0) {
      names.add(name);
    }
  }
}
