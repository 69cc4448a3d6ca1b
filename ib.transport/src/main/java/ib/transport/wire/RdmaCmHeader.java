// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The IP addresses with which the RDMA CM begins the private data of a REQ or SIDR_REQ, 36 bytes
 * (annex A11.4). An IPv4 address is in the last four of its sixteen bytes.
 */
public final class RdmaCmHeader {
  /** Length in bytes. */
  public static final int LENGTH = 36;

  /** Bytes of a REQ's private data that are left to the service. */
  public static final int REQ_CONSUMER_BYTES = 92 - LENGTH;

  /** Offset of major version:4, minor version:4, both zero. */
  public static final int VERSION_OFFSET = 0;

  /** Offset of IP version:4, reserved:4. */
  public static final int IP_VERSION_OFFSET = 1;

  /** Offset of the source port. */
  public static final int SOURCE_PORT_OFFSET = 2;

  /** Offset of the 16 bytes of the source address. */
  public static final int SOURCE_OFFSET = 4;

  /** Offset of the 16 bytes of the destination address. */
  public static final int DESTINATION_OFFSET = 20;

  private static final int ADDRESS_BYTES = 16;

  private RdmaCmHeader() {}

  /** Major and minor version in one byte, 0 in all that exists. */
  public static int version(MemorySegment seg, long off) {
    return Wire.u8(seg, off + VERSION_OFFSET);
  }

  /** The IP version: 4 or 6 in a valid header. */
  public static int ipVersion(MemorySegment seg, long off) {
    return Wire.bits(seg, off + IP_VERSION_OFFSET, 4, 4);
  }

  /** The port that the requester is bound to. */
  public static int sourcePort(MemorySegment seg, long off) {
    return Wire.u16(seg, off + SOURCE_PORT_OFFSET);
  }

  /** The source address: 4 bytes where the IP version is 4, else 16. */
  public static byte[] source(MemorySegment seg, long off) {
    return address(seg, off, SOURCE_OFFSET);
  }

  /** The destination address: 4 bytes where the IP version is 4, else 16. */
  public static byte[] destination(MemorySegment seg, long off) {
    return address(seg, off, DESTINATION_OFFSET);
  }

  /** Whether version and IP version are ones that this class knows. */
  public static boolean isValid(MemorySegment seg, long off) {
    int ip = ipVersion(seg, off);
    return version(seg, off) == 0 && (ip == 4 || ip == 6);
  }

  /**
   * Writes the whole header, with version 0.
   *
   * @param source 4 or 16 bytes
   * @param destination as many bytes
   * @throws IllegalArgumentException for other lengths
   */
  public static void write(
      MemorySegment seg, long off, int sourcePort, byte[] source, byte[] destination) {
    if (source.length != destination.length || (source.length != 4 && source.length != 16)) {
      throw new IllegalArgumentException(
          "addresses of "
              + source.length
              + " and "
              + destination.length
              + " bytes: give two IPv4 (4) or two IPv6 (16) addresses");
    }
    seg.asSlice(off, LENGTH).fill((byte) 0);
    Wire.bits(seg, off + IP_VERSION_OFFSET, 4, 4, source.length == 4 ? 4 : 6);
    Wire.u16(seg, off + SOURCE_PORT_OFFSET, sourcePort);
    int pad = ADDRESS_BYTES - source.length;
    MemorySegment.copy(
        source, 0, seg, ValueLayout.JAVA_BYTE, off + SOURCE_OFFSET + pad, source.length);
    MemorySegment.copy(
        destination, 0, seg, ValueLayout.JAVA_BYTE, off + DESTINATION_OFFSET + pad, source.length);
  }

  private static byte[] address(MemorySegment seg, long off, int at) {
    int length = ipVersion(seg, off) == 4 ? 4 : ADDRESS_BYTES;
    byte[] bytes = new byte[length];
    MemorySegment.copy(
        seg, ValueLayout.JAVA_BYTE, off + at + ADDRESS_BYTES - length, bytes, 0, length);
    return bytes;
  }
}
