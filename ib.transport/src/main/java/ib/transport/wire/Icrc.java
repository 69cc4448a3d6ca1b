// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Computes and checks the invariant CRC at the end of a RoCEv2 packet, for a sender or receiver
 * that sees only what is inside UDP.
 *
 * <p>"Packet" here means the bytes from the {@link Bth} to the last pad byte; the ICRC's four bytes
 * follow. The headers before the BTH are described by an {@link IcrcFlow}. The IPv4 identification
 * is covered too. A socket that sends with Don't-Fragment uses 0 (the k-th segment of a segmented
 * send: k); on receive a socket does not show it, so {@link #identify} finds the one identification
 * with which the packet is right, which leaves a check of 16 bits instead of 32. Where the
 * identification is known, {@link #verify} checks all 32.
 *
 * <p>Allocates nothing per packet as long as packets lie in few, lasting native segments (a view of
 * each of the last four is kept) of at most 2 GiB. Not thread-safe: one instance per thread.
 *
 * <p>Source: specification 7.8.1 and annex A17.3.3.
 */
public final class Icrc {
  /** Length in bytes. */
  public static final int LENGTH = 4;

  /** What {@link #identify} returns for a packet that no identification makes right. */
  public static final int WRONG = -1;

  private static final int VIEWS = 4;

  /** Of payloads that lie elsewhere: a power of two. */
  private static final int PAYLOAD_VIEWS = 256;

  private static final byte[] ZEROS = new byte[4];

  private final CRC32 crc = new CRC32();
  private final CrcRewind rewind = new CrcRewind();
  private final @Nullable MemorySegment[] segments = new MemorySegment[VIEWS];
  private final @Nullable ByteBuffer[] views = new ByteBuffer[VIEWS];
  private int nextView;
  private final @Nullable MemorySegment[] payloadSegments = new MemorySegment[PAYLOAD_VIEWS];
  private final @Nullable ByteBuffer[] payloadViews = new ByteBuffer[PAYLOAD_VIEWS];

  /**
   * The ICRC of a packet, as the number that is stored little-endian after it.
   *
   * @param identification IPv4 identification, 0..65535; ignored for IPv6
   * @param packet holds the packet, native or {@code byte[]}
   * @param off where its BTH begins
   * @param length bytes from BTH to the last pad byte, at least {@link Bth#LENGTH}
   */
  public int compute(
      IcrcFlow flow, int identification, MemorySegment packet, long off, int length) {
    updateHeaders(flow, identification, length, packet, off, length);
    return (int) crc.getValue();
  }

  /**
   * The ICRC of a packet whose payload lies elsewhere. Allocates nothing as long as payloads lie in
   * few (some hundred), lasting segments.
   *
   * @param headerLength bytes at {@code off}: from the BTH to before the payload
   * @param payload native memory
   * @param padCount zeros that follow the payload, 0..3
   * @throws IllegalStateException if the payload's memory is closed
   */
  public int compute(
      IcrcFlow flow,
      int identification,
      MemorySegment packet,
      long off,
      int headerLength,
      MemorySegment payload,
      long payloadOff,
      int payloadLength,
      int padCount) {
    int length = headerLength + payloadLength + padCount;
    updateHeaders(flow, identification, length, packet, off, headerLength);
    ByteBuffer view = payloadViewOf(payload);
    if (view == null) {
      crc.update(payload.asSlice(payloadOff, payloadLength).asByteBuffer());
    } else {
      int start = (int) payloadOff;
      crc.update(view.limit(start + payloadLength).position(start));
    }
    crc.update(ZEROS, 0, padCount);
    return (int) crc.getValue();
  }

  /** Computes the ICRC of a packet and stores it after its {@code length} bytes. */
  public void append(
      IcrcFlow flow, int identification, MemorySegment packet, long off, int length) {
    Wire.u32LittleEndian(packet, off + length, compute(flow, identification, packet, off, length));
  }

  /**
   * Whether the ICRC that follows the packet's {@code length} bytes is right for this
   * identification. Exact: all 32 bits are checked.
   */
  public boolean verify(
      IcrcFlow flow, int identification, MemorySegment packet, long off, int length) {
    return compute(flow, identification, packet, off, length)
        == Wire.u32LittleEndian(packet, off + length);
  }

  /**
   * The IPv4 identification with which the ICRC that follows the packet is right: 0..65535, or
   * {@link #WRONG}. For IPv6 an exact check: 0 or {@link #WRONG}. The first call for a packet
   * length costs a few microseconds, later ones little more than {@link #verify}.
   *
   * <p>CRC is linear, so the difference between the stored value and the one for identification 0,
   * run backwards to the identification's place, is the identification itself; anything above 16
   * bits is damage.
   *
   * @param length bytes from BTH to the last pad byte, at least {@link Bth#LENGTH}; not a multiple
   *     of four is never right
   */
  public int identify(IcrcFlow flow, MemorySegment packet, long off, int length) {
    if ((length & 3) != 0) {
      return WRONG;
    }
    int difference =
        Wire.u32LittleEndian(packet, off + length) ^ compute(flow, 0, packet, off, length);
    if (difference == 0) {
      return 0;
    }
    if (flow.isIpv6()) {
      return WRONG;
    }
    int register = rewind.back(difference, IcrcFlow.bytesFromIdentification() + length);
    return register >>> 16 != 0 ? WRONG : Short.toUnsignedInt(Short.reverseBytes((short) register));
  }

  /**
   * Begins with the first bytes of a packet; few of them are covered in one go with the headers.
   */
  private void updateHeaders(
      IcrcFlow flow, int identification, int length, MemorySegment packet, long off, int first) {
    crc.reset();
    byte[] bytes = flow.fill(identification, length + LENGTH, packet, off);
    int behind = first - Bth.LENGTH;
    if (behind <= IcrcFlow.MOST_BEHIND && (behind & 3) == 0) {
      flow.putBehind(packet, off + Bth.LENGTH, behind);
      crc.update(bytes, 0, flow.headers() + behind);
    } else {
      crc.update(bytes, 0, flow.headers());
      updateBody(packet, off + Bth.LENGTH, behind);
    }
  }

  private void updateBody(MemorySegment packet, long off, int length) {
    if (!packet.isNative() && packet.heapBase().orElse(null) instanceof byte[] array) {
      // A heap segment's address is the offset of its first byte in the array.
      crc.update(array, Math.toIntExact(packet.address() + off), length);
      return;
    }
    ByteBuffer view;
    int start;
    if (packet.byteSize() <= Integer.MAX_VALUE) {
      view = viewOf(packet);
      start = (int) off;
    } else {
      view = packet.asSlice(off, length).asByteBuffer();
      start = 0;
    }
    crc.update(view.limit(start + length).position(start));
  }

  /** Null if the segment is too long for one. */
  private @Nullable ByteBuffer payloadViewOf(MemorySegment payload) {
    if (payload.byteSize() > Integer.MAX_VALUE) {
      return null;
    }
    long address = payload.address();
    int i = (int) (address >>> 6 ^ address >>> 12 ^ address >>> 20) & (PAYLOAD_VIEWS - 1);
    ByteBuffer view = payloadViews[i];
    if (view == null || !isSame(payload, payloadSegments[i])) {
      view = payload.asByteBuffer();
      payloadSegments[i] = payload;
      payloadViews[i] = view;
    }
    return view;
  }

  /**
   * Whether the view of one segment serves for another. That they are equal says only where they
   * begin: memory that was closed and allocated again may be as long as it likes, at the same
   * address.
   */
  // Mostly it is the very same, and that costs nothing to see.
  @SuppressWarnings({"MemorySegmentReferenceEquality", "ReferenceEquality"})
  private static boolean isSame(MemorySegment a, @Nullable MemorySegment b) {
    if (a == b) {
      return true;
    }
    return b != null && a.equals(b) && a.byteSize() == b.byteSize() && a.scope().equals(b.scope());
  }

  private ByteBuffer viewOf(MemorySegment packet) {
    for (int i = 0; i < VIEWS; i++) {
      ByteBuffer view = views[i];
      if (view != null && isSame(packet, segments[i])) {
        return view;
      }
    }
    ByteBuffer view = packet.asByteBuffer();
    segments[nextView] = packet;
    views[nextView] = view;
    nextView = (nextView + 1) % VIEWS;
    return view;
  }
}
