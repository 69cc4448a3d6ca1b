// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

/**
 * Path MTU: payload bytes per packet and their codes 1..5 (specification 9.3 and 12.6.5, {@code
 * ib_mtu}).
 */
public final class PathMtu {
  /** Code of 256 bytes. */
  public static final int MTU_256 = 1;

  /** Code of 512 bytes. */
  public static final int MTU_512 = 2;

  /** Code of 1024 bytes. */
  public static final int MTU_1024 = 3;

  /** Code of 2048 bytes. */
  public static final int MTU_2048 = 4;

  /** Code of 4096 bytes. */
  public static final int MTU_4096 = 5;

  /**
   * What a RoCEv2 packet needs beside its payload: IPv6, UDP, BTH, the longest extended headers of
   * a packet with payload (RETH and immediate data), ICRC.
   */
  public static final int OVERHEAD_BYTES = 84;

  private PathMtu() {}

  /** Whether a code is one of 1..5. */
  public static boolean isValidCode(int code) {
    return code >= MTU_256 && code <= MTU_4096;
  }

  /**
   * Payload bytes of a code.
   *
   * @throws IllegalArgumentException if the code is not 1..5
   */
  public static int bytes(int code) {
    if (!isValidCode(code)) {
      throw new IllegalArgumentException("path MTU code " + code + ": use 1..5 (256..4096 bytes)");
    }
    return 128 << code;
  }

  /**
   * The code of a number of bytes.
   *
   * @throws IllegalArgumentException if it is not 256, 512, 1024, 2048 or 4096
   */
  public static int code(int bytes) {
    int code = Integer.numberOfTrailingZeros(bytes) - 7;
    if (!isValidCode(code) || bytes != 128 << code) {
      throw new IllegalArgumentException(
          "path MTU " + bytes + ": use 256, 512, 1024, 2048 or 4096 bytes");
    }
    return code;
  }

  /**
   * The code of the largest path MTU that an interface carries, or 0 where not even 256 bytes fit.
   *
   * @param linkMtu the interface's IP MTU in bytes
   */
  public static int codeForLinkMtu(int linkMtu) {
    int code = MTU_4096;
    while (code >= MTU_256 && bytes(code) + OVERHEAD_BYTES > linkMtu) {
      code--;
    }
    return code;
  }
}
