// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

class IcrcTest {
  private static final byte[] A = {10, 77, 0, 1};
  private static final byte[] B = {10, 77, 0, 2};

  private final Icrc icrc = new Icrc();

  private static byte[] randomPacket(Random random, int length) {
    byte[] packet = new byte[length + Icrc.LENGTH];
    random.nextBytes(packet);
    return packet;
  }

  /** The covered bytes written out one after the other, straight from the annex. */
  private static int reference(int identification, byte[] packet, int length, int sourcePort) {
    CRC32 crc = new CRC32();
    crc.update(new byte[] {-1, -1, -1, -1, -1, -1, -1, -1});
    int total = 28 + length + 4;
    crc.update(new byte[] {0x45, -1, (byte) (total >> 8), (byte) total});
    crc.update(new byte[] {(byte) (identification >> 8), (byte) identification, 0x40, 0});
    crc.update(new byte[] {-1, 17, -1, -1});
    crc.update(A);
    crc.update(B);
    crc.update(new byte[] {(byte) (sourcePort >> 8), (byte) sourcePort, 0x12, (byte) 0xB7});
    crc.update(new byte[] {(byte) (total - 20 >> 8), (byte) (total - 20), -1, -1});
    byte[] body = packet.clone();
    body[4] = -1;
    crc.update(body, 0, length);
    return (int) crc.getValue();
  }

  @Test
  void shouldCoverExactlyWhatTheAnnexSays() {
    Random random = new Random(1);
    IcrcFlow flow = IcrcFlow.of(A, B, 0xC123);
    for (int length = 12; length <= 4200; length += 4) {
      byte[] packet = randomPacket(random, length);
      int id = random.nextInt(65536);
      assertThat(icrc.compute(flow, id, MemorySegment.ofArray(packet), 0, length))
          .isEqualTo(reference(id, packet, length, 0xC123));
    }
  }

  @Test
  void shouldGiveTheSameOnHeapAndNativeMemoryAtAnyOffset() {
    byte[] packet = randomPacket(new Random(2), 300);
    IcrcFlow flow = IcrcFlow.of(A, B, 7);
    int expected = icrc.compute(flow, 9, MemorySegment.ofArray(packet), 0, 300);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment big = arena.allocate(1000);
      for (long off : new long[] {0, 1, 17, 600}) {
        MemorySegment.copy(packet, 0, big, java.lang.foreign.ValueLayout.JAVA_BYTE, off, 300);
        assertThat(icrc.compute(flow, 9, big, off, 300)).isEqualTo(expected);
        assertThat(icrc.compute(flow, 9, big.asSlice(off, 304), 0, 300)).isEqualTo(expected);
      }
    }
    MemorySegment heap = MemorySegment.ofArray(new byte[700]);
    MemorySegment.copy(MemorySegment.ofArray(packet), 0, heap, 100, 300);
    assertThat(icrc.compute(flow, 9, heap.asSlice(60), 40, 300)).isEqualTo(expected);
    assertThat(icrc.compute(flow, 9, heap.asReadOnly(), 100, 300)).isEqualTo(expected);
  }

  @Test
  void shouldVerifyWhatItAppendedAndNothingElse() {
    MemorySegment packet = MemorySegment.ofArray(randomPacket(new Random(3), 64));
    IcrcFlow flow = IcrcFlow.of(A, B, 49152);
    icrc.append(flow, 5, packet, 0, 64);
    assertThat(icrc.verify(flow, 5, packet, 0, 64)).isTrue();
    assertThat(icrc.verify(flow, 6, packet, 0, 64)).isFalse();
    flow.sourcePort(49153);
    assertThat(icrc.verify(flow, 5, packet, 0, 64)).isFalse();
    flow.sourcePort(49152);
    flow.ipv4Addresses(0x0A4D0001, 0x0A4D0003);
    assertThat(icrc.verify(flow, 5, packet, 0, 64)).isFalse();
    flow.ipv4Addresses(0x0A4D0001, 0x0A4D0002);
    assertThat(icrc.verify(flow, 5, packet, 0, 64)).isTrue();
    flow.dontFragment(false);
    assertThat(icrc.verify(flow, 5, packet, 0, 64)).isFalse();
  }

  @Test
  void shouldIgnoreTheCongestionByteOnly() {
    byte[] bytes = randomPacket(new Random(4), 40);
    MemorySegment packet = MemorySegment.ofArray(bytes);
    IcrcFlow flow = IcrcFlow.of(A, B, 1);
    icrc.append(flow, 0, packet, 0, 40);
    for (int i = 0; i < 44; i++) {
      bytes[i] ^= 0x40;
      assertThat(icrc.verify(flow, 0, packet, 0, 40)).as("byte %d", i).isEqualTo(i == 4);
      bytes[i] ^= 0x40;
    }
  }

  @Test
  void shouldFindAnyIdentificationAtAnyLength() {
    Random random = new Random(5);
    IcrcFlow flow = IcrcFlow.of(A, B, 50000);
    for (int length = 12; length < 4600; length += 4) {
      MemorySegment packet = MemorySegment.ofArray(randomPacket(random, length));
      int id = random.nextInt(65536);
      icrc.append(flow, id, packet, 0, length);
      assertThat(icrc.identify(flow, packet, 0, length)).isEqualTo(id);
      assertThat(icrc.identify(flow, packet, 0, length)).isEqualTo(id);
    }
  }

  @Test
  void shouldCatchEverySingleBitFlipWithoutTheIdentification() {
    byte[] bytes = randomPacket(new Random(6), 256);
    MemorySegment packet = MemorySegment.ofArray(bytes);
    IcrcFlow flow = IcrcFlow.of(A, B, 50000);
    icrc.append(flow, 0xBEEF, packet, 0, 256);
    for (int bit = 0; bit < 260 * 8; bit++) {
      bytes[bit / 8] ^= (byte) (1 << bit % 8);
      boolean masked = bit / 8 == Bth.ECN_OFFSET;
      assertThat(icrc.identify(flow, packet, 0, 256))
          .as("bit %d", bit)
          .isEqualTo(masked ? 0xBEEF : Icrc.WRONG);
      bytes[bit / 8] ^= (byte) (1 << bit % 8);
    }
  }

  @Test
  void shouldAcceptHeavyDamageWithoutTheIdentificationOnlyAsOftenAsSixteenBitsAllow() {
    Random random = new Random(7);
    IcrcFlow flow = IcrcFlow.of(A, B, 50000);
    int accepted = 0;
    for (int i = 0; i < 100_000; i++) {
      MemorySegment garbage = MemorySegment.ofArray(randomPacket(random, 32));
      accepted += icrc.identify(flow, garbage, 0, 32) == Icrc.WRONG ? 0 : 1;
    }
    assertThat(accepted).isLessThan(12);
  }

  @Test
  void shouldCheckIpv6Exactly() {
    byte[] a = new byte[16];
    byte[] b = new byte[16];
    a[0] = b[0] = (byte) 0xFD;
    a[15] = 1;
    b[15] = 2;
    IcrcFlow flow = IcrcFlow.of(a, b, 4791);
    byte[] bytes = randomPacket(new Random(8), 88);
    MemorySegment packet = MemorySegment.ofArray(bytes);
    icrc.append(flow, 77, packet, 0, 88);
    assertThat(icrc.identify(flow, packet, 0, 88)).isZero();
    IcrcFlow same = IcrcFlow.ipv6();
    same.ipv6Source(0xFD00_0000_0000_0000L, 1);
    same.ipv6Destination(0xFD00_0000_0000_0000L, 2);
    same.sourcePort(4791);
    assertThat(icrc.verify(same, 0, packet, 0, 88)).isTrue();
    bytes[87] ^= 1;
    assertThat(icrc.identify(flow, packet, 0, 88)).isEqualTo(Icrc.WRONG);
    assertThatThrownBy(() -> same.ipv4Addresses(1, 2)).hasMessageContaining("IPv6");
  }

  @Test
  void shouldRefuseLengthsThatNoPacketHas() {
    MemorySegment packet = MemorySegment.ofArray(randomPacket(new Random(9), 33));
    IcrcFlow flow = IcrcFlow.of(A, B, 1);
    icrc.append(flow, 3, packet, 0, 33);
    assertThat(icrc.identify(flow, packet, 0, 33)).isEqualTo(Icrc.WRONG);
    assertThatThrownBy(() -> IcrcFlow.of(A, new byte[16], 1))
        .hasMessageContaining("4 and 16 bytes");
  }

  @Test
  void shouldComputeTheSameForAPayloadThatLiesElsewhere() {
    Random random = new Random(5);
    Icrc icrc = new Icrc();
    IcrcFlow flow = IcrcFlow.ipv4();
    flow.ipv4Addresses(0x0A010203, 0x0A010204);
    flow.sourcePort(0xC001);
    MemorySegment elsewhere = Arena.ofAuto().allocate(8192);
    MemorySegment packet = Arena.ofAuto().allocate(8192);
    for (int i = 0; i < 2000; i++) {
      int header = 12 + 4 * random.nextInt(8);
      int payload = random.nextInt(4097);
      int pad = -payload & 3;
      int at = random.nextInt(100);
      int from = random.nextInt(1000);
      for (int b = 0; b < header; b++) {
        packet.set(ValueLayout.JAVA_BYTE, at + b, (byte) random.nextInt());
      }
      for (int b = 0; b < payload; b++) {
        elsewhere.set(ValueLayout.JAVA_BYTE, from + b, (byte) random.nextInt());
      }
      MemorySegment.copy(elsewhere, from, packet, at + header, payload);
      packet.asSlice(at + header + payload, pad).fill((byte) 0);
      int whole = icrc.compute(flow, i, packet, at, header + payload + pad);
      assertThat(icrc.compute(flow, i, packet, at, header, elsewhere, from, payload, pad))
          .isEqualTo(whole);
    }
  }

  private static final int HEADER = 28;

  /** The ICRC of a packet with a header of zeros and a payload of zeros that lies elsewhere. */
  private int ofZeros(MemorySegment elsewhere, long from, int bytes) {
    MemorySegment header = Arena.ofAuto().allocate(HEADER);
    IcrcFlow flow = IcrcFlow.of(A, B, 7);
    return icrc.compute(flow, 0, header, 0, HEADER, elsewhere, from, bytes, 0);
  }

  private static int expectedOfZeros(int bytes) {
    return new Icrc()
        .compute(
            IcrcFlow.of(A, B, 7),
            0,
            MemorySegment.ofArray(new byte[HEADER + bytes]),
            0,
            HEADER + bytes);
  }

  /** Segments are equal if they begin at the same place, however long they are. */
  @Test
  void shouldTellALongerPayloadFromAShorterOneAtTheSameAddress() {
    MemorySegment whole = Arena.ofAuto().allocate(8192, 8);
    assertThat(ofZeros(whole.asSlice(0, 4096), 0, 4096)).isEqualTo(expectedOfZeros(4096));
    assertThat(ofZeros(whole, 4096, 4096)).isEqualTo(expectedOfZeros(4096));
    MemorySegment packet = Arena.ofAuto().allocate(8192, 8);
    IcrcFlow flow = IcrcFlow.of(A, B, 7);
    int first = icrc.compute(flow, 0, packet.asSlice(0, 4096), 0, 64);
    assertThat(icrc.compute(flow, 0, packet, 4096, 64)).isEqualTo(first);
  }

  /** Memory that was given back and taken again is often at the same place. */
  @Test
  @SuppressWarnings("restricted") // gives the same memory two lives
  void shouldComputeForMemoryThatLiesWhereMemoryWasClosed() {
    MemorySegment memory = Arena.ofAuto().allocate(4096, 8);
    try (Arena former = Arena.ofShared()) {
      ofZeros(memory.reinterpret(former, null), 0, 4096);
    }
    try (Arena now = Arena.ofShared()) {
      assertThat(ofZeros(memory.reinterpret(now, null), 0, 4096)).isEqualTo(expectedOfZeros(4096));
    }
  }
}
