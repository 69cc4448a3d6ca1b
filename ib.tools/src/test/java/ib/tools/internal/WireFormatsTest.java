// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** What the tools put on the wire beside RDMA, byte by byte. */
class WireFormatsTest {
  @Test
  void shouldWriteAnRpingInfoAsRpingDoes() {
    byte[] bytes = new byte[RpingInfo.BYTES];
    RpingInfo info = new RpingInfo(0x55d0_1234_5678_9abcL, 0x00ab_cdef, 64);
    info.write(MemorySegment.ofArray(bytes), 0);
    assertThat(HexFormat.of().formatHex(bytes)).isEqualTo("55d0123456789abc00abcdef00000040");
    assertThat(RpingInfo.read(MemorySegment.ofArray(bytes), 0)).isEqualTo(info);
  }

  @Test
  void shouldFillPingDataAsRpingDoes() {
    MemorySegment data = MemorySegment.ofArray(new byte[64]);
    RpingClient.fill(data, 0, 64);
    assertThat(RpingEnd.text(data))
        .isEqualTo("rdma-ping-0: ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqr");
    assertThat(data.get(ValueLayout.JAVA_BYTE, 63)).isZero();
    RpingClient.fill(data, 57, 64);
    assertThat(RpingEnd.text(data)).startsWith("rdma-ping-57: zABC");
    RpingClient.fill(data, 58, 64);
    assertThat(RpingEnd.text(data)).startsWith("rdma-ping-58: ABCD");
  }

  @Test
  void shouldWriteAPingPongAddressAsTheProgramsDo() throws Exception {
    PingPongAddress address =
        new PingPongAddress(0, 0x12, 0xabcdef, InetAddress.ofLiteral("10.1.2.3"));
    String text = "0000:000012:abcdef:00000000000000000000ffff0a010203\0";
    assertThat(address.toMessage()).isEqualTo(text.getBytes(StandardCharsets.US_ASCII)).hasSize(52);
    assertThat(PingPongAddress.parse(address.toMessage())).isEqualTo(address);
    assertThat(address).hasToString("LID 0x0000, QPN 0x000012, PSN 0xabcdef, GID ::ffff:10.1.2.3");
    PingPongAddress six = new PingPongAddress(1, 2, 3, InetAddress.ofLiteral("2001:db8::1"));
    assertThat(new String(six.toMessage(), StandardCharsets.US_ASCII))
        .isEqualTo("0001:000002:000003:20010db8000000000000000000000001\0");
    assertThat(PingPongAddress.parse(six.toMessage())).isEqualTo(six);
  }

  @Test
  void shouldSayWhatIsWrongWithAPeersAddress() throws Exception {
    PingPongAddress none =
        PingPongAddress.parse(
            ("0000:000012:abcdef:" + "0".repeat(32)).getBytes(StandardCharsets.US_ASCII));
    assertThat(none.gid()).isNull();
    assertThatThrownBy(none::address).hasMessageContaining("start it with -g");
    for (String bad : new String[] {"", "0000:000012", "xxxx:000012:abcdef:00", "0:1:2:abc"}) {
      assertThatThrownBy(() -> PingPongAddress.parse(bad.getBytes(StandardCharsets.US_ASCII)))
          .isInstanceOf(ToolException.class)
          .hasMessageContaining("no pingpong address");
    }
  }
}
