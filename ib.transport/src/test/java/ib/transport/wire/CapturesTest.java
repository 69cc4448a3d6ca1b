// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The codec against captures of a Linux kernel's RoCEv2, CM and SRP traffic. */
class CapturesTest {
  private final Icrc icrc = new Icrc();
  private final RoceFrame frame = new RoceFrame();

  private interface EachPacket {
    void accept(int number, PcapReader reader) throws IOException;
  }

  private int forEachRoce(byte[] capture, EachPacket each) throws IOException {
    int count = 0;
    try (PcapReader reader = new PcapReader(new ByteArrayInputStream(capture))) {
      for (int number = 1; reader.next(); number++) {
        RoceFrame.Kind kind = frame.parse(reader.linkType(), reader.frame(), reader.length());
        assertThat(kind)
            .as("frame %d: %s", number, frame.fault())
            .isNotEqualTo(RoceFrame.Kind.BROKEN);
        if (kind == RoceFrame.Kind.ROCE) {
          count++;
          each.accept(number, reader);
        }
      }
    }
    return count;
  }

  private static byte[] load(String name) throws IOException {
    try (InputStream in = CapturesTest.class.getResourceAsStream("/captures/" + name + ".pcap")) {
      assertThat(in).as(name).isNotNull();
      return in.readAllBytes();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "a-rping,65,0",
    "b2-srp-noimm,275,0",
    "c-target-disconnect,4,0",
    "e-ipv6-python-rping,40,3"
  })
  void shouldVerifyEveryIcrcButTheDeliberatelyWrong(String name, int packets, int wrong)
      throws IOException {
    List<Integer> bad = new ArrayList<>();
    int count =
        forEachRoce(
            load(name),
            (number, reader) -> {
              int id = frame.identification();
              if (!icrc.verify(
                  frame.flow(), id, reader.frame(), frame.bthOffset(), frame.roceLength())) {
                bad.add(number);
              }
            });
    assertThat(count).isEqualTo(packets);
    assertThat(bad).hasSize(wrong);
  }

  @ParameterizedTest
  @CsvSource({"a-rping", "b2-srp-noimm", "c-target-disconnect", "e-ipv6-python-rping"})
  void shouldReencodeEveryPacketByteForByte(String name) throws IOException {
    int[] wrongIcrc = {0};
    forEachRoce(
        load(name),
        (number, reader) -> {
          int length = frame.roceLength();
          assertThat(PacketCopy.check(reader.frame(), frame.bthOffset(), length)).isNull();
          byte[] copy = new byte[length + Icrc.LENGTH];
          MemorySegment to = MemorySegment.ofArray(copy);
          PacketCopy.copy(reader.frame(), frame.bthOffset(), length, to, 0);
          icrc.append(frame.flow(), frame.identification(), to, 0, length);
          byte[] original =
              reader
                  .frame()
                  .asSlice(frame.bthOffset(), length + Icrc.LENGTH)
                  .toArray(ValueLayout.JAVA_BYTE);
          int difference = java.util.Arrays.mismatch(copy, original);
          if (difference >= length) {
            wrongIcrc[0]++;
          } else {
            assertThat(difference).as("%s frame %d", name, number).isEqualTo(-1);
          }
        });
    assertThat(wrongIcrc[0]).isEqualTo(name.startsWith("e-") ? 3 : 0);
  }

  @ParameterizedTest
  @CsvSource({"a-rping", "b2-srp-noimm", "c-target-disconnect"})
  void shouldFindTheHiddenIdentificationAndCatchDamage(String name) throws IOException {
    int count =
        forEachRoce(
            load(name),
            (number, reader) -> {
              int at = frame.bthOffset();
              int length = frame.roceLength();
              MemorySegment seg = reader.frame();
              assertThat(icrc.identify(frame.flow(), seg, at, length))
                  .isEqualTo(frame.identification());
              for (int bit = 0; bit < (length + Icrc.LENGTH) * 8; bit += 7) {
                Wire.u8(seg, at + bit / 8, Wire.u8(seg, at + bit / 8) ^ 1 << bit % 8);
                boolean caught = icrc.identify(frame.flow(), seg, at, length) == Icrc.WRONG;
                assertThat(caught)
                    .as("%s frame %d bit %d", name, number, bit)
                    .isEqualTo(bit / 8 != Bth.ECN_OFFSET);
                Wire.u8(seg, at + bit / 8, Wire.u8(seg, at + bit / 8) ^ 1 << bit % 8);
              }
            });
    assertThat(count).isPositive();
  }

  @ParameterizedTest
  @CsvSource({"a-rping", "b2-srp-noimm", "c-target-disconnect", "e-ipv6-python-rping"})
  void shouldWriteWhatItReads(String name) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    List<byte[]> packets = new ArrayList<>();
    List<Long> times = new ArrayList<>();
    List<Boolean> right = new ArrayList<>();
    try (PcapWriter writer = new PcapWriter(out)) {
      forEachRoce(
          load(name),
          (number, reader) -> {
            int length = frame.roceLength() + Icrc.LENGTH;
            MemorySegment seg = reader.frame();
            packets.add(seg.asSlice(frame.bthOffset(), length).toArray(ValueLayout.JAVA_BYTE));
            times.add(reader.timeNs());
            right.add(verifies(reader));
            writer.write(
                reader.timeNs(),
                frame.source(),
                frame.destination(),
                frame.sourcePort(),
                frame.identification(),
                frame.dontFragment(),
                seg,
                frame.bthOffset(),
                length);
          });
    }
    int[] index = {0};
    int count =
        forEachRoce(
            out.toByteArray(),
            (number, reader) -> {
              int i = index[0]++;
              assertThat(reader.timeNs()).isEqualTo(times.get(i));
              int length = frame.roceLength() + Icrc.LENGTH;
              byte[] bytes =
                  reader.frame().asSlice(frame.bthOffset(), length).toArray(ValueLayout.JAVA_BYTE);
              assertThat(bytes).isEqualTo(packets.get(i));
              assertThat(verifies(reader)).isEqualTo(right.get(i));
              assertThat(ipChecksumIsRight(reader.frame())).isTrue();
            });
    assertThat(count).isEqualTo(packets.size());
  }

  private boolean verifies(PcapReader reader) {
    return icrc.verify(
        frame.flow(),
        frame.identification(),
        reader.frame(),
        frame.bthOffset(),
        frame.roceLength());
  }

  /** IPv4: the header's; IPv6: UDP's, over the pseudo header. */
  private boolean ipChecksumIsRight(MemorySegment seg) {
    int from = frame.isIpv6() ? 14 + 8 : 14;
    int to = frame.isIpv6() ? frame.bthOffset() + frame.roceLength() + Icrc.LENGTH : 14 + 20;
    long sum = frame.isIpv6() ? 17 + (to - 54) : 0;
    for (int at = from; at < to; at += 2) {
      sum += Wire.u16(seg, at);
    }
    while (sum >>> 16 != 0) {
      sum = (sum & 0xFFFF) + (sum >>> 16);
    }
    return sum == 0xFFFF;
  }
}
