// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class CodesTest {
  @Test
  void shouldWrapSequenceNumbersAt24Bits() {
    assertThat(Psn.next(0xFFFFFF)).isZero();
    assertThat(Psn.add(5, -6)).isEqualTo(0xFFFFFF);
    assertThat(Psn.diff(0, 0xFFFFFF)).isEqualTo(1);
    assertThat(Psn.diff(0xFFFFFF, 0)).isEqualTo(-1);
    assertThat(Psn.diff(0x800000, 0)).isEqualTo(-0x800000);
    assertThat(Psn.isAfter(2, 0xFFFFF0)).isTrue();
    assertThat(Psn.isBefore(0xFFFFF0, 2)).isTrue();
    assertThat(Psn.isBefore(2, 2)).isFalse();
  }

  @Test
  void shouldCountPacketsOfAMessage() {
    assertThat(Psn.packets(0, 1024)).isEqualTo(1);
    assertThat(Psn.packets(1024, 1024)).isEqualTo(1);
    assertThat(Psn.packets(1025, 1024)).isEqualTo(2);
    assertThat(Psn.packets(0x8000_0000L, 256)).isEqualTo(1 << 23);
  }

  @Test
  void shouldConvertPathMtuCodes() {
    for (int code = 1; code <= 5; code++) {
      assertThat(PathMtu.code(PathMtu.bytes(code))).isEqualTo(code);
    }
    assertThat(PathMtu.bytes(PathMtu.MTU_4096)).isEqualTo(4096);
    assertThatThrownBy(() -> PathMtu.bytes(6)).hasMessageContaining("use 1..5");
    assertThatThrownBy(() -> PathMtu.code(1000)).hasMessageContaining("1000");
    assertThatThrownBy(() -> PathMtu.code(8192)).hasMessageContaining("8192");
    assertThatThrownBy(() -> PathMtu.code(0)).hasMessageContaining("path MTU 0");
  }

  @Test
  void shouldChooseThePathMtuThatALinkCarries() {
    assertThat(PathMtu.codeForLinkMtu(1500)).isEqualTo(PathMtu.MTU_1024);
    assertThat(PathMtu.codeForLinkMtu(4179)).isEqualTo(PathMtu.MTU_2048);
    assertThat(PathMtu.codeForLinkMtu(4180)).isEqualTo(PathMtu.MTU_4096);
    assertThat(PathMtu.codeForLinkMtu(65536)).isEqualTo(PathMtu.MTU_4096);
    assertThat(PathMtu.codeForLinkMtu(339)).isZero();
  }

  @Test
  void shouldConvertRnrTimers() {
    assertThat(RnrTimer.delayNs(0)).isEqualTo(655_360_000L);
    assertThat(RnrTimer.delayNs(1)).isEqualTo(10_000L);
    assertThat(RnrTimer.delayNs(12)).isEqualTo(640_000L);
    assertThat(RnrTimer.delayNs(31)).isEqualTo(491_520_000L);
    for (int code = 0; code <= RnrTimer.MAX_CODE; code++) {
      assertThat(RnrTimer.codeFor(RnrTimer.delayNs(code))).isEqualTo(code);
    }
    assertThat(RnrTimer.codeFor(650_000)).isEqualTo(13);
  }

  @Test
  void shouldConvertTimeoutCodes() {
    assertThat(TimeoutCode.toNs(14)).isEqualTo(67_108_864L);
    assertThat(TimeoutCode.toNs(19)).isEqualTo(2_147_483_648L);
    assertThat(TimeoutCode.codeFor(67_108_864L)).isEqualTo(14);
    assertThat(TimeoutCode.codeFor(67_108_865L)).isEqualTo(15);
    assertThat(TimeoutCode.codeFor(Long.MAX_VALUE)).isEqualTo(31);
  }

  @Test
  void shouldTellSyndromesApart() {
    assertThat(Aeth.isAck(Aeth.ACK_NO_CREDITS)).isTrue();
    assertThat(Aeth.isRnrNak(Aeth.rnrNak(12))).isTrue();
    assertThat(Aeth.rnrTimerCode(Aeth.rnrNak(12))).isEqualTo(12);
    assertThat(Aeth.isNak(Aeth.NAK_REMOTE_ACCESS_ERROR)).isTrue();
    assertThat(Aeth.isAck(0x40) || Aeth.isNak(0x40) || Aeth.isRnrNak(0x40)).isFalse();
    assertThat(Aeth.describe(0x40)).contains("0x40");
  }

  @Test
  void shouldKnowWhatFollowsEachOpcode() {
    assertThat(Opcode.headerLength(Opcode.SEND_ONLY)).isEqualTo(12);
    assertThat(Opcode.headerLength(Opcode.WRITE_ONLY_IMM)).isEqualTo(32);
    assertThat(Opcode.headerLength(Opcode.READ_RESPONSE_MIDDLE)).isEqualTo(12);
    assertThat(Opcode.headerLength(Opcode.READ_RESPONSE_LAST)).isEqualTo(16);
    assertThat(Opcode.headerLength(Opcode.ATOMIC_ACK)).isEqualTo(24);
    assertThat(Opcode.headerLength(Opcode.FETCH_ADD)).isEqualTo(40);
    assertThat(Opcode.headerLength(Opcode.SEND_LAST_INV)).isEqualTo(16);
    assertThat(Opcode.headerLength(Opcode.UD_SEND_ONLY_IMM)).isEqualTo(24);
    assertThat(Opcode.headerLength(Opcode.FLUSH)).isEqualTo(32);
    assertThat(Opcode.headerLength(Opcode.CNP)).isEqualTo(28);
    assertThat(Opcode.rethOffset(Opcode.FLUSH)).isEqualTo(16);
    assertThat(Opcode.lastHeaderOffset(Opcode.WRITE_ONLY_IMM)).isEqualTo(28);
    assertThat(Opcode.name(Opcode.UC | Opcode.WRITE_LAST_IMM)).isEqualTo("UC_WRITE_LAST_IMM");
  }

  @Test
  void shouldSayNoForUnknownOpcodes() {
    for (int opcode : new int[] {0x15, 0x1E, 0x2C, 0x40, 0x60, 0x80, 0xFF}) {
      assertThat(Opcode.isKnown(opcode)).as("%#x", opcode).isFalse();
      assertThat(Opcode.headerLength(opcode)).isZero();
      assertThat(Opcode.isStart(opcode) || Opcode.isEnd(opcode) || Opcode.hasReth(opcode))
          .isFalse();
    }
    assertThat(Opcode.name(0x15)).isEqualTo("0x15");
  }

  @Test
  void shouldPutEachOpcodeInOnePlaceOfItsMessage() {
    for (int opcode = 0; opcode < 256; opcode++) {
      int places =
          (Opcode.isFirst(opcode) ? 1 : 0)
              + (Opcode.isMiddle(opcode) ? 1 : 0)
              + (Opcode.isLast(opcode) ? 1 : 0)
              + (Opcode.isOnly(opcode) ? 1 : 0);
      assertThat(places).as("%#x", opcode).isEqualTo(Opcode.isKnown(opcode) ? 1 : 0);
    }
  }
}
