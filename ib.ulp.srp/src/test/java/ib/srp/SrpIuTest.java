// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class SrpIuTest {
  private final byte[] bytes = new byte[512];
  private final MemorySegment seg = MemorySegment.ofArray(bytes);

  private String hex(int from, int length) {
    return HexFormat.of().formatHex(bytes, from, from + length);
  }

  private static byte[] portId(int first) {
    byte[] id = new byte[16];
    for (int i = 0; i < 16; i++) {
      id[i] = (byte) (first + i);
    }
    return id;
  }

  @Test
  void shouldLayOutTheLoginRequestInBothForms() {
    SrpLoginReqCm.init(seg, 0, 0x1122334455667788L);
    SrpLoginReqCm.bufferFormats(seg, 0, 6);
    SrpLoginReqCm.flags(seg, 0, SrpLoginReq.ACTION_MULTI | SrpLoginReq.IMMEDIATE_DATA);
    SrpLoginReqCm.maxInitiatorToTarget(seg, 0, 276);
    SrpLoginReqCm.initiatorPortId(seg, 0, portId(0x10));
    SrpLoginReqCm.targetPortId(seg, 0, portId(0x30));
    SrpLoginReqCm.immediateOffset(seg, 0, 68);
    assertThat(hex(8, 8)).isEqualTo("0006810000000114");
    assertThat(hex(16, 16)).isEqualTo(HexFormat.of().formatHex(portId(0x10)));
    assertThat(hex(48, 8)).isEqualTo("0044000000000000");

    SrpLoginReqCm.toLoginReq(seg, 0, seg, 100);
    assertThat(hex(100, 8)).isEqualTo("0000000000000000");
    assertThat(hex(108, 8)).isEqualTo(hex(0, 8));
    assertThat(hex(116, 16)).isEqualTo("00000114000000000006810000440000");
    assertThat(hex(132, 16)).isEqualTo(HexFormat.of().formatHex(portId(0x10)));
    assertThat(hex(148, 16)).isEqualTo(HexFormat.of().formatHex(portId(0x30)));
    assertThat(SrpCheck.check(seg, 100, 64, 0)).isNull();
    assertThat(SrpCheck.checkLoginCm(seg, 0, 56)).isNull();
  }

  @Test
  void shouldLayOutTheLoginAnswers() {
    SrpLoginRsp.init(seg, 0, 0);
    SrpLoginRsp.requestLimitDelta(seg, 0, 128);
    SrpLoginRsp.maxInitiatorToTarget(seg, 0, 0x2054);
    SrpLoginRsp.maxTargetToInitiator(seg, 0, 276);
    SrpLoginRsp.bufferFormats(seg, 0, 6);
    assertThat(hex(0, 28))
        .isEqualTo("c000000000000080" + "0000000000000000" + "0000205400000114" + "00060000");
    SrpLoginRej.init(seg, 100, 0);
    SrpLoginRej.reason(seg, 100, LoginRejReason.INSUFFICIENT_RESOURCES.code());
    SrpLoginRej.bufferFormats(seg, 100, 6);
    assertThat(hex(100, 32))
        .isEqualTo(
            "c200000000010001" + "0000000000000000" + "0000000000000000" + "0006000000000000");
  }

  @Test
  void shouldEchoATagUnchanged() {
    byte[] tag = {1, 2, 3, 4, 5, 6, 7, (byte) 0x80};
    System.arraycopy(tag, 0, bytes, 8, 8);
    SrpRsp.init(seg, 64, SrpIu.tag(seg, 0));
    assertThat(Arrays.copyOfRange(bytes, 72, 80)).isEqualTo(tag);
    SrpTskMgmt.taskTag(seg, 128, SrpIu.tag(seg, 0));
    assertThat(Arrays.copyOfRange(bytes, 160, 168)).isEqualTo(tag);
  }

  @Test
  void shouldLayOutACommandWithAllItsParts() {
    SrpCmd.init(seg, 0, 0);
    SrpCmd.formats(seg, 0, SrpBufferFormat.INDIRECT, SrpBufferFormat.DIRECT);
    SrpCmd.outCount(seg, 0, 2);
    SrpCmd.inCount(seg, 0, 1);
    SrpCmd.lun(seg, 0, SrpLun.encode(3));
    SrpCmd.additionalCdbField(seg, 0, 16 | 3);
    assertThat(hex(0, 8)).isEqualTo("0200000000210201");
    assertThat(hex(20, 8)).isEqualTo("0003000000000000");
    assertThat(SrpCmd.additionalCdbLength(seg, 0)).isEqualTo(16);
    assertThat(SrpCmd.outDescriptor(seg, 0)).isEqualTo(64);
    assertThat(SrpCmd.inDescriptor(seg, 0)).isEqualTo(64 + 20 + 32);
    assertThat(SrpCmd.descriptorsEnd(seg, 0)).isEqualTo(132);
    SrpDirectBuf.write(seg, SrpIndirectBuf.table(64), 0x1000, 7, 32);
    SrpIndirectBuf.totalLength(seg, 64, 0x3000);
    SrpDirectBuf.write(seg, SrpIndirectBuf.entry(64, 0), 0x2000, 8, 0x1000);
    SrpDirectBuf.write(seg, SrpIndirectBuf.entry(64, 1), 0x5000, 8, 0x2000);
    assertThat(hex(64, 20)).isEqualTo("0000000000001000" + "00000007" + "00000020" + "00003000");
    assertThat(hex(100, 16)).isEqualTo("0000000000005000" + "00000008" + "00002000");
    assertThat(SrpIndirectBuf.tableEntries(seg, 64)).isEqualTo(2);
    assertThat(SrpCheck.check(seg, 0, 132, 0)).isNull();
  }

  @Test
  void shouldPutSenseAfterResponseData() {
    SrpRsp.init(seg, 0, 0);
    SrpRsp.taskResponse(seg, 0, SrpRsp.TASK_FAILED);
    assertThat(SrpRsp.taskResponse(seg, 0)).isEqualTo(SrpRsp.TASK_FAILED);
    SrpRsp.flags(seg, 0, SrpRsp.RESPONSE_VALID | SrpRsp.SENSE_VALID);
    SrpRsp.senseLength(seg, 0, 18);
    assertThat(SrpRsp.senseData(seg, 0)).isEqualTo(40);
    assertThat(SrpCheck.check(seg, 0, 58, 0)).isNull();
    assertThat(SrpCheck.check(seg, 0, 57, 0)).contains("18 bytes of sense data").contains("17");
    SrpRsp.flags(seg, 0, SrpRsp.SENSE_VALID);
    assertThat(SrpRsp.senseData(seg, 0)).isEqualTo(36);
    SrpRsp.requestLimitDelta(seg, 0, -2);
    assertThat(SrpRsp.requestLimitDelta(seg, 0)).isEqualTo(-2);
  }

  @Test
  void shouldLayOutTheShortUnits() {
    SrpLogout.initInitiator(seg, 0, 0);
    assertThat(bytes[0]).isEqualTo((byte) 3);
    SrpLogout.initTarget(seg, 0, 0, SrpLogout.MULTI_CHANNEL_ACTION);
    assertThat(hex(0, 8)).isEqualTo("8000000000000004");
    SrpCred.initRequest(seg, 0, 0, 5);
    assertThat(hex(0, 8)).isEqualTo("8100000000000005");
    SrpCred.initResponse(seg, 0, 0);
    assertThat(hex(0, 8)).isEqualTo("4100000000000000");
    SrpTskMgmt.init(seg, 0, 0);
    SrpTskMgmt.function(seg, 0, SrpTskMgmt.LUN_RESET);
    SrpTskMgmt.lun(seg, 0, SrpLun.encode(0x234));
    assertThat(hex(20, 12)).isEqualTo("4234000000000000" + "00000800");
  }

  @Test
  void shouldConvertLogicalUnitNumbers() {
    for (int lun : new int[] {0, 1, 255, 256, SrpLun.MAX}) {
      assertThat(SrpLun.decode(SrpLun.encode(lun))).isEqualTo(lun);
    }
    assertThat(SrpLun.decode(0x0001_0001_0000_0000L)).isEqualTo(SrpLun.UNKNOWN);
    assertThat(SrpLun.decode(0xC101_0000_0000_0000L)).isEqualTo(SrpLun.UNKNOWN);
    assertThatThrownBy(() -> SrpLun.encode(SrpLun.MAX + 1)).hasMessageContaining("16384");
  }

  @Test
  void shouldSayWhyALoginWasRefused() {
    assertThat(LoginRejReason.describe(0x10003)).contains("0x10003").contains("id_ext");
    assertThat(LoginRejReason.describe(7)).isEqualTo("0x7 (not defined)");
  }
}
