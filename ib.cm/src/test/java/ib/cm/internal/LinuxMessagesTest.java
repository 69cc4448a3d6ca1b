// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.wire.Bth;
import ib.transport.wire.CmMessage;
import ib.transport.wire.CmRep;
import ib.transport.wire.CmReq;
import ib.transport.wire.Deth;
import ib.transport.wire.Gids;
import ib.transport.wire.Mad;
import ib.transport.wire.MadField;
import ib.transport.wire.PcapReader;
import ib.transport.wire.RdmaCmHeader;
import ib.transport.wire.RoceFrame;
import ib.verbs.ConnectParams;
import ib.verbs.QpType;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The connection manager against messages that a Linux kernel sent. */
class LinuxMessagesTest {
  /** Fields in which a request of ours must look like one of the kernel's. */
  private static final List<MadField> SAME =
      List.of(
          CmReq.TRANSPORT,
          CmReq.PKEY,
          CmReq.PRIMARY_LOCAL_LID,
          CmReq.PRIMARY_REMOTE_LID,
          CmReq.PRIMARY_TRAFFIC_CLASS,
          CmReq.PRIMARY_SL,
          CmReq.PRIMARY_SUBNET_LOCAL,
          CmReq.RDC_EXISTS,
          CmReq.EXTENDED_TRANSPORT,
          CmReq.LOCAL_EECN,
          CmReq.REMOTE_EECN,
          CmReq.LOCAL_QKEY,
          CmReq.SERVICE_ID);

  private record Message(InetAddress from, InetAddress to, MemorySegment mad) {
    int attribute() {
      return Mad.ATTRIBUTE_ID.getInt(mad, 0);
    }
  }

  /** What an engine sent and told. */
  private static final class Collector implements CmSink {
    final List<MemorySegment> sent = new ArrayList<>();
    final List<PeerRequest> requests = new ArrayList<>();
    final List<CmConn> conns = new ArrayList<>();

    @Override
    public boolean send(long gidHigh, long gidLow, MemorySegment mad) {
      return sent.add(MemorySegment.ofArray(mad.toArray(ValueLayout.JAVA_BYTE)));
    }

    @Override
    public boolean hasRoom() {
      return true;
    }

    @Override
    public void onRequest(
        CmListener listener, CmConn conn, PeerRequest request, byte[] privateData) {
      requests.add(request);
      conns.add(conn);
    }

    @Override
    public void onDatagramRequest(
        CmListener listener, SidrExchange exchange, InetSocketAddress from, byte[] privateData) {}

    @Override
    public void onResolved(SidrExchange exchange, int qpn, int qkey, byte[] privateData) {}

    @Override
    public void onNotResolved(SidrExchange exchange, int status, byte[] privateData) {}

    @Override
    public void onResolveFailed(SidrExchange exchange, String message) {}

    @Override
    public void onReply(CmConn conn, PeerReply reply, byte[] privateData) {}

    @Override
    public void onEstablished(CmConn conn, byte[] privateData) {}

    @Override
    public void onServiceDelay(CmConn conn, long serviceTimeoutNs, byte[] privateData) {}

    @Override
    public void onRejected(CmConn conn, int reason, byte[] privateData) {}

    @Override
    public void onDisconnected(CmConn conn, byte[] privateData) {}

    @Override
    public void onLeft(CmConn conn, byte[] privateData) {}

    @Override
    public void onFailed(CmConn conn, String message) {}
  }

  private static List<Message> messages(String capture) throws IOException {
    Path file = Path.of("..", "ib.transport/src/test/resources/captures", capture + ".pcap");
    List<Message> messages = new ArrayList<>();
    RoceFrame frame = new RoceFrame();
    try (PcapReader reader = new PcapReader(new BufferedInputStream(Files.newInputStream(file)))) {
      while (reader.next()) {
        RoceFrame.Kind kind = frame.parse(reader.linkType(), reader.frame(), reader.length());
        if (kind == RoceFrame.Kind.ROCE
            && Bth.destQp(reader.frame(), frame.bthOffset()) == Mad.GSI_QPN) {
          byte[] mad = new byte[Mad.LENGTH];
          MemorySegment.copy(
              reader.frame(),
              ValueLayout.JAVA_BYTE,
              frame.bthOffset() + Bth.LENGTH + Deth.LENGTH,
              mad,
              0,
              mad.length);
          messages.add(
              new Message(
                  InetAddress.getByAddress(frame.source()),
                  InetAddress.getByAddress(frame.destination()),
                  MemorySegment.ofArray(mad)));
        }
      }
    }
    return messages;
  }

  private static List<Message> requests(String capture) throws IOException {
    List<Message> requests =
        messages(capture).stream().filter(m -> m.attribute() == CmMessage.REQ).toList();
    assertThat(requests).isNotEmpty();
    return requests;
  }

  private static CmEngine engine(InetAddress address, Collector sink) {
    return new CmEngine(
        new CmPort("p0", address, 0x1234L, 4096), CmConfig.DEFAULT, new Random(5), sink);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a-rping", "b2-srp-noimm", "e-ipv6-python-rping"})
  void shouldTakeTheKernelsRequestsAndReplyToThem(String capture) throws Exception {
    for (Message message : requests(capture)) {
      Collector sink = new Collector();
      CmEngine engine = engine(message.to, sink);
      engine.listen(CmReq.SERVICE_ID.get(message.mad, 0), "listener");
      engine.receive(
          Gids.high(message.from), Gids.low(message.from), message.mad, 0, Mad.LENGTH, 1000);
      assertThat(sink.sent).as("refused").isEmpty();
      PeerRequest request = sink.requests.getFirst();
      assertThat(request.remoteAddress().getAddress()).isEqualTo(message.from);
      assertThat(request.qpn()).isEqualTo(CmReq.LOCAL_QPN.getInt(message.mad, 0));
      assertThat(request.pathMtuBytes()).isBetween(256, 4096);
      assertThat(request.ackTimeoutCode()).isEqualTo(19);
      engine.accept(
          sink.conns.getFirst(), 0x123456, 99, ConnectParams.of(new byte[0]), "app", 2000);
      MemorySegment rep = sink.sent.getFirst();
      assertThat(Mad.ATTRIBUTE_ID.getInt(rep, 0)).isEqualTo(CmMessage.REP);
      assertThat(Mad.TRANSACTION_ID.get(rep, 0)).isEqualTo(Mad.TRANSACTION_ID.get(message.mad, 0));
      assertThat(CmRep.REMOTE_COMM_ID.get(rep, 0))
          .isEqualTo(CmReq.LOCAL_COMM_ID.get(message.mad, 0));
      assertThat(CmRep.LOCAL_QPN.getInt(rep, 0)).isEqualTo(0x123456);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"a-rping", "b2-srp-noimm", "e-ipv6-python-rping"})
  void shouldAskAsTheKernelDoes(String capture) throws Exception {
    Message message = requests(capture).getFirst();
    Collector sink = new Collector();
    CmEngine engine = engine(message.from, sink);
    long serviceId = CmReq.SERVICE_ID.get(message.mad, 0);
    InetSocketAddress to = new InetSocketAddress(message.to, (int) serviceId & 0xFFFF);
    engine.connect(
        new ConnectSpec(0x77, QpType.RC, to, serviceId, ConnectParams.of(new byte[0])),
        "app",
        1000);
    MemorySegment ours = sink.sent.getFirst();
    for (MadField field : SAME) {
      assertThat(field.get(ours, 0)).as(field.name()).isEqualTo(field.get(message.mad, 0));
    }
    assertThat(CmReq.PRIMARY_HOP_LIMIT.getInt(ours, 0)).isGreaterThan(1);
    assertThat(CmReq.PRIMARY_LOCAL_GID.get(ours, 0))
        .isEqualTo(CmReq.PRIMARY_LOCAL_GID.get(message.mad, 0));
    assertThat(CmReq.PRIMARY_REMOTE_GID.get(ours, 0))
        .isEqualTo(CmReq.PRIMARY_REMOTE_GID.get(message.mad, 0));
    long header = CmReq.PRIVATE_DATA.offset();
    RdmaCmHeader.write(
        ours,
        header,
        RdmaCmHeader.sourcePort(message.mad, header),
        RdmaCmHeader.source(ours, header),
        RdmaCmHeader.destination(ours, header));
    assertThat(ours.asSlice(header, RdmaCmHeader.LENGTH).toArray(ValueLayout.JAVA_BYTE))
        .isEqualTo(message.mad.asSlice(header, RdmaCmHeader.LENGTH).toArray(ValueLayout.JAVA_BYTE));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a-rping", "b2-srp-noimm", "c-target-disconnect", "e-ipv6-python-rping"})
  void shouldStandAnyMessageAtAnyTimeAlsoDamaged(String capture) throws Exception {
    Random random = new Random(11);
    List<Message> messages = messages(capture);
    Collector sink = new Collector();
    CmEngine engine = engine(messages.getFirst().to, sink);
    for (int i = 0; i < 5_000; i++) {
      Message message = messages.get(random.nextInt(messages.size()));
      MemorySegment mad = MemorySegment.ofArray(message.mad.toArray(ValueLayout.JAVA_BYTE));
      if (random.nextInt(10) == 0) {
        engine.listen(CmReq.SERVICE_ID.get(mad, 0), "listener");
      }
      for (int damage = random.nextInt(4); damage > 0; damage--) {
        mad.set(ValueLayout.JAVA_BYTE, random.nextInt(Mad.LENGTH), (byte) random.nextInt(256));
      }
      int length = random.nextInt(50) == 0 ? random.nextInt(Mad.LENGTH) : Mad.LENGTH;
      engine.receive(
          Gids.high(message.from), Gids.low(message.from), mad, 0, length, i * 1_000_000L);
      engine.poll(i * 1_000_000L);
    }
    assertThat(engine.table.live()).isLessThanOrEqualTo(CmConfig.DEFAULT.maxConnections());
  }
}
