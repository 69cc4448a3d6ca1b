// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import java.util.StringJoiner;

/**
 * Bits of {@link DeviceCapabilities#deviceCapFlags} ({@code enum ibv_device_cap_flags}, same
 * numbers), as far as devices here have them.
 */
public final class DeviceCapFlags {
  /** Counts packets with a wrong P_Key. */
  public static final long BAD_PKEY_CNTR = 1L << 1;

  /** Counts packets with a wrong Q_Key. */
  public static final long BAD_QKEY_CNTR = 1L << 2;

  /** Tells by an event when the port comes up. */
  public static final long PORT_ACTIVE_EVENT = 1L << 10;

  /** Sends RNR NAKs on reliable connections. */
  public static final long RC_RNR_NAK_GEN = 1L << 12;

  /** The size of a shared receive queue can be changed. */
  public static final long SRQ_RESIZE = 1L << 13;

  /** Memory windows. */
  public static final long MEM_WINDOW = 1L << 17;

  /** Fast registration, local invalidation and SEND with invalidate as work requests. */
  public static final long MEM_MGT_EXTENSIONS = 1L << 21;

  /** Memory windows of type 2B. */
  public static final long MEM_WINDOW_TYPE_2B = 1L << 24;

  /** FLUSH with placement type global visibility. */
  public static final long FLUSH_GLOBAL = 1L << 38;

  /** FLUSH with placement type persistence. */
  public static final long FLUSH_PERSISTENT = 1L << 39;

  /** ATOMIC WRITE. */
  public static final long ATOMIC_WRITE = 1L << 40;

  private DeviceCapFlags() {}

  /**
   * Names of the bits that are set, for people.
   *
   * @param flags bits
   * @return names separated by blanks; empty for none
   */
  public static String describe(long flags) {
    StringJoiner names = new StringJoiner(" ");
    add(names, flags, BAD_PKEY_CNTR, "BAD_PKEY_CNTR");
    add(names, flags, BAD_QKEY_CNTR, "BAD_QKEY_CNTR");
    add(names, flags, PORT_ACTIVE_EVENT, "PORT_ACTIVE_EVENT");
    add(names, flags, RC_RNR_NAK_GEN, "RC_RNR_NAK_GEN");
    add(names, flags, SRQ_RESIZE, "SRQ_RESIZE");
    add(names, flags, MEM_WINDOW, "MEM_WINDOW");
    add(names, flags, MEM_MGT_EXTENSIONS, "MEM_MGT_EXTENSIONS");
    add(names, flags, MEM_WINDOW_TYPE_2B, "MEM_WINDOW_TYPE_2B");
    add(names, flags, FLUSH_GLOBAL, "FLUSH_GLOBAL");
    add(names, flags, FLUSH_PERSISTENT, "FLUSH_PERSISTENT");
    add(names, flags, ATOMIC_WRITE, "ATOMIC_WRITE");
    return names.toString();
  }

  private static void add(StringJoiner names, long flags, long bit, String name) {
    if ((flags & bit) != 0) {
      names.add(name);
    }
  }
}
