// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.PortCounter;
import ib.transport.wire.Bth;
import ib.transport.wire.Opcode;
import ib.transport.wire.Wire;
import ib.verbs.AccessFlags;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BadPacketTest {
  private static final int PSN = 0xFF_FFF0;

  private enum Bad {
    EMPTY(PortCounter.DROPPED_SHORT, (pair, packet) -> deliver(pair, packet, 0)),
    SHORTER_THAN_BTH(PortCounter.DROPPED_SHORT, (pair, packet) -> deliver(pair, packet, 12)),
    ODD_LENGTH(PortCounter.DROPPED_SHORT, (pair, packet) -> deliver(pair, packet, 19)),
    CUT(PortCounter.DROPPED_ICRC, (pair, packet) -> deliver(pair, packet, 20)),
    SHORTER_THAN_HEADERS(
        PortCounter.DROPPED_SHORT,
        (pair, packet) ->
            Crafted.request(Opcode.ACK, Pair.QPN_B, PSN, 0)
                .with(bytes -> Wire.u8(bytes, 0, Opcode.READ_REQUEST))
                .deliver(pair)),
    SHORTER_THAN_PAD(
        PortCounter.DROPPED_SHORT,
        (pair, packet) ->
            Crafted.request(Opcode.SEND_ONLY, Pair.QPN_B, PSN, 0)
                .with(bytes -> Bth.padCount(bytes, 0, 3))
                .deliver(pair)),
    ACK_WITH_PAYLOAD(
        PortCounter.DROPPED_SHORT,
        (pair, packet) ->
            Crafted.request(Opcode.SEND_ONLY, Pair.QPN_B, PSN, 40)
                .with(bytes -> Wire.u8(bytes, 0, Opcode.ACK))
                .deliver(pair)),
    WRONG_ICRC(
        PortCounter.DROPPED_ICRC,
        (pair, packet) -> {
          packet.bytes()[packet.bytes().length - 2] ^= 1;
          pair.b.receive(packet, true, pair.nowNs);
        }),
    WRONG_ICRC_WITHOUT_IDENTIFICATION(
        PortCounter.DROPPED_ICRC,
        (pair, packet) -> {
          packet.bytes()[30] ^= 1;
          pair.b.receive(packet, false, pair.nowNs);
        }),
    UNKNOWN_OPCODE(
        PortCounter.DROPPED_OPCODE,
        (pair, packet) -> changed(pair, packet, bytes -> Wire.u8(bytes, 0, 0x15))),
    OPCODE_OF_ANOTHER_TRANSPORT(
        PortCounter.DROPPED_OPCODE,
        (pair, packet) -> changed(pair, packet, bytes -> Wire.u8(bytes, 0, 0x24))),
    VERSION(
        PortCounter.DROPPED_OPCODE,
        (pair, packet) -> changed(pair, packet, bytes -> Bth.version(bytes, 0, 1))),
    UNKNOWN_QPN(
        PortCounter.DROPPED_QPN,
        (pair, packet) -> changed(pair, packet, bytes -> Wire.u24(bytes, 5, Pair.QPN_B + 1))),
    OTHER_PKEY(
        PortCounter.DROPPED_PKEY,
        (pair, packet) -> changed(pair, packet, bytes -> Wire.u16(bytes, 2, 0x8001))),
    OTHER_SOURCE(
        PortCounter.DROPPED_ADDRESS,
        (pair, packet) ->
            pair.b.receive(
                Crafted.copyOf(packet).from(pair.a.low + 7, pair.b.low), true, pair.nowNs));

    private final PortCounter counter;
    private final BiConsumer<Pair, SimPacket> deliver;

    Bad(PortCounter counter, BiConsumer<Pair, SimPacket> deliver) {
      this.counter = counter;
      this.deliver = deliver;
    }

    private static void deliver(Pair pair, SimPacket packet, int length) {
      byte[] cut = Arrays.copyOf(packet.bytes(), length);
      pair.b.receive(
          new SimPacket(packet.sourceLow(), packet.destLow(), packet.ipId(), cut),
          true,
          pair.nowNs);
    }

    private static void changed(
        Pair pair,
        SimPacket packet,
        java.util.function.Consumer<java.lang.foreign.MemorySegment> change) {
      Crafted.copyOf(packet).with(change).deliver(pair);
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldCountBadPacketsByCauseAndDropThem(Bad bad) throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.backendB.postReceive(0, 100);
    Crafted good = Crafted.request(Opcode.SEND_ONLY, Pair.QPN_B, PSN, 40);
    bad.deliver.accept(pair, good.from(pair.a.low, pair.b.low));
    pair.settle();
    for (PortCounter counter : PortCounter.values()) {
      if (counter.name().startsWith("DROPPED") || counter == PortCounter.RCVD_PKTS) {
        assertThat(pair.b.engine.counter(counter))
            .as("%s", counter)
            .isEqualTo(counter == bad.counter ? 1 : 0);
      }
    }
    assertThat(pair.log).isEmpty();
    assertThat(pair.backendB.receiveDone).isEmpty();
    assertThat(pair.qpB.state()).isEqualTo(QpState.RTS);
  }

  @Test
  void shouldTakeTheUnspoiledPacketOfTheseTests() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.backendB.postReceive(0, 100);
    Crafted.request(Opcode.SEND_ONLY, Pair.QPN_B, PSN, 40).deliver(pair);
    assertThat(pair.backendB.receiveDone).hasSize(1);
    assertThat(pair.b.engine.counter(PortCounter.RCVD_PKTS)).isEqualTo(1);
  }

  @Test
  void shouldTakeNoPacketsBeforeRtrAndInError() throws Exception {
    Pair pair = new Pair(QpType.RC, SimHost.options());
    Crafted.request(Opcode.SEND_ONLY, Pair.QPN_B, PSN, 40).deliver(pair);
    pair.qpB.modify(new QpAttributes().state(QpState.INIT).accessFlags(AccessFlags.ALL));
    Crafted.request(Opcode.SEND_ONLY, Pair.QPN_B, PSN, 40).deliver(pair);
    pair.qpB.modify(new QpAttributes().state(QpState.ERR));
    Crafted.request(Opcode.SEND_ONLY, Pair.QPN_B, PSN, 40).deliver(pair);
    assertThat(pair.b.engine.counter(PortCounter.DROPPED_STATE)).isEqualTo(3);
  }

  @Test
  void shouldTakeACongestionNotificationAndLimitedMembers() throws Exception {
    Pair pair = Pair.connected(a -> a);
    Crafted.request(Opcode.CNP, Pair.QPN_B, 0, 0).deliver(pair);
    Crafted.request(Opcode.CNP, Pair.QPN_B, 0, 0)
        .with(bytes -> Wire.u16(bytes, 2, 0x7FFF))
        .deliver(pair);
    assertThat(pair.b.engine.counter(PortCounter.RCVD_PKTS)).isEqualTo(2);
  }

  @Test
  void shouldShowAllPacketsToTheTapAndOutliveOneThatThrows() throws Exception {
    Pair pair = Pair.connected(a -> a);
    List<Integer> ids = new ArrayList<>();
    pair.b.engine.setTap(
        (sent, high, low, port, destHigh, destLow, ipId, packet, offset, length) -> {
          assertThat(sent).isFalse();
          assertThat(low).isEqualTo(pair.a.low);
          assertThat(destLow).isEqualTo(pair.b.low);
          assertThat(length).isEqualTo(56 + 4);
          ids.add(ipId);
          throw new IllegalStateException("a tap that throws");
        });
    pair.backendB.postReceive(0, 100);
    Crafted good = Crafted.request(Opcode.SEND_ONLY, Pair.QPN_B, PSN, 44);
    pair.b.receive(good.from(pair.a.low, pair.b.low), false, pair.nowNs);
    SimPacket bad = good.from(pair.a.low, pair.b.low);
    bad.bytes()[50] ^= 2;
    pair.b.receive(bad, false, pair.nowNs);
    assertThat(ids).containsExactly(7, 0);
    assertThat(pair.b.engine.counter(PortCounter.TAP_ERRORS)).isEqualTo(2);
    assertThat(pair.backendB.receiveDone).hasSize(1);
  }

  @Test
  void shouldIgnoreAnswersToNothing() throws Exception {
    Pair pair = Pair.connected(a -> a);
    for (int psn : new int[] {PSN - 1, PSN, PSN + 1, 0}) {
      Crafted.request(Opcode.ACK, Pair.QPN_A, psn, 0)
          .with(bytes -> Wire.u8(bytes, Bth.LENGTH, 0x62))
          .deliverToA(pair);
      Crafted.request(Opcode.READ_RESPONSE_ONLY, Pair.QPN_A, psn, 8).deliverToA(pair);
    }
    pair.settle();
    assertThat(pair.qpA.state()).isEqualTo(QpState.RTS);
    assertThat(pair.log).isEmpty();
  }
}
