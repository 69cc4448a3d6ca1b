// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What the ends of a pingpong tell each other over TCP: {@code %04x:%06x:%06x:} and the GID as 32
 * hexadecimal digits, with a zero at the end ({@code libibverbs/examples/rc_pingpong.c}).
 *
 * @param lid 0 on Ethernet
 * @param qpn queue pair
 * @param psn first PSN that it sends
 * @param gid address of its port; null where the sender was given no GID index
 */
record PingPongAddress(int lid, int qpn, int psn, @Nullable InetAddress gid) {
  /** Length of a message, its zero included. */
  static final int BYTES = "0000:000000:000000:00000000000000000000000000000000".length() + 1;

  private static final int FIELDS = 4;
  private static final int GID_BYTES = 16;
  private static final int MAPPED_PREFIX = 12;

  byte[] toMessage() {
    byte[] raw = new byte[GID_BYTES];
    if (gid != null) {
      byte[] address = gid.getAddress();
      System.arraycopy(address, 0, raw, GID_BYTES - address.length, address.length);
      if (address.length < GID_BYTES) {
        raw[MAPPED_PREFIX - 2] = (byte) 0xFF;
        raw[MAPPED_PREFIX - 1] = (byte) 0xFF;
      }
    }
    String text =
        String.format(
            Locale.ROOT, "%04x:%06x:%06x:%s\0", lid, qpn, psn, HexFormat.of().formatHex(raw));
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  static PingPongAddress parse(byte[] message) throws ToolException {
    String text = new String(message, StandardCharsets.US_ASCII).replace("\0", "");
    String[] fields = text.split(":", -1);
    try {
      if (fields.length == FIELDS) {
        return new PingPongAddress(
            Integer.parseInt(fields[0], 16),
            Integer.parseInt(fields[1], 16),
            Integer.parseInt(fields[2], 16),
            gid(HexFormat.of().parseHex(fields[3])));
      }
    } catch (IllegalArgumentException | UnknownHostException e) {
      throw new ToolException("the peer sent \"" + text + "\", which is no pingpong address", e);
    }
    throw new ToolException("the peer sent \"" + text + "\", which is no pingpong address");
  }

  private static @Nullable InetAddress gid(byte[] raw) throws UnknownHostException {
    for (byte b : raw) {
      if (b != 0) {
        // A mapped IPv4 address becomes one of IPv4 again.
        return InetAddress.getByAddress(raw);
      }
    }
    return null;
  }

  /** The GID, which on Ethernet is needed. */
  InetAddress address() throws ToolException {
    if (gid == null) {
      throw new ToolException(
          "the peer gave no GID; start it with -g INDEX, the index of its RoCE v2 GID");
    }
    return gid;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "LID 0x%04x, QPN 0x%06x, PSN 0x%06x, GID %s",
        lid,
        qpn,
        psn,
        gid == null
            ? "::"
            : (gid.getAddress().length == 4 ? "::ffff:" : "") + gid.getHostAddress());
  }
}
