// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.decode;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HexFormat;

/** How addresses and bytes are printed. */
final class Names {
  private Names() {}

  /** An IP address of 4 or 16 bytes. */
  static String address(byte[] bytes) {
    try {
      return InetAddress.getByAddress(bytes).getHostAddress();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("an address of " + bytes.length + " bytes", e);
    }
  }

  /** Bytes in hexadecimal. */
  static String hex(MemorySegment seg, long off, long length) {
    return HexFormat.of().formatHex(seg.asSlice(off, length).toArray(ValueLayout.JAVA_BYTE));
  }
}
