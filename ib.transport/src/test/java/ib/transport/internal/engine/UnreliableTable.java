// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.PortCounter;
import ib.transport.PortQp;
import ib.transport.wire.Bth;
import ib.transport.wire.Deth;
import ib.transport.wire.Opcode;
import ib.transport.wire.Wire;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.function.Consumer;

/** Unreliable connections and datagram queue pairs, and what must come of a wrong packet to one. */
abstract class UnreliableTable {
  static final int PSN = 0xFF_FFFD;
  static final int MTU = 1024;
  static final int QKEY = 0x1234;
  static final int ONLY = Opcode.UC_SEND_ONLY;

  static void op(MemorySegment bytes, int opcode) {
    Wire.u8(bytes, 0, opcode);
  }

  static Pair connected(int rights) throws RdmaException {
    Pair pair = new Pair(QpType.UC, SimHost.options());
    toRts(pair.qpA, pair.b.address, Pair.QPN_B, rights);
    toRts(pair.qpB, pair.a.address, Pair.QPN_A, rights);
    return pair;
  }

  static void toRts(PortQp qp, InetAddress peer, int qpn, int rights) throws RdmaException {
    qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(rights));
    qp.modify(
        new QpAttributes()
            .state(QpState.RTR)
            .remoteAddress(peer)
            .destQpn(qpn)
            .pathMtuBytes(MTU)
            .rqPsn(PSN));
    qp.modify(new QpAttributes().state(QpState.RTS).sqPsn(PSN));
  }

  /** That nothing but a drop came of a packet, and that this was counted once. */
  static void onlyDrop(String rule, Pair pair, PortCounter counter) {
    for (PortCounter each : PortCounter.values()) {
      if (each.name().startsWith("DROPPED")) {
        assertThat(pair.b.engine.counter(each))
            .as(rule + ": " + each)
            .isEqualTo(each == counter ? 1 : 0);
      }
    }
    assertThat(pair.log).as(rule + ": nothing is answered").isEmpty();
    assertThat(pair.backendB.receiveDone).as(rule + ": nothing is delivered").isEmpty();
    assertThat(pair.backendB.fatal).as(rule).isEmpty();
    assertThat(pair.qpB.state()).as(rule).isEqualTo(QpState.RTS);
  }

  static Pair datagrams() throws RdmaException {
    Pair pair = new Pair(QpType.UD, SimHost.options());
    for (PortQp qp : new PortQp[] {pair.qpA, pair.qpB}) {
      qp.modify(new QpAttributes().state(QpState.INIT).qkey(QKEY));
      qp.modify(new QpAttributes().state(QpState.RTR));
      qp.modify(new QpAttributes().state(QpState.RTS).sqPsn(5));
    }
    return pair;
  }

  static Crafted datagram(int payload, Consumer<MemorySegment> change) {
    return datagram(Opcode.UD_SEND_ONLY, Pair.QPN_B, QKEY, payload, change);
  }

  static Crafted datagram(
      int opcode, int qpn, int qkey, int payload, Consumer<MemorySegment> change) {
    return Crafted.request(opcode, qpn, 0, payload)
        .with(b -> Deth.write(b, Bth.LENGTH, qkey, Pair.QPN_A))
        .with(change);
  }
}
