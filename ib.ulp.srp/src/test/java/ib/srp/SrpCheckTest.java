// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SrpCheckTest {
  private final MemorySegment seg = MemorySegment.ofArray(new byte[8192]);

  private void command(int outFormat, int outCount, int inFormat, int inCount) {
    SrpCmd.init(seg, 0, 0);
    SrpCmd.formats(seg, 0, outFormat, inFormat);
    SrpCmd.outCount(seg, 0, outCount);
    SrpCmd.inCount(seg, 0, inCount);
  }

  @Test
  void shouldNameWhatIsWrongWithTheLengthOrOpcode() {
    assertThat(SrpCheck.check(seg, 0, 0, 0)).contains("empty");
    assertThat(SrpCheck.check(seg, 0, 63, 0)).contains("LOGIN_REQ of 63").contains("64");
    seg.set(java.lang.foreign.ValueLayout.JAVA_BYTE, 0, (byte) 0x77);
    assertThat(SrpCheck.check(seg, 0, 64, 0)).contains("unknown opcode 0x77");
    assertThat(SrpCheck.checkLoginCm(seg, 0, 55)).contains("55");
    SrpLoginReqCm.opcode(seg, 0, SrpOpcode.CMD);
    assertThat(SrpCheck.checkLoginCm(seg, 0, 56)).contains("CMD instead of LOGIN_REQ");
  }

  @Test
  void shouldNameDescriptorsBeyondTheEnd() {
    command(SrpBufferFormat.DIRECT, 1, SrpBufferFormat.NONE, 0);
    assertThat(SrpCheck.check(seg, 0, 63, 0)).contains("CMD of 63 bytes").contains("byte 64");
    assertThat(SrpCheck.check(seg, 0, 64, 0)).isNull();
    SrpCmd.additionalCdbField(seg, 0, 0xFC);
    assertThat(SrpCheck.check(seg, 0, 64, 0)).contains("byte 316");
    command(SrpBufferFormat.INDIRECT, 255, SrpBufferFormat.INDIRECT, 255);
    SrpCmd.additionalCdbField(seg, 0, 0xFF);
    assertThat(SrpCheck.check(seg, 0, 8192, 0)).contains("byte 8500");
  }

  @Test
  void shouldRefuseUnknownFormatsAndDirections() {
    command(4, 0, 0, 0);
    assertThat(SrpCheck.check(seg, 0, 400, 0)).contains("formats 4 (out)");
    command(0, 0, SrpBufferFormat.IMMEDIATE, 0);
    assertThat(SrpCheck.check(seg, 0, 400, 68)).contains("3 (in)");
  }

  @Test
  void shouldAddUpIndirectLists() {
    command(SrpBufferFormat.NONE, 0, SrpBufferFormat.INDIRECT, 2);
    SrpDirectBuf.write(seg, 48, 0x1000, 1, 32);
    SrpIndirectBuf.totalLength(seg, 48, 300);
    SrpDirectBuf.write(seg, SrpIndirectBuf.entry(48, 0), 0x2000, 1, 100);
    SrpDirectBuf.write(seg, SrpIndirectBuf.entry(48, 1), 0x3000, 1, 200);
    assertThat(SrpCheck.check(seg, 0, 100, 0)).isNull();
    SrpIndirectBuf.totalLength(seg, 48, 301);
    assertThat(SrpCheck.check(seg, 0, 100, 0)).contains("data-in total length 301");
    SrpDirectBuf.length(seg, 48, 48);
    assertThat(SrpCheck.check(seg, 0, 100, 0)).isNull();
    SrpDirectBuf.length(seg, 48, 33);
    assertThat(SrpCheck.check(seg, 0, 100, 0)).contains("table of 33 bytes");
    SrpDirectBuf.length(seg, 48, 16);
    assertThat(SrpCheck.check(seg, 0, 100, 0)).contains("the table has 1");
    SrpDirectBuf.length(seg, 48, 32);
    SrpDirectBuf.length(seg, SrpIndirectBuf.entry(48, 0), 0xFFFF_FFFFL);
    assertThat(SrpCheck.check(seg, 0, 100, 0)).contains("have 4294967495");
  }

  @Test
  void shouldCheckImmediateDataAgainstTheLogin() {
    command(SrpBufferFormat.IMMEDIATE, 0, SrpBufferFormat.NONE, 0);
    SrpCmd.immediateLength(seg, SrpCmd.outDescriptor(seg, 0), 512);
    assertThat(SrpCheck.check(seg, 0, 580, 68)).isNull();
    assertThat(SrpCheck.check(seg, 0, 579, 68)).contains("512 bytes of immediate data");
    assertThat(SrpCheck.check(seg, 0, 580, 0)).contains("login did not agree");
    assertThat(SrpCheck.check(seg, 0, 580, 51)).contains("descriptors up to byte 52");
    assertThat(SrpCheck.check(seg, 0, 52, 68)).contains("but 0 are left");
  }

  @Test
  void shouldCheckTheDataOfResponsesWithoutOverflow() {
    SrpRsp.init(seg, 0, 0);
    SrpRsp.flags(seg, 0, SrpRsp.RESPONSE_VALID | SrpRsp.SENSE_VALID);
    SrpRsp.responseLength(seg, 0, 0xFFFF_FFFFL);
    SrpRsp.senseLength(seg, 0, 0xFFFF_FFFFL);
    assertThat(SrpCheck.check(seg, 0, 100, 0)).contains("4294967295 bytes of response data");
    SrpRsp.responseLength(seg, 0, 0);
    assertThat(SrpCheck.check(seg, 0, 100, 0)).contains("4294967295 bytes of sense data");
    SrpRsp.flags(seg, 0, 0);
    assertThat(SrpCheck.check(seg, 0, 36, 0)).isNull();
    SrpAerReq.init(seg, 0, 0);
    SrpAerReq.senseLength(seg, 0, 1);
    assertThat(SrpCheck.check(seg, 0, 36, 0)).contains("AER_REQ");
  }

  @Test
  void shouldThrowNothingForAnyBytes() {
    long seed = 20260101;
    Random random = new Random(seed);
    int accepted = 0;
    for (int i = 0; i < 200_000; i++) {
      int length = random.nextInt(300);
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      if (length > 0 && random.nextBoolean()) {
        bytes[0] = (byte) (random.nextBoolean() ? SrpOpcode.CMD : SrpOpcode.RSP);
      }
      // Exactly as long as the unit: a look beyond its end would throw.
      String fault = SrpCheck.check(MemorySegment.ofArray(bytes), 0, length, random.nextInt(80));
      accepted += fault == null ? 1 : 0;
    }
    assertThat(accepted).as("seed %d", seed).isBetween(1, 199_999);
  }
}
