// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import static ib.cm.internal.Fabric.MS;
import static ib.cm.internal.Fabric.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import ib.cm.internal.Station.Peer;
import ib.transport.wire.Mad;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a peer gets that asks for patience (MRA, 12.6.6): some, but not for ever. */
class PatienceTest {
  private static final int LONGEST = 31;

  private final Fabric fabric = Fabric.perfect(1);
  private Station a;
  private Station b;

  @BeforeEach
  void build() throws Exception {
    a = fabric.station("a", "192.0.2.1", 4096);
    b = fabric.station("b", "192.0.2.2", 4096);
    b.engine.listen(Station.SERVICE, b);
  }

  /**
   * Lets a peer ask for the longest time each second; seconds until the connection was given up.
   */
  private int askEverySecond(Station who, CmConn conn, Station by, CmConn of, int ofMessage) {
    int seconds = 0;
    while (conn.owner != null && seconds < 600) {
      MemorySegment mra = CmMessages.mra(of, ofMessage, LONGEST, new byte[0]);
      who.engine.receive(by.port.gidHigh(), by.port.gidLow(), mra, 0, Mad.LENGTH, fabric.nowNs);
      fabric.run(SECOND);
      seconds++;
    }
    return seconds;
  }

  @Test
  void shouldGiveUpAConnectWhosePeerAsksForPatienceForEver() {
    b.accepts = false;
    Peer peer = a.connect(b);
    fabric.run(MS);
    CmConn asked = b.requests.getFirst().conn();
    int seconds = askEverySecond(a, peer.conn, b, asked, CmMessages.OF_REQ);
    assertThat(seconds).isLessThan(40);
    assertThat(peer.events).hasSize(2);
    assertThat(peer.events.getFirst()).startsWith("delay ");
  }

  @Test
  void shouldGiveUpAnAcceptWhosePeerAsksForPatienceForEver() {
    fabric.cut = "a>b RTU"::equals;
    Peer peer = a.connect(b);
    fabric.run(MS);
    Peer accepted = b.accepted.getFirst();
    int seconds = askEverySecond(b, accepted.conn, a, peer.conn, CmMessages.OF_REP);
    assertThat(seconds).isLessThan(40);
    assertThat(accepted.events).hasSize(2);
    assertThat(accepted.events.getFirst()).startsWith("delay ");
    assertThat(accepted.events.getLast()).startsWith("failed");
  }
}
