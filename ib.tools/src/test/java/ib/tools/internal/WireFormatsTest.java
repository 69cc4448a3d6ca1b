// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
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

  @Test
  void shouldWriteAPerftestAddressAsPerftestDoes() throws Exception {
    PerfDest dest =
        new PerfDest(
            16,
            0x11,
            0xabcdef,
            0xfedc_ba98,
            0x7f01_0203_0405_0607L,
            InetAddress.ofLiteral("10.77.0.2"));
    String text =
        "0000:0010:000011:abcdef:fedcba98:7f01020304050607:"
            + "00:00:00:00:00:00:00:00:00:00:ff:ff:0a:4d:00:02:00000000:\0";
    assertThat(new String(dest.toMessage(), StandardCharsets.US_ASCII)).isEqualTo(text);
    assertThat(dest.toMessage()).hasSize(PerfDest.BYTES);
    assertThat(PerfDest.parse(dest.toMessage())).isEqualTo(dest);
    assertThat(HexFormat.of().formatHex(dest.toStruct()))
        .isEqualTo(
            "00000000000000100000001100abcdeffedcba98000000007f01020304050607"
                + "00000000000000000000ffff0a4d00020000000000000000");
    assertThat(PerfDest.parseStruct(dest.toStruct())).isEqualTo(dest);
    for (String bad : new String[] {"", "0000:0010", text.replace("ff", "xx")}) {
      assertThatThrownBy(() -> PerfDest.parse(bad.getBytes(StandardCharsets.US_ASCII)))
          .isInstanceOf(ToolException.class)
          .hasMessageContaining("no address of perftest");
    }
  }

  @Test
  void shouldTellBytesOfGlibcsRandFromOthers() {
    // The low bytes of rand() after srand(1), of which the first is known best: 1804289383.
    byte[] rand = rand(1, 200);
    assertThat(rand[0]).isEqualTo((byte) 1_804_289_383);
    assertThat(PerfPattern.firstWrong(MemorySegment.ofArray(rand))).isEqualTo(-1);
    byte[] own = new byte[4096];
    PerfPattern.fill(MemorySegment.ofArray(own));
    assertThat(PerfPattern.firstWrong(MemorySegment.ofArray(own))).isEqualTo(-1);
    own[1000] ^= 0x10;
    assertThat(PerfPattern.firstWrong(MemorySegment.ofArray(own))).isEqualTo(1000);
    byte[] blank = new byte[PerfPattern.LEAST_BYTES];
    Arrays.fill(blank, PerfLane.BLANK);
    assertThat(PerfPattern.firstWrong(MemorySegment.ofArray(blank))).isEqualTo(31);
  }

  /** glibc's generator of degree 31, as its documentation has it. */
  private static byte[] rand(int seed, int count) {
    int[] r = new int[344 + count];
    r[0] = seed;
    for (int i = 1; i < 31; i++) {
      r[i] = (int) (16_807L * r[i - 1] % Integer.MAX_VALUE);
    }
    System.arraycopy(r, 0, r, 31, 3);
    byte[] bytes = new byte[count];
    for (int i = 34; i < r.length; i++) {
      r[i] = r[i - 31] + r[i - 3];
      if (i >= 344) {
        bytes[i - 344] = (byte) (r[i] >>> 1);
      }
    }
    return bytes;
  }

  @Test
  void shouldAgreeOnTermsAsPerftestDoes() throws Exception {
    PerfTerms terms = PerfTerms.agree(new Mirror("6.06", 16_384, 128, '3'), 4096);
    assertThat(terms).isEqualTo(new PerfTerms(1024, 16_384, 128));
    assertThat(terms.slots(2)).isEqualTo(128);
    assertThat(terms.offset(2, 129)).isEqualTo(128);
    assertThat(terms.offset(200, 1)).isEqualTo(256);
    assertThat(terms.offset(8193, 5)).isZero();
    assertThat(terms.bufferBytes(8)).isEqualTo(16_384);
    assertThat(PerfTerms.agree(new Mirror("6.29", 4096, 64, '5'), 256).mtuBytes()).isEqualTo(256);
    assertThatThrownBy(() -> PerfTerms.agree(new Mirror("5.33", 4096, 64, '5'), 256))
        .hasMessageContaining("perftest 5.33");
    assertThatThrownBy(() -> PerfTerms.agree(new Mirror("GET /", 4096, 64, '5'), 256))
        .hasMessageContaining("no perftest");
    assertThatThrownBy(() -> PerfTerms.agree(new Mirror("6.06", 1 << 30, 64, '5'), 256))
        .hasMessageContaining("buffer of 1073741824");
  }

  /** A peer that tells what it was told to. */
  private static final class Mirror implements PerfLine {
    private final Iterator<byte[]> told;

    Mirror(String version, int cycle, int line, char mtu) {
      told =
          List.of(
                  Arrays.copyOf(version.getBytes(StandardCharsets.US_ASCII), 16),
                  ByteBuffer.allocate(4).putInt(cycle).array(),
                  ByteBuffer.allocate(4).putInt(line).array(),
                  new byte[] {(byte) mtu, 0})
              .iterator();
    }

    @Override
    public byte[] swap(String what, byte[] mine) {
      byte[] theirs = told.next();
      assertThat(mine).hasSameSizeAs(theirs);
      return theirs;
    }

    @Override
    public PerfDest shake(PerfDest mine) {
      return mine;
    }

    @Override
    public void awaitClient(int timeoutS) {}

    @Override
    public SideChannel.Peer peer() {
      return SideChannel.Peer.SILENT;
    }

    @Override
    public void done() {}
  }
}
