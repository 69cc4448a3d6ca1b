// SPDX-License-Identifier: Apache-2.0
package it.interop;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What tshark says of our packets counts, and what it guesses of an application's bytes not. */
class CapturesTest {
  private static final String UP_TO_LENGTH = "525400770001 02000a4d0001 0800 4500";
  private static final String UP_TO_UDP_LENGTH = "00574000401125c6 0a4d0001 0a4d0002 12b712b7";

  /** RDMA READ response only, as far as its BTH; the ICRC is not looked at. */
  private static final String BTH = "1060ffff000000a000d3cc15";

  /** Two bytes that an application read, and two of padding; they look like IPv6's EtherType. */
  private static final String AETH_PAYLOAD_ICRC = "1f000025 86dd0000 c5fd1cb1";

  @TempDir private Path folder;

  @BeforeEach
  void needTshark() {
    assumeTrue(Programs.exists("tshark"), "no tshark");
  }

  @Test
  void shouldNotMindWhatIsGuessedOfThePayload() throws Exception {
    Captures captures = new Captures(folder);

    captures.dissect(capture(AETH_PAYLOAD_ICRC));

    assertThatCode(captures::requireNothingOfOurs).doesNotThrowAnyException();
  }

  @Test
  void shouldMindAHeaderThatIsCutShort() throws Exception {
    Captures captures = new Captures(folder);

    captures.dissect(capture(""));

    assertThatThrownBy(captures::requireNothingOfOurs).hasMessageContaining("opcode 16: Malformed");
  }

  private Path capture(String behindBth) throws IOException {
    byte[] udpPayload = bytes(BTH + behindBth);
    int udpBytes = 8 + udpPayload.length;
    int bytes = 14 + 20 + udpBytes;
    ByteBuffer file = ByteBuffer.allocate(24 + 16 + bytes).order(ByteOrder.LITTLE_ENDIAN);
    file.putInt(0xA1B2C3D4).putShort((short) 2).putShort((short) 4).putLong(0);
    file.putInt(8192).putInt(1);
    file.putLong(0).putInt(bytes).putInt(bytes);
    file.order(ByteOrder.BIG_ENDIAN).put(bytes(UP_TO_LENGTH)).putShort((short) (20 + udpBytes));
    file.put(bytes(UP_TO_UDP_LENGTH)).putShort((short) udpBytes).putShort((short) 0);
    file.put(udpPayload);
    Path path = folder.resolve("one.pcap");
    Files.write(path, file.array());
    return path;
  }

  private static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex.replace(" ", ""));
  }
}
