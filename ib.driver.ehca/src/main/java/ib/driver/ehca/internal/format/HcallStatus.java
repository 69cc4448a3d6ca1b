// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.format;

/** Return codes of hypercalls, with the values of Linux's {@code asm/hvcall.h}. */
public final class HcallStatus {
  /** Done. */
  public static final int H_SUCCESS = 0;

  /** Try again. */
  public static final int H_BUSY = 1;

  /** Page registered, more to come. */
  public static final int H_PAGE_REGISTERED = 15;

  /** Try again after about 1 ms; the next codes mean 10 ms, 100 ms, 1 s, 10 s, 100 s. */
  public static final int H_LONG_BUSY_1_MS = 9900;

  /** Last of the long-busy codes. */
  public static final int H_LONG_BUSY_100_S = 9905;

  /** The hardware failed: a block could not be reached through the bus. */
  public static final int H_HARDWARE = -1;

  /** No such hypercall. */
  public static final int H_FUNCTION = -2;

  /** A parameter is wrong. */
  public static final int H_PARAMETER = -4;

  /** No resource left, or it is in use. */
  public static final int H_RESOURCE = -16;

  /** A resource is in a state that does not admit it. */
  public static final int H_R_STATE = -60;

  private HcallStatus() {}

  /** Whether a code asks to wait and try again. */
  public static boolean isLongBusy(int status) {
    return status >= H_LONG_BUSY_1_MS && status <= H_LONG_BUSY_100_S;
  }

  /** How long a long-busy code asks to wait. */
  public static long waitMs(int status) {
    long ms = 1;
    for (int code = H_LONG_BUSY_1_MS; code < status; code++) {
      ms *= 10;
    }
    return ms;
  }

  /** Name of a code, for messages. */
  public static String name(int status) {
    if (isLongBusy(status)) {
      return "H_LONG_BUSY (" + waitMs(status) + " ms)";
    }
    return switch (status) {
      case H_SUCCESS -> "H_SUCCESS";
      case H_BUSY -> "H_BUSY";
      case H_PAGE_REGISTERED -> "H_PAGE_REGISTERED";
      case H_HARDWARE -> "H_HARDWARE";
      case H_FUNCTION -> "H_FUNCTION";
      case H_PARAMETER -> "H_PARAMETER";
      case H_RESOURCE -> "H_RESOURCE";
      case H_R_STATE -> "H_R_STATE";
      default -> "hypercall status " + status;
    };
  }
}
