// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Reads a capture file of the classic pcap format, frame by frame: either byte order, micro- or
 * nanosecond times, any size (one frame is held at a time).
 *
 * <p>Not thread-safe. Source: the pcap file format as {@code pcap-savefile(5)} describes it.
 */
public final class PcapReader implements Closeable {
  private static final int MAGIC_MICROSECONDS = 0xA1B2C3D4;
  private static final int MAGIC_NANOSECONDS = 0xA1B23C4D;
  private static final int MAGIC_PCAPNG = 0x0A0D0D0A;
  private static final int FILE_HEADER_BYTES = 24;
  private static final int RECORD_HEADER_BYTES = 16;

  /** The most that capture tools write for one frame; more means that the file is damaged. */
  private static final int MAX_FRAME_BYTES = 262_144;

  private static final long NS_PER_SECOND = 1_000_000_000L;

  private final InputStream in;
  private final byte[] frame = new byte[MAX_FRAME_BYTES];
  private final MemorySegment segment = MemorySegment.ofArray(frame);
  private final ByteBuffer header = ByteBuffer.allocate(FILE_HEADER_BYTES);
  private final boolean nanoseconds;
  private final int linkType;
  private long position;
  private long timeNs;
  private int length;
  private int originalLength;

  /**
   * Reads the file's header.
   *
   * @param in is read in small pieces, so it should be buffered; closed by {@link #close}
   * @throws IOException if it can't be read or is no pcap file
   */
  public PcapReader(InputStream in) throws IOException {
    this.in = in;
    if (!fill(header.array(), FILE_HEADER_BYTES)) {
      throw new EOFException("empty file: a pcap file begins with a header of 24 bytes");
    }
    int magic = header.getInt(0);
    if (magic == MAGIC_PCAPNG) {
      throw new IOException("this is pcapng: convert it to pcap (editcap -F pcap IN OUT)");
    }
    if (magic != MAGIC_MICROSECONDS && magic != MAGIC_NANOSECONDS) {
      magic = Integer.reverseBytes(magic);
      header.order(ByteOrder.LITTLE_ENDIAN);
    }
    if (magic != MAGIC_MICROSECONDS && magic != MAGIC_NANOSECONDS) {
      throw new IOException(
          String.format("not a pcap file: it begins with %08x", Integer.reverseBytes(magic)));
    }
    nanoseconds = magic == MAGIC_NANOSECONDS;
    linkType = header.getInt(20) & 0xFFFF;
  }

  /**
   * Goes to the next frame.
   *
   * @return false at the end of the file
   * @throws IOException if the file can't be read, or is cut or damaged; says where
   */
  public boolean next() throws IOException {
    long start = position;
    if (!fill(header.array(), RECORD_HEADER_BYTES)) {
      return false;
    }
    int captured = header.getInt(8);
    if (captured < 0 || captured > MAX_FRAME_BYTES) {
      throw new IOException(
          "damaged at byte "
              + start
              + ": a frame of "
              + Integer.toUnsignedString(captured)
              + " bytes");
    }
    long fraction = Integer.toUnsignedLong(header.getInt(4));
    timeNs =
        Integer.toUnsignedLong(header.getInt(0)) * NS_PER_SECOND
            + (nanoseconds ? fraction : fraction * 1000);
    originalLength = header.getInt(12);
    if (captured > 0 && !fill(frame, captured)) {
      throw new EOFException(
          "cut off at byte " + position + ", within the frame that begins at " + start);
    }
    length = captured;
    return true;
  }

  /** The link type: 1 = Ethernet, see {@link RoceFrame}. */
  public int linkType() {
    return linkType;
  }

  /** When the current frame was captured, in nanoseconds since 1970. */
  public long timeNs() {
    return timeNs;
  }

  /**
   * The current frame from byte 0 on; overwritten by {@link #next}. Bytes beyond {@link #length}
   * are stale.
   */
  public MemorySegment frame() {
    return segment;
  }

  /** Captured length of the current frame in bytes. */
  public int length() {
    return length;
  }

  /**
   * Length of the current frame on the wire; more than {@link #length} where the capture cut it.
   */
  public int originalLength() {
    return originalLength;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  /** False at a clean end of the file. */
  private boolean fill(byte[] target, int count) throws IOException {
    int read = in.readNBytes(target, 0, count);
    position += read;
    if (read == 0) {
      return false;
    }
    if (read < count) {
      throw new EOFException("cut off at byte " + position);
    }
    return true;
  }
}
