// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import java.net.InetAddress;

/** Arithmetic of rings and addresses. */
final class Rings {
  private static final long V4_MAPPED = 0xFFFF_0000_0000L;

  private Rings() {}

  static int powerOfTwo(int atLeast) {
    return atLeast <= 1 ? 1 : Integer.highestOneBit(atLeast - 1) << 1;
  }

  /** Upper half of the GID of an IP address. */
  static long gidHigh(InetAddress address) {
    byte[] bytes = address.getAddress();
    return bytes.length == 4 ? 0 : bigEndian(bytes, 0, 8);
  }

  /** Lower half of the GID of an IP address; IPv4 is mapped. */
  static long gidLow(InetAddress address) {
    byte[] bytes = address.getAddress();
    return bytes.length == 4 ? V4_MAPPED | bigEndian(bytes, 0, 4) : bigEndian(bytes, 8, 8);
  }

  private static long bigEndian(byte[] bytes, int from, int count) {
    long value = 0;
    for (int i = from; i < from + count; i++) {
      value = (value << 8) | (bytes[i] & 0xFF);
    }
    return value;
  }
}
