// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.Gsi;
import ib.transport.PortCounter;
import ib.transport.PortQp;
import ib.transport.SendWqe;
import ib.transport.wire.Wire;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.WcFlags;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DatagramTest {
  private static final int QKEY = 0x0123_4567;

  private static Pair ready() throws RdmaException {
    Pair pair = new Pair(QpType.UD, SimHost.options());
    ready(pair.qpA);
    ready(pair.qpB);
    return pair;
  }

  private static void ready(PortQp qp) throws RdmaException {
    qp.modify(new QpAttributes().state(QpState.INIT).qkey(QKEY));
    qp.modify(new QpAttributes().state(QpState.RTR));
    qp.modify(new QpAttributes().state(QpState.RTS).sqPsn(5));
  }

  private static void address(Pair pair, SendWqe wqe, int qkey) {
    wqe.setDatagram(0, pair.b.low, Pair.QPN_B, qkey);
    wqe.setImmediate(0xCAFE_BABE);
  }

  @Test
  void shouldSendDatagramsWithAnIpv4HeaderInFrontOfThePayload() throws Exception {
    Pair pair = ready();
    pair.backendB.postReceive(1000, 40 + 4096);
    pair.backendA.post(
        WrOpcode.SEND_WITH_IMM,
        50,
        333,
        wqe -> {
          address(pair, wqe, QKEY);
          wqe.setFlags(false, true, false);
        });
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.backendA.sendDone)
        .containsExactly(new SimBackend.SendDone(0, false, WcStatus.SUCCESS, WcOpcode.SEND, 333));
    assertThat(pair.backendB.receiveDone)
        .containsExactly(
            new SimBackend.ReceiveDone(
                0,
                WcStatus.SUCCESS,
                WcOpcode.RECV,
                373,
                WcFlags.WITH_IMM,
                0xCAFE_BABE,
                Pair.QPN_A,
                true));
    assertThat(Pair.bytes(pair.b.memory, 1040, 333)).isEqualTo(Pair.bytes(pair.a.memory, 50, 333));
    MemorySegment header = pair.b.memory.segment.asSlice(1020, 20);
    assertThat(Wire.u8(header, 0)).isEqualTo(0x45);
    assertThat(Wire.u16(header, 2)).isEqualTo(20 + 8 + pair.log.getFirst().bytes().length);
    assertThat(Wire.u32(header, 12)).isEqualTo((int) pair.a.low);
    assertThat(Wire.u32(header, 16)).isEqualTo((int) pair.b.low);
    int sum = 0;
    for (int i = 0; i < 20; i += 2) {
      sum += Wire.u16(header, i);
    }
    assertThat((sum & 0xFFFF) + (sum >>> 16)).isEqualTo(0xFFFF);
  }

  @Test
  void shouldPutAnIpv6HeaderInFrontOfADatagramOverIpv6() {
    GrhArea grh = new GrhArea(false);
    Inbound packet = new Inbound();
    packet.destHigh = 0x2001_0db8_0000_0000L;
    packet.destLow = 2;
    packet.sourceHigh = 0x2001_0db8_0000_0000L;
    packet.sourceLow = 1;
    packet.offset = 100;
    packet.payloadOffset = 100 + 20;
    packet.payloadBytes = 5;
    grh.fill(packet);
    assertThat(Wire.u8(grh.segment(), 0) >>> 4).isEqualTo(6);
    assertThat(Wire.u16(grh.segment(), 4)).isEqualTo(8 + 20 + 5 + 3 + 4);
    assertThat(Wire.u8(grh.segment(), 6)).isEqualTo(17);
    assertThat(Wire.u64(grh.segment(), 16)).isEqualTo(1);
    assertThat(Wire.u64(grh.segment(), 32)).isEqualTo(2);
  }

  @Test
  void shouldUseTheQueuePairsOwnKeyWhenTheTopBitIsSet() throws Exception {
    Pair pair = ready();
    pair.backendB.postReceive(0, 100);
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> address(pair, wqe, 0x8000_0000));
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.backendB.receiveDone).hasSize(1);
  }

  @Test
  void shouldCountDatagramsWithAWrongKeyOrNoRoom() throws Exception {
    Pair pair = ready();
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> address(pair, wqe, QKEY));
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.b.engine.counter(PortCounter.DROPPED_UD_NO_RECV)).isEqualTo(1);
    pair.backendB.postReceive(0, 60);
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> address(pair, wqe, QKEY + 1));
    pair.backendA.post(WrOpcode.SEND, 0, 21, wqe -> address(pair, wqe, QKEY));
    pair.backendA.post(WrOpcode.SEND, 0, 20, wqe -> address(pair, wqe, QKEY));
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.b.engine.counter(PortCounter.DROPPED_QKEY)).isEqualTo(1);
    assertThat(pair.b.engine.counter(PortCounter.DROPPED_UD_NO_RECV)).isEqualTo(2);
    assertThat(pair.backendB.receiveDone).hasSize(1);
    assertThat(pair.backendB.receiveDone.getFirst().lengthBytes()).isEqualTo(60);
  }

  @Test
  void shouldFailADatagramLongerThanThePortsMtuAndFlushTheRest() throws Exception {
    Pair pair = ready();
    pair.backendA.post(WrOpcode.SEND, 0, 4097, wqe -> address(pair, wqe, QKEY));
    pair.backendA.post(WrOpcode.SEND, 0, 1, wqe -> address(pair, wqe, QKEY));
    pair.backendA.postReceive(0, 100);
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(WcStatus.LOC_LEN_ERR, WcStatus.WR_FLUSH_ERR);
    assertThat(pair.qpA.state()).isEqualTo(QpState.SQE);
    assertThat(pair.backendA.fatal).isEmpty();
    assertThat(pair.backendA.events).containsExactly("SQE");
    // What is posted in SQE is flushed too, while receives go on.
    pair.backendA.post(WrOpcode.SEND, 0, 1, wqe -> address(pair, wqe, QKEY));
    pair.qpA.kickSend();
    pair.backendB.post(
        WrOpcode.SEND, 0, 10, wqe -> wqe.setDatagram(0, pair.a.low, Pair.QPN_A, QKEY));
    pair.qpB.kickSend();
    pair.settle();
    assertThat(pair.backendA.sendDone.getLast().status()).isEqualTo(WcStatus.WR_FLUSH_ERR);
    assertThat(pair.backendA.receiveDone)
        .extracting(SimBackend.ReceiveDone::status)
        .containsExactly(WcStatus.SUCCESS);
    // And the send queue can be used again.
    pair.qpA.modify(new QpAttributes().state(QpState.RTS));
    pair.backendA.post(WrOpcode.SEND, 0, 1, wqe -> address(pair, wqe, QKEY));
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.backendA.sendDone.getLast().status()).isEqualTo(WcStatus.SUCCESS);
  }

  @Test
  void shouldExchangeManagementDatagramsAndBoundTheirQueue() {
    Pair pair = new Pair(QpType.UD, SimHost.options());
    byte[] mad = new byte[Gsi.MAD_BYTES];
    new Random(3).nextBytes(mad);
    List<byte[]> got = new ArrayList<>();
    pair.b
        .engine
        .gsi()
        .setHandler(
            (high, low, qpn, segment, offset, length) -> {
              assertThat(low).isEqualTo(pair.a.low);
              assertThat(qpn).isEqualTo(1);
              got.add(segment.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE));
            });
    int taken = 0;
    while (pair.a.engine.gsi().send(0, pair.b.low, MemorySegment.ofArray(mad), 0)) {
      taken++;
    }
    assertThat(taken).isBetween(16, 1024);
    pair.settle();
    assertThat(got).hasSize(taken).allMatch(bytes -> java.util.Arrays.equals(bytes, mad));
    assertThat(pair.a.engine.gsi().send(0, pair.b.low, MemorySegment.ofArray(mad), 0)).isTrue();
  }
}
