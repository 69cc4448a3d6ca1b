// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RoceFrameTest {
  private final RoceFrame frame = new RoceFrame();
  private byte[] ethernet = new byte[0];

  @BeforeEach
  void writeAnAck() throws IOException {
    byte[] packet = new byte[20];
    MemorySegment seg = MemorySegment.ofArray(packet);
    Bth.write(seg, 0, Opcode.ACK, false, 0, 0xFFFF, 17, false, 5);
    byte[] a = {127, 1, 1, 1};
    byte[] b = {127, 1, 1, 2};
    new Icrc().append(IcrcFlow.of(a, b, 50000), 9, seg, 0, 16);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (PcapWriter writer = new PcapWriter(out)) {
      writer.write(1, a, b, 50000, 9, true, seg, 0, 20);
    }
    try (PcapReader reader = new PcapReader(new ByteArrayInputStream(out.toByteArray()))) {
      assertThat(reader.next()).isTrue();
      ethernet = reader.frame().asSlice(0, reader.length()).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private RoceFrame.Kind parse(int linkType, byte[] bytes) {
    return frame.parse(linkType, MemorySegment.ofArray(bytes), bytes.length);
  }

  private void assertIsTheAck(byte[] bytes) {
    MemorySegment seg = MemorySegment.ofArray(bytes);
    assertThat(frame.source()).containsExactly(127, 1, 1, 1);
    assertThat(frame.destination()).containsExactly(127, 1, 1, 2);
    assertThat(frame.sourcePort()).isEqualTo(50000);
    assertThat(frame.identification()).isEqualTo(9);
    assertThat(frame.dontFragment()).isTrue();
    assertThat(new Icrc().verify(frame.flow(), 9, seg, frame.bthOffset(), frame.roceLength()))
        .isTrue();
  }

  private byte[] withLinkHeader(int length, int typeAt, int type) {
    byte[] bytes = new byte[length + ethernet.length - 14];
    System.arraycopy(ethernet, 14, bytes, length, ethernet.length - 14);
    Wire.u16(MemorySegment.ofArray(bytes), typeAt, type);
    return bytes;
  }

  @Test
  void shouldFindThePacketBehindEveryLinkHeader() {
    assertThat(parse(1, ethernet)).isEqualTo(RoceFrame.Kind.ROCE);
    assertIsTheAck(ethernet);
    byte[] raw = Arrays.copyOfRange(ethernet, 14, ethernet.length);
    assertThat(parse(101, raw)).isEqualTo(RoceFrame.Kind.ROCE);
    assertIsTheAck(raw);
    byte[] cooked = withLinkHeader(16, 14, 0x0800);
    assertThat(parse(113, cooked)).isEqualTo(RoceFrame.Kind.ROCE);
    assertIsTheAck(cooked);
    byte[] cooked2 = withLinkHeader(20, 0, 0x0800);
    assertThat(parse(276, cooked2)).isEqualTo(RoceFrame.Kind.ROCE);
    assertIsTheAck(cooked2);
    byte[] vlan = withLinkHeader(22, 12, 0x88A8);
    Wire.u16(MemorySegment.ofArray(vlan), 16, 0x8100);
    Wire.u16(MemorySegment.ofArray(vlan), 20, 0x0800);
    assertThat(parse(1, vlan)).isEqualTo(RoceFrame.Kind.ROCE);
    assertIsTheAck(vlan);
    assertThat(parse(999, ethernet)).isEqualTo(RoceFrame.Kind.OTHER);
  }

  @Test
  void shouldSayWhatIsBroken() {
    byte[] cut = Arrays.copyOf(ethernet, ethernet.length - 1);
    assertThat(parse(1, cut)).isEqualTo(RoceFrame.Kind.BROKEN);
    assertThat(frame.fault()).contains("cut by the capture");
    byte[] bytes = ethernet.clone();
    bytes[14 + 6] = 0x20;
    assertThat(parse(1, bytes)).isEqualTo(RoceFrame.Kind.BROKEN);
    assertThat(frame.fault()).contains("fragmented");
    bytes = ethernet.clone();
    bytes[14 + 20 + 5]++;
    assertThat(parse(1, bytes)).isEqualTo(RoceFrame.Kind.BROKEN);
    assertThat(frame.fault()).contains("UDP length 29 in an IP payload of 28");
    bytes = ethernet.clone();
    bytes[14 + 20 + 3]++;
    assertThat(parse(1, bytes)).isEqualTo(RoceFrame.Kind.OTHER);
  }

  @Test
  void shouldThrowNothingForAnyFrame() {
    long seed = 4791;
    Random random = new Random(seed);
    int found = 0;
    for (int i = 0; i < 100_000; i++) {
      byte[] bytes = Arrays.copyOf(ethernet, random.nextInt(ethernet.length + 1));
      for (int n = random.nextInt(4); n > 0 && bytes.length > 0; n--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      if (parse(1, bytes) == RoceFrame.Kind.ROCE) {
        found++;
        MemorySegment seg = MemorySegment.ofArray(bytes);
        PacketCopy.check(seg, frame.bthOffset(), frame.roceLength());
        new Icrc().identify(frame.flow(), seg, frame.bthOffset(), frame.roceLength());
      }
    }
    assertThat(found).as("seed %d", seed).isPositive();
  }
}
