// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.format;

/**
 * Answer of a hypercall: the return code and up to four output registers.
 *
 * @param status code of {@link HcallStatus}
 * @param r4 first output
 * @param r5 second output
 * @param r6 third output
 * @param r7 fourth output
 */
public record HcallResult(int status, long r4, long r5, long r6, long r7) {
  /** An answer without outputs. */
  public static HcallResult of(int status) {
    return new HcallResult(status, 0, 0, 0, 0);
  }

  /** Success with outputs. */
  public static HcallResult success(long r4, long r5, long r6, long r7) {
    return new HcallResult(HcallStatus.H_SUCCESS, r4, r5, r6, r7);
  }
}
