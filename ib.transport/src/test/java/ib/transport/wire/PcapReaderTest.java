// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PcapReaderTest {
  private static byte[] file(ByteOrder order, int magic, int fraction, int captured) {
    ByteBuffer file = ByteBuffer.allocate(24 + 16 + Math.clamp(captured, 0, 100)).order(order);
    file.putInt(magic).putShort((short) 2).putShort((short) 4).putLong(0).putInt(65535).putInt(1);
    file.putInt(0xF000_0000).putInt(fraction).putInt(captured).putInt(77);
    return file.array();
  }

  private static PcapReader open(byte[] file) throws IOException {
    return new PcapReader(new ByteArrayInputStream(file));
  }

  @ParameterizedTest
  @CsvSource({"BIG_ENDIAN", "LITTLE_ENDIAN"})
  void shouldReadBothByteOrdersAndBothTimeUnits(String orderName) throws IOException {
    ByteOrder order = orderName.startsWith("B") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
    long second = 0xF000_0000L * 1_000_000_000L;
    for (int magic : new int[] {0xA1B2C3D4, 0xA1B23C4D}) {
      try (PcapReader reader = open(file(order, magic, 999_999, 60))) {
        assertThat(reader.linkType()).isEqualTo(1);
        assertThat(reader.next()).isTrue();
        assertThat(reader.timeNs())
            .isEqualTo(second + (magic == 0xA1B2C3D4 ? 999_999_000L : 999_999L));
        assertThat(reader.length()).isEqualTo(60);
        assertThat(reader.originalLength()).isEqualTo(77);
        assertThat(reader.next()).isFalse();
      }
    }
  }

  @Test
  void shouldSayWhatIsWrongWithAFile() throws IOException {
    assertThatThrownBy(() -> open(new byte[0])).hasMessageContaining("empty file");
    assertThatThrownBy(() -> open(new byte[24])).hasMessageContaining("not a pcap file");
    byte[] pcapng = new byte[24];
    ByteBuffer.wrap(pcapng).putInt(0x0A0D0D0A);
    assertThatThrownBy(() -> open(pcapng)).hasMessageContaining("editcap");
    byte[] whole = file(ByteOrder.LITTLE_ENDIAN, 0xA1B2C3D4, 0, 60);
    try (PcapReader reader = open(Arrays.copyOf(whole, whole.length - 1))) {
      assertThatThrownBy(reader::next).hasMessageContaining("cut off at byte 99");
    }
    try (PcapReader reader = open(Arrays.copyOf(whole, 30))) {
      assertThatThrownBy(reader::next).hasMessageContaining("cut off at byte 30");
    }
    try (PcapReader reader = open(file(ByteOrder.BIG_ENDIAN, 0xA1B2C3D4, 0, 262_145))) {
      assertThatThrownBy(reader::next).hasMessageContaining("damaged at byte 24");
    }
    try (PcapReader reader = open(file(ByteOrder.BIG_ENDIAN, 0xA1B2C3D4, 0, -1))) {
      assertThatThrownBy(reader::next).hasMessageContaining("4294967295");
    }
  }
}
