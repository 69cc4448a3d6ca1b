// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.wire.Bth;
import ib.transport.wire.CmMessage;
import ib.transport.wire.CmRep;
import ib.transport.wire.CmReq;
import ib.transport.wire.Deth;
import ib.transport.wire.Mad;
import ib.transport.wire.PcapReader;
import ib.transport.wire.RoceFrame;
import ib.verbs.ConnectParams;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Who begins at which PSN: as a Linux kernel has it, so that its peers understand ours. */
class QpMovesTest {
  private static final InetAddress PEER = InetAddress.ofLiteral("127.0.0.1");
  private static final int PEER_ASKS = 0x111111;
  private static final int WE_ASK = 0x222222;

  private final List<QpAttributes> moves = new ArrayList<>();
  private final QueuePair qp = recorder();
  private QpType type = QpType.RC;

  private QueuePair recorder() {
    return (QueuePair)
        Proxy.newProxyInstance(
            QueuePair.class.getClassLoader(),
            new Class<?>[] {QueuePair.class},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "modify" -> {
                    moves.add((QpAttributes) args[0]);
                    yield null;
                  }
                  case "type" -> type;
                  case "state" -> QpState.RESET;
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  private QpAttributes moveTo(QpState state) {
    return moves.stream().filter(m -> m.state() == state).findFirst().orElseThrow();
  }

  @Test
  void shouldSendFromThePsnThatTheReplyAsksFor() throws Exception {
    QpMoves.connect(
        qp,
        PEER,
        ConnectParams.of(new byte[0]),
        new PeerReply(5, PEER_ASKS, WE_ASK, 1024, 1, 1, 7));
    assertThat(moveTo(QpState.RTR).rqPsn()).isEqualTo(WE_ASK);
    assertThat(moveTo(QpState.RTS).sqPsn()).isEqualTo(PEER_ASKS);
  }

  @Test
  void shouldSendFromThePsnThatTheRequestAsksFor() throws Exception {
    PeerRequest request =
        new PeerRequest(
            new InetSocketAddress(PEER, 5), type, 5, PEER_ASKS, 1024, 1, 1, 7, 7, 14, 20);
    QpMoves.accept(qp, PEER, ConnectParams.of(new byte[0]), request, WE_ASK);
    assertThat(moveTo(QpState.RTR).rqPsn()).isEqualTo(WE_ASK);
    assertThat(moveTo(QpState.RTS).sqPsn()).isEqualTo(PEER_ASKS);
  }

  @Test
  void shouldSetNothingThatAnUnreliableConnectionHasNot() throws Exception {
    type = QpType.UC;
    PeerRequest request =
        new PeerRequest(
            new InetSocketAddress(PEER, 5), type, 5, PEER_ASKS, 1024, 1, 1, 7, 7, 14, 20);
    QpMoves.accept(qp, PEER, ConnectParams.of(new byte[0]), request, WE_ASK);
    assertThat(moveTo(QpState.RTR).rqPsn()).isEqualTo(WE_ASK);
    assertThat(moveTo(QpState.RTR).has(QpAttributes.MAX_DEST_RD_ATOMIC)).isFalse();
    assertThat(moveTo(QpState.RTR).has(QpAttributes.MIN_RNR_TIMER)).isFalse();
    assertThat(moveTo(QpState.RTS).mask()).isEqualTo(QpAttributes.STATE | QpAttributes.SQ_PSN);
    assertThat(moveTo(QpState.RTS).sqPsn()).isEqualTo(PEER_ASKS);
  }

  /** The same, seen in what kernels said to each other: first packet of each queue pair. */
  @Test
  void shouldAgreeWithWhatKernelsDo() throws IOException {
    Path file = Path.of("..", "ib.transport/src/test/resources/captures/a-rping.pcap");
    Map<Integer, Integer> askedBy = new HashMap<>();
    Map<Integer, Integer> firstTo = new HashMap<>();
    RoceFrame frame = new RoceFrame();
    try (PcapReader in = new PcapReader(new BufferedInputStream(Files.newInputStream(file)))) {
      while (in.next()) {
        if (frame.parse(in.linkType(), in.frame(), in.length()) != RoceFrame.Kind.ROCE) {
          continue;
        }
        long bth = frame.bthOffset();
        long mad = bth + Bth.LENGTH + Deth.LENGTH;
        int qpn = Bth.destQp(in.frame(), bth);
        if (qpn != Mad.GSI_QPN) {
          firstTo.putIfAbsent(qpn, Bth.psn(in.frame(), bth));
        } else if (Mad.ATTRIBUTE_ID.getInt(in.frame(), mad) == CmMessage.REQ) {
          askedBy.put(
              CmReq.LOCAL_QPN.getInt(in.frame(), mad), CmReq.STARTING_PSN.getInt(in.frame(), mad));
        } else if (Mad.ATTRIBUTE_ID.getInt(in.frame(), mad) == CmMessage.REP) {
          askedBy.put(
              CmRep.LOCAL_QPN.getInt(in.frame(), mad), CmRep.STARTING_PSN.getInt(in.frame(), mad));
        }
      }
    }
    assertThat(firstTo).isNotEmpty();
    firstTo.forEach((qpn, psn) -> assertThat(askedBy).containsEntry(qpn, psn));
  }
}
