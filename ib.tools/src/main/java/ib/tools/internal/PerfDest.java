// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What the ends of a perftest tell each other in each handshake: over TCP 108 characters ({@code
 * KEY_PRINT_FMT_GID} of {@code perftest_communication.h}), over a queue pair a struct ({@code
 * struct pingpong_dest} of {@code perftest_resources.h}, its fields big-endian).
 *
 * @param outReads READs and atomics that its sender takes at a time
 * @param qpn queue pair
 * @param psn first PSN that it sends
 * @param rkey of its memory
 * @param address of its memory
 * @param gid address of its port
 */
record PerfDest(int outReads, int qpn, int psn, int rkey, long address, InetAddress gid) {
  /** Length of the message over TCP, its zero included. */
  static final int BYTES = 108;

  /** Length of the struct: what comes after the address is SRQ number and GID index. */
  static final int STRUCT_BYTES = 56;

  private static final int GID_BYTES = 16;
  private static final int MAPPED_FROM = 10;
  private static final int FIELDS = 6 + GID_BYTES + 1;
  private static final int GID_FIELD = 6;

  private static byte[] raw(InetAddress address) {
    byte[] bytes = address.getAddress();
    byte[] raw = new byte[GID_BYTES];
    System.arraycopy(bytes, 0, raw, GID_BYTES - bytes.length, bytes.length);
    if (bytes.length < GID_BYTES) {
      raw[MAPPED_FROM] = (byte) 0xFF;
      raw[MAPPED_FROM + 1] = (byte) 0xFF;
    }
    return raw;
  }

  byte[] toMessage() {
    StringBuilder text = new StringBuilder(BYTES);
    text.append(
        String.format(
            Locale.ROOT, "%04x:%04x:%06x:%06x:%08x:%016x:", 0, outReads, qpn, psn, rkey, address));
    for (byte b : raw(gid)) {
      text.append(String.format(Locale.ROOT, "%02x:", b & 0xFF));
    }
    text.append(String.format(Locale.ROOT, "%08x:\0", 0));
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  static PerfDest parse(byte[] message) throws ToolException {
    String text = new String(message, StandardCharsets.US_ASCII).replace("\0", "");
    String[] fields = text.split(":", -1);
    if (fields.length < FIELDS) {
      throw wrong(text, null);
    }
    try {
      byte[] raw = new byte[GID_BYTES];
      for (int i = 0; i < GID_BYTES; i++) {
        raw[i] = (byte) Integer.parseInt(fields[GID_FIELD + i], 16);
      }
      return new PerfDest(
          Integer.parseInt(fields[1], 16),
          Integer.parseInt(fields[2], 16),
          Integer.parseInt(fields[3], 16),
          Integer.parseUnsignedInt(fields[4], 16),
          Long.parseUnsignedLong(fields[5], 16),
          InetAddress.getByAddress(raw));
    } catch (NumberFormatException | UnknownHostException e) {
      throw wrong(text, e);
    }
  }

  private static ToolException wrong(String text, @Nullable Exception e) {
    String message =
        "the peer sent \"" + text + "\", which is no address of perftest 5.70 or later";
    return e == null ? new ToolException(message) : new ToolException(message, e);
  }

  byte[] toStruct() {
    return ByteBuffer.allocate(STRUCT_BYTES)
        .putInt(0)
        .putInt(outReads)
        .putInt(qpn)
        .putInt(psn)
        .putInt(rkey)
        .putInt(0)
        .putLong(address)
        .put(raw(gid))
        .array();
  }

  static PerfDest parseStruct(byte[] message) throws ToolException {
    ByteBuffer struct = ByteBuffer.wrap(message);
    struct.getInt();
    int outReads = struct.getInt();
    int qpn = struct.getInt();
    int psn = struct.getInt();
    int rkey = struct.getInt();
    struct.getInt();
    long address = struct.getLong();
    byte[] raw = new byte[GID_BYTES];
    struct.get(raw);
    try {
      return new PerfDest(outReads, qpn, psn, rkey, address, InetAddress.getByAddress(raw));
    } catch (UnknownHostException e) {
      throw new ToolException("the peer's GID is none", e);
    }
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "LID 0000 QPN 0x%04x PSN 0x%06x OUT 0x%02x RKey 0x%08x VAddr 0x%016x GID %s%s",
        qpn,
        psn,
        outReads,
        rkey,
        address,
        gid.getAddress().length < GID_BYTES ? "::ffff:" : "",
        gid.getHostAddress());
  }
}
