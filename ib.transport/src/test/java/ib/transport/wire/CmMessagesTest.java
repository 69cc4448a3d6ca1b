// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CmMessagesTest {
  private final byte[] bytes = new byte[Mad.LENGTH + 8];
  private final MemorySegment seg = MemorySegment.ofArray(bytes);

  private int at(int offset) {
    return bytes[4 + Mad.HEADER_LENGTH + offset] & 0xFF;
  }

  @Test
  void shouldWriteTheMadHeaderAndClearTheRest() {
    new Random(1).nextBytes(bytes);
    byte before = bytes[3];
    byte after = bytes[4 + Mad.LENGTH];
    Mad.writeCm(seg, 4, CmMessage.REP, 0x0102030405060708L);
    assertThat(bytes[3]).isEqualTo(before);
    assertThat(bytes[4 + Mad.LENGTH]).isEqualTo(after);
    assertThat(seg.asSlice(4, 24).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE))
        .containsExactly(1, 7, 2, 3, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0x13, 0, 0, 0, 0, 0, 0);
    assertThat(seg.asSlice(28, 232).mismatch(MemorySegment.ofArray(new byte[232]))).isEqualTo(-1);
    assertThat(Mad.isCm(seg, 4, 256)).isTrue();
    assertThat(Mad.isCm(seg, 4, 255)).isFalse();
    Mad.CLASS_VERSION.set(seg, 4, 1);
    assertThat(Mad.isCm(seg, 4, 256)).isFalse();
  }

  @Test
  void shouldPackTheBitFieldsOfARequest() {
    CmReq.REMOTE_CM_RESPONSE_TIMEOUT.set(seg, 4, 20);
    CmReq.TRANSPORT.set(seg, 4, 0);
    CmReq.END_TO_END_FLOW_CONTROL.set(seg, 4, 1);
    assertThat(at(43)).isEqualTo(20 << 3 | 1);
    CmReq.LOCAL_CM_RESPONSE_TIMEOUT.set(seg, 4, 21);
    CmReq.RETRY_COUNT.set(seg, 4, 7);
    assertThat(at(47)).isEqualTo(21 << 3 | 7);
    CmReq.PATH_MTU.set(seg, 4, 3);
    CmReq.RNR_RETRY_COUNT.set(seg, 4, 6);
    assertThat(at(50)).isEqualTo(0x36);
    CmReq.MAX_CM_RETRIES.set(seg, 4, 15);
    CmReq.SRQ.set(seg, 4, 1);
    assertThat(at(51)).isEqualTo(0xF8);
    CmReq.PRIMARY_FLOW_LABEL.set(seg, 4, 0xABCDE);
    CmReq.PRIMARY_PACKET_RATE.set(seg, 4, 0x3F);
    assertThat(new int[] {at(88), at(89), at(90), at(91)}).containsExactly(0xAB, 0xCD, 0xE0, 0x3F);
    CmReq.PRIMARY_SL.set(seg, 4, 5);
    CmReq.PRIMARY_SUBNET_LOCAL.set(seg, 4, 1);
    assertThat(at(94)).isEqualTo(0x58);
    CmReq.PRIMARY_LOCAL_ACK_TIMEOUT.set(seg, 4, 14);
    assertThat(at(95)).isEqualTo(14 << 3);
    CmReq.ALTERNATE_LOCAL_ACK_TIMEOUT.set(seg, 4, 19);
    assertThat(at(139)).isEqualTo(19 << 3);
    CmReq.PRIVATE_DATA.set(seg, 4, new byte[] {9});
    assertThat(at(140)).isEqualTo(9);
    assertThat(CmReq.PRIMARY_FLOW_LABEL.get(seg, 4)).isEqualTo(0xABCDE);
    assertThat(CmReq.REMOTE_CM_RESPONSE_TIMEOUT.get(seg, 4)).isEqualTo(20);
  }

  @Test
  void shouldPackTheBitFieldsOfTheOtherMessages() {
    CmRep.TARGET_ACK_DELAY.set(seg, 4, 15);
    CmRep.FAILOVER_ACCEPTED.set(seg, 4, 2);
    CmRep.END_TO_END_FLOW_CONTROL.set(seg, 4, 1);
    CmRep.RNR_RETRY_COUNT.set(seg, 4, 7);
    CmRep.SRQ.set(seg, 4, 1);
    assertThat(at(26)).isEqualTo(15 << 3 | 2 << 1 | 1);
    assertThat(at(27)).isEqualTo(0xF0);
    CmRej.MESSAGE.set(seg, 4, 1);
    CmRej.INFO_LENGTH.set(seg, 4, 72);
    CmRej.REASON.set(seg, 4, 28);
    assertThat(new int[] {at(8), at(9), at(10), at(11)}).containsExactly(0x40, 72 << 1, 0, 28);
    CmMra.SERVICE_TIMEOUT.set(seg, 4, 30);
    assertThat(at(9) >> 3).isEqualTo(30);
    CmDreq.REMOTE_QPN.set(seg, 4, 0x123456);
    assertThat(new int[] {at(8), at(9), at(10)}).containsExactly(0x12, 0x34, 0x56);
  }

  @Test
  void shouldKeepEveryFieldOfEveryMessageApart() {
    for (int id = CmMessage.REQ; id <= CmMessage.APR; id++) {
      MadLayout layout = CmMessage.layout(id);
      assertThat(layout.attributeId()).isEqualTo(id);
      for (MadField field : layout.fields()) {
        java.util.Arrays.fill(bytes, (byte) 0);
        field.set(seg, 0, -1);
        assertThat(field.get(seg, 0)).as("%s %s", layout.name(), field).isNotZero();
        for (MadField other : layout.fields()) {
          if (other != field) {
            assertThat(other.get(seg, 0)).as("%s in %s", other, field).isZero();
          }
        }
        for (MadBytes block : layout.blocks()) {
          assertThat(block.get(seg, 0)).as("%s in %s", block, field).containsOnly(0);
        }
      }
      MadBytes last = layout.blocks().getLast();
      assertThat(last.offset() + last.length()).as(layout.name()).isEqualTo(Mad.LENGTH);
    }
    assertThat(CmMessage.layout(0x0F)).isNull();
    assertThat(CmMessage.layout(0x1B)).isNull();
    assertThat(CmMessage.name(0x1B)).isEqualTo("0x1b");
  }

  @Test
  void shouldRefusePrivateDataThatDoesNotFit() {
    assertThatThrownBy(() -> CmReq.PRIVATE_DATA.set(seg, 0, new byte[93]))
        .hasMessageContaining("93 bytes")
        .hasMessageContaining("92");
  }

  @Test
  void shouldReadAndWriteIpAddressing() {
    byte[] a = {10, 77, 0, 3};
    byte[] b = {10, 77, 0, 2};
    RdmaCmHeader.write(seg, 4, 0x90A4, a, b);
    assertThat(bytes[4]).isZero();
    assertThat(bytes[5]).isEqualTo((byte) 0x40);
    assertThat(bytes[4 + 16]).isEqualTo((byte) 10);
    assertThat(bytes[4 + 35]).isEqualTo((byte) 2);
    assertThat(RdmaCmHeader.isValid(seg, 4)).isTrue();
    assertThat(RdmaCmHeader.sourcePort(seg, 4)).isEqualTo(0x90A4);
    assertThat(RdmaCmHeader.source(seg, 4)).isEqualTo(a);
    assertThat(RdmaCmHeader.destination(seg, 4)).isEqualTo(b);
    byte[] v6 = new byte[16];
    v6[0] = (byte) 0xFD;
    RdmaCmHeader.write(seg, 4, 1, v6, v6);
    assertThat(RdmaCmHeader.ipVersion(seg, 4)).isEqualTo(6);
    assertThat(RdmaCmHeader.destination(seg, 4)).isEqualTo(v6);
    bytes[4] = 1;
    assertThat(RdmaCmHeader.isValid(seg, 4)).isFalse();
  }

  @Test
  void shouldMakeServiceIdsOfPorts() {
    assertThat(ServiceId.of(ServiceId.TCP, 0x1C06)).isEqualTo(0x0000_0000_0106_1C06L);
    assertThat(ServiceId.isRdmaCm(0x0106_1C06L)).isTrue();
    assertThat(ServiceId.isRdmaCm(0x1_0106_1C06L)).isFalse();
    assertThat(ServiceId.portSpace(0x0111_FFFFL)).isEqualTo(ServiceId.UDP);
    assertThat(ServiceId.port(0x0111_FFFFL)).isEqualTo(0xFFFF);
    assertThat(ServiceId.describe(0x0106_15B3L)).isEqualTo("00000000010615b3 (TCP port 5555)");
  }

  @Test
  void shouldSayWhyAndWhatToDo() {
    assertThat(RejReason.of(8)).isEqualTo(RejReason.INVALID_SERVICE_ID);
    assertThat(RejReason.describe(10)).contains("stale connection").contains("new queue pair");
    assertThat(RejReason.of(34)).isNull();
    assertThat(RejReason.describe(99)).isEqualTo("99 (not defined)");
  }
}
