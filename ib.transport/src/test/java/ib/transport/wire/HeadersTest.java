// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class HeadersTest {
  private final byte[] bytes = new byte[64];
  private final MemorySegment seg = MemorySegment.ofArray(bytes);

  @Test
  void shouldLayOutTheBaseTransportHeader() {
    Bth.write(seg, 1, Opcode.UD_SEND_ONLY, true, 3, 0x8001, 0x123456, true, 0xABCDEF);
    assertThat(bytes)
        .startsWith(0, 0x64, 0xF0, 0x80, 0x01, 0, 0x12, 0x34, 0x56, 0x80, 0xAB, 0xCD, 0xEF, 0);
    assertThat(Bth.opcode(seg, 1)).isEqualTo(0x64);
    assertThat(Bth.solicited(seg, 1)).isTrue();
    assertThat(Bth.migReq(seg, 1)).isTrue();
    assertThat(Bth.padCount(seg, 1)).isEqualTo(3);
    assertThat(Bth.version(seg, 1)).isZero();
    assertThat(Bth.pkey(seg, 1)).isEqualTo(0x8001);
    assertThat(Bth.destQp(seg, 1)).isEqualTo(0x123456);
    assertThat(Bth.ackReq(seg, 1)).isTrue();
    assertThat(Bth.psn(seg, 1)).isEqualTo(0xABCDEF);
  }

  @Test
  void shouldChangeSingleBitsOfTheBaseTransportHeader() {
    Bth.write(seg, 0, Opcode.ACK, false, 0, 0xFFFF, 1, false, 0);
    Bth.migReq(seg, 0, false);
    Bth.padCount(seg, 0, 2);
    Bth.version(seg, 0, 5);
    Bth.ackReq(seg, 0, true);
    Bth.ackReserved(seg, 0, 0x15);
    Bth.ecnByte(seg, 0, 0xC1);
    assertThat(bytes).startsWith(0x11, 0x25, 0xFF, 0xFF, 0xC1, 0, 0, 1, 0x95, 0, 0, 0);
    assertThat(Bth.fecn(seg, 0)).isTrue();
    assertThat(Bth.becn(seg, 0)).isTrue();
    assertThat(Bth.migReq(seg, 0)).isFalse();
    assertThat(Bth.ackReserved(seg, 0)).isEqualTo(0x15);
  }

  @Test
  void shouldLayOutTheExtendedHeaders() {
    Reth.write(seg, 0, 0x0102030405060708L, 0xA0A1A2A3, 0xFFFF_FFFEL);
    assertThat(bytes)
        .startsWith(1, 2, 3, 4, 5, 6, 7, 8, 0xA0, 0xA1, 0xA2, 0xA3, 0xFF, 0xFF, 0xFF, 0xFE, 0);
    assertThat(Reth.dmaLength(seg, 0)).isEqualTo(0xFFFF_FFFEL);
    assertThat(Reth.va(seg, 0)).isEqualTo(0x0102030405060708L);
    assertThat(Reth.rKey(seg, 0)).isEqualTo(0xA0A1A2A3);

    Deth.write(seg, 0, 0x80010000, 0x123456);
    assertThat(bytes).startsWith(0x80, 1, 0, 0, 0, 0x12, 0x34, 0x56);

    AtomicEth.write(seg, 0, 1, 2, 3, 4);
    assertThat(AtomicEth.va(seg, 0)).isEqualTo(1);
    assertThat(AtomicEth.rKey(seg, 0)).isEqualTo(2);
    assertThat(AtomicEth.swapOrAdd(seg, 0)).isEqualTo(3);
    assertThat(AtomicEth.compare(seg, 0)).isEqualTo(4);
    assertThat(bytes[27]).isEqualTo((byte) 4);

    Aeth.write(seg, 0, Aeth.NAK_INVALID_REQUEST, 0x00FFEE);
    assertThat(bytes).startsWith(0x61, 0, 0xFF, 0xEE);
    ImmDt.write(seg, 0, 0xCAFEBABE);
    assertThat(bytes).startsWith(0xCA, 0xFE, 0xBA, 0xBE);
  }
}
