// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.transport.agent.Agent;
import ib.transport.agent.AgentOptions;
import ib.transport.conformance.OwnNet;
import ib.transport.internal.port.LoopbackPort;
import ib.verbs.ConnectParams;
import ib.verbs.ConnectRequest;
import ib.verbs.Connection;
import ib.verbs.ConnectionHandler;
import ib.verbs.ConnectionManager;
import ib.verbs.DatagramRequest;
import ib.verbs.DatagramService;
import ib.verbs.Listener;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.RejectReason;
import ib.verbs.ResolveHandler;
import ib.verbs.WcStatus;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two connection managers on ports with real sockets and the transport engine's queue pairs. */
class PortConnectionManagerTest {
  private static final long WAIT_S = 30;
  private static final int TCP_PORT = 3260;
  private static final InetSocketAddress TARGET =
      new InetSocketAddress(OwnNet.of("127.21.2.2"), TCP_PORT);

  private final List<String> errors = new CopyOnWriteArrayList<>();
  private Agent agent;
  private LoopbackPort a;
  private LoopbackPort b;
  private PortConnectionManager initiator;
  private PortConnectionManager target;

  /** Notes what it is told. */
  private static class Notes implements ConnectionHandler {
    private final LinkedBlockingQueue<String> events = new LinkedBlockingQueue<>();
    private volatile Connection last;
    private volatile byte[] ready = {};

    @Override
    public byte[] onReply(Connection connection, byte[] privateData) {
      return ready;
    }

    @Override
    public void onEstablished(Connection connection, byte[] privateData) {
      note(connection, "established " + text(privateData));
    }

    @Override
    public void onRejected(Connection connection, int reason, byte[] privateData) {
      note(connection, "rejected " + reason + " " + text(privateData));
    }

    @Override
    public void onDisconnected(Connection connection) {
      throw new AssertionError("the one with private data is called");
    }

    @Override
    public void onDisconnected(Connection connection, byte[] privateData) {
      note(connection, "disconnected " + text(privateData));
    }

    @Override
    public void onError(Connection connection, String message) {
      note(connection, "error " + message);
    }

    private void note(Connection connection, String event) {
      last = connection;
      assertThat(Thread.currentThread().getName()).startsWith(OwnNet.of("ib-cm-127.21.2."));
      events.add(event.strip());
    }

    String next() throws InterruptedException {
      return events.poll(WAIT_S, TimeUnit.SECONDS);
    }
  }

  private static String text(byte[] padded) {
    return new String(padded, StandardCharsets.UTF_8).replace("\0", "").trim();
  }

  private static ConnectParams params(String data) {
    return ConnectParams.of(data.getBytes(StandardCharsets.UTF_8));
  }

  @BeforeEach
  void start() throws Exception {
    agent = new Agent(AgentOptions.of(0).withErrorHandler((n, what, e) -> errors.add(what + e)));
    agent.start();
    a = LoopbackPort.open(OwnNet.of("127.21.2.1"), agent);
    b = LoopbackPort.open(OwnNet.of("127.21.2.2"), agent);
    initiator = new PortConnectionManager(a.port(), CmConfig.DEFAULT, this::onError);
    target = new PortConnectionManager(b.port(), CmConfig.DEFAULT, this::onError);
  }

  private void onError(String what, Throwable error) {
    errors.add(what + ": " + error);
  }

  @AfterEach
  void stop() {
    initiator.close();
    target.close();
    a.close();
    b.close();
    agent.close();
    assertThat(errors).isEmpty();
  }

  /** A connection with both its ends. */
  private record Ends(
      TestQueuePair active,
      TestQueuePair passive,
      Notes activeNotes,
      Notes passiveNotes,
      Connection activeEnd) {}

  private Ends establish() throws Exception {
    TestQueuePair active = new TestQueuePair(a.port());
    TestQueuePair passive = new TestQueuePair(b.port());
    Notes activeNotes = new Notes();
    Notes passiveNotes = new Notes();
    try (Listener listener =
        target.listen(
            ConnectionManager.tcpServiceId(TCP_PORT),
            request -> accept(request, passive, passiveNotes))) {
      assertThat(listener.serviceId()).isEqualTo(0x0106_0CBCL);
      Connection end = initiator.connect(active, TARGET, params("hello"), activeNotes);
      assertThat(activeNotes.next()).isEqualTo("established welcome");
      assertThat(passiveNotes.next()).isEqualTo("established");
      return new Ends(active, passive, activeNotes, passiveNotes, end);
    }
  }

  private static void accept(ConnectRequest request, TestQueuePair qp, Notes notes) {
    try {
      assertThat(text(request.privateData())).isEqualTo("hello");
      assertThat(request.remoteAddress().getAddress().getHostAddress())
          .isEqualTo(OwnNet.of("127.21.2.1"));
      assertThat(request.pathMtuBytes()).isEqualTo(4096);
      request.accept(qp, params("welcome"), notes);
    } catch (RdmaException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void shouldConnectQueuePairsThatThenCarryMessages() throws Exception {
    Ends ends = establish();
    assertThat(ends.active.state()).isEqualTo(QpState.RTS);
    assertThat(ends.passive.state()).isEqualTo(QpState.RTS);
    QpAttributes active = ends.active.query();
    assertThat(active.destQpn()).isEqualTo(ends.passive.qpn());
    assertThat(active.pathMtuBytes()).isEqualTo(4096);
    assertThat(active.timeoutCode()).isEqualTo(ConnectParams.DEFAULT_ACK_TIMEOUT_CODE);
    ends.active.send("ping");
    await(() -> ends.passive.received().contains("ping"));
    ends.passive.send("pong");
    await(() -> ends.active.received().contains("pong"));
    await(() -> ends.active.sent().contains(WcStatus.SUCCESS));
  }

  @Test
  void shouldDisconnectFromTheActiveSide() throws Exception {
    Ends ends = establish();
    assertThat(ends.activeEnd.remoteAddress()).isEqualTo(TARGET);
    assertThat(ends.activeEnd.localQpn()).isEqualTo(ends.active.qpn());
    ends.activeEnd.disconnect();
    ends.activeEnd.disconnect();
    assertThat(ends.passiveNotes.next()).isEqualTo("disconnected");
    assertThat(ends.passive.state()).isEqualTo(QpState.ERR);
    assertThat(ends.active.state()).isEqualTo(QpState.RTS);
    assertThat(ends.activeNotes.events).isEmpty();
  }

  @Test
  void shouldDisconnectFromThePassiveSide() throws Exception {
    Ends ends = establish();
    ends.passiveNotes.last.disconnect();
    assertThat(ends.activeNotes.next()).isEqualTo("disconnected");
    assertThat(ends.active.state()).isEqualTo(QpState.ERR);
  }

  @Test
  void shouldRejectWithReasonAndPrivateData() throws Exception {
    Notes notes = new Notes();
    target.listen(
        ConnectionManager.tcpServiceId(TCP_PORT),
        request -> {
          for (int none : new int[] {0, 0x1_0000}) {
            assertThatThrownBy(() -> request.reject(none, new byte[0]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1 to 65535");
          }
          request.reject(RejectReason.CONSUMER_DEFINED, "no".getBytes(StandardCharsets.UTF_8));
          assertThatThrownBy(() -> request.reject(1, new byte[0]))
              .isInstanceOf(IllegalStateException.class)
              .hasMessageContaining("answered already");
        });
    initiator.connect(new TestQueuePair(a.port()), TARGET, params(""), notes);
    assertThat(notes.next()).isEqualTo("rejected 28 no");
  }

  @Test
  void shouldTellThatNobodyListens() throws Exception {
    Notes notes = new Notes();
    initiator.connect(new TestQueuePair(a.port()), TARGET, params(""), notes);
    assertThat(notes.next()).startsWith("rejected 8");
  }

  @Test
  void shouldRefuseASecondListenerUntilTheFirstIsClosed() throws Exception {
    long service = ConnectionManager.tcpServiceId(TCP_PORT);
    Listener first = target.listen(service, request -> {});
    assertThatThrownBy(() -> target.listen(service, request -> {}))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("TCP port 3260")
        .hasMessageContaining(OwnNet.of("127.21.2.2"));
    first.close();
    first.close();
    target.listen(service, request -> {}).close();
  }

  @Test
  void shouldRefuseWhatCantBeConnected() throws Exception {
    TestQueuePair qp = new TestQueuePair(a.port());
    Notes notes = new Notes();
    assertThatThrownBy(() -> initiator.connect(qp, TARGET, params("x".repeat(57)), notes))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("57 bytes");
    assertThatThrownBy(
            () ->
                initiator.connect(
                    qp, InetSocketAddress.createUnresolved("host", 1), params(""), notes))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("host");
    assertThatThrownBy(
            () -> initiator.connect(qp, new InetSocketAddress("::1", 1), params(""), notes))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("family");
    qp.modify(new QpAttributes().state(QpState.ERR));
    assertThatThrownBy(() -> initiator.connect(qp, TARGET, params(""), notes))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining(qp.label())
        .hasMessageContaining("ERR");
  }

  @Test
  void shouldEndCleanlyWhenTheDeviceLeavesWhileConnecting() throws Exception {
    TestQueuePair active = new TestQueuePair(a.port());
    TestQueuePair passive = new TestQueuePair(b.port());
    Notes activeNotes = new Notes();
    Notes passiveNotes = new Notes();
    target.listen(
        ConnectionManager.tcpServiceId(TCP_PORT),
        request -> {
          active.close();
          accept(request, passive, passiveNotes);
        });
    initiator.connect(active, TARGET, params("hello"), activeNotes);
    assertThat(activeNotes.next()).startsWith("error the peer accepted").contains("is gone");
    assertThat(passiveNotes.next()).startsWith("rejected 1");
  }

  @Test
  void shouldEndCleanlyWhenTheDeviceLeftBeforeTheDisconnect() throws Exception {
    Ends ends = establish();
    ends.active.withdraw();
    ends.passiveNotes.last.disconnect();
    assertThat(ends.activeNotes.next()).isEqualTo("disconnected");
  }

  @Test
  void shouldLetTheApplicationRejectWhenItsQueuePairIsNoGood() throws Exception {
    TestQueuePair bad = new TestQueuePair(b.port());
    bad.close();
    Notes notes = new Notes();
    target.listen(
        ConnectionManager.tcpServiceId(TCP_PORT),
        request -> {
          assertThatThrownBy(() -> request.accept(bad, params(""), new Notes()))
              .isInstanceOf(RdmaException.class);
          request.reject(RejectReason.NO_RESOURCES, new byte[0]);
        });
    initiator.connect(new TestQueuePair(a.port()), TARGET, params(""), notes);
    assertThat(notes.next()).startsWith("rejected 3");
  }

  @Test
  void shouldEndConnectionsWhenThePortCloses() throws Exception {
    Ends ends = establish();
    target.close();
    assertThat(ends.passiveNotes.next()).isEqualTo("disconnected");
    assertThat(ends.activeNotes.next()).isEqualTo("disconnected");
    assertThatThrownBy(() -> target.listen(1, request -> {}))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("closed");
    ends.passiveNotes.last.disconnect();
  }

  @Test
  void shouldResolveADatagramServiceAndKeepConnectionsAwayFromIt() throws Exception {
    TestQueuePair datagrams = new TestQueuePair(b.port(), QpType.UD);
    Listener listener =
        target.listenDatagram(
            ConnectionManager.udpServiceId(7174),
            request -> {
              assertThat(text(request.privateData())).isEqualTo("where?");
              assertThat(request.serviceId()).isEqualTo(0x0111_1C06L);
              accept(request, datagrams);
            });
    Outcome outcome = new Outcome();
    InetSocketAddress service = new InetSocketAddress(OwnNet.of("127.21.2.2"), 7174);
    initiator.resolve(service, "where?".getBytes(StandardCharsets.UTF_8), outcome);
    assertThat(outcome.events.poll(WAIT_S, TimeUnit.SECONDS))
        .isEqualTo(OwnNet.of("127.21.2.2 ") + datagrams.qpn() + " 1234567 here");
    listener.close();
    initiator.resolve(service, new byte[180], outcome);
    assertThat(outcome.events.poll(WAIT_S, TimeUnit.SECONDS)).isEqualTo("rejected 1");
    assertThatThrownBy(() -> initiator.resolve(service, new byte[181], outcome))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("181 bytes");
    assertThatThrownBy(
            () ->
                initiator.connect(
                    new TestQueuePair(a.port(), QpType.UD), TARGET, params(""), new Notes()))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("UD");
  }

  private static void accept(DatagramRequest request, TestQueuePair qp) {
    try {
      assertThatThrownBy(() -> request.accept(qp, new byte[0]))
          .isInstanceOf(RdmaException.class)
          .hasMessageContaining("no Q_Key");
      qp.modify(new QpAttributes().state(QpState.INIT).qkey(ConnectionManager.RDMA_UDP_QKEY));
      request.accept(qp, "here".getBytes(StandardCharsets.UTF_8));
      assertThatThrownBy(() -> request.reject(2, new byte[0]))
          .isInstanceOf(IllegalStateException.class);
    } catch (RdmaException e) {
      throw new AssertionError(e);
    }
  }

  /** Notes how resolutions end. */
  private static final class Outcome implements ResolveHandler {
    private final LinkedBlockingQueue<String> events = new LinkedBlockingQueue<>();

    @Override
    public void onResolved(DatagramService service, byte[] privateData) {
      events.add(
          "%s %d %x %s"
              .formatted(
                  service.address().getHostAddress(),
                  service.qpn(),
                  service.qkey(),
                  text(privateData)));
    }

    @Override
    public void onRejected(int status, byte[] privateData) {
      events.add("rejected " + status);
    }

    @Override
    public void onError(String message) {
      events.add("error " + message);
    }
  }

  @Test
  void shouldConnectUnreliableConnectionsThatThenCarryMessages() throws Exception {
    TestQueuePair active = new TestQueuePair(a.port(), QpType.UC);
    TestQueuePair passive = new TestQueuePair(b.port(), QpType.UC);
    Notes passiveNotes = new Notes();
    Notes activeNotes = new Notes();
    long service = ConnectionManager.ibServiceId(7471);
    target.listen(
        service,
        request -> {
          try {
            assertThat(request.type()).isEqualTo(QpType.UC);
            assertThat(request.privateData()).hasSize(56);
            request.accept(passive, params("yes"), passiveNotes);
          } catch (RdmaException e) {
            throw new AssertionError(e);
          }
        });
    Connection end =
        initiator.connectService(active, TARGET.getAddress(), service, params(""), activeNotes);
    assertThat(activeNotes.next()).isEqualTo("established yes");
    assertThat(passiveNotes.next()).isEqualTo("established");
    assertThat(active.query().pathMtuBytes()).isEqualTo(4096);
    active.send("ping");
    await(() -> passive.received().contains("ping"));
    end.disconnect();
    assertThat(passiveNotes.next()).isEqualTo("disconnected");
    assertThat(passive.state()).isEqualTo(QpState.ERR);
    TestQueuePair inTheTcpSpace = new TestQueuePair(a.port(), QpType.UC);
    target.listen(ConnectionManager.tcpServiceId(TCP_PORT), request -> {});
    initiator.connect(inTheTcpSpace, TARGET, params(""), activeNotes);
    assertThat(activeNotes.next()).startsWith("rejected 9");
  }

  @Test
  void shouldConnectToAPlainServiceIdWithMorePrivateData() throws Exception {
    TestQueuePair passive = new TestQueuePair(b.port());
    Notes passiveNotes = new Notes();
    Notes activeNotes = new Notes();
    long service = 0x1000_0CE1_0000_0001L;
    target.listen(
        service,
        request -> {
          try {
            assertThat(request.privateData()).hasSize(92);
            assertThat(request.type()).isEqualTo(QpType.RC);
            assertThatThrownBy(
                    () ->
                        request.accept(
                            new TestQueuePair(b.port(), QpType.UD), params(""), passiveNotes))
                .isInstanceOf(RdmaException.class)
                .hasMessageContaining("asks for RC");
            request.accept(passive, params("yes"), passiveNotes);
          } catch (RdmaException e) {
            throw new AssertionError(e);
          }
        });
    initiator.connectService(
        new TestQueuePair(a.port()),
        TARGET.getAddress(),
        service,
        params("x".repeat(92)),
        activeNotes);
    assertThat(activeNotes.next()).isEqualTo("established yes");
    assertThat(passiveNotes.next()).isEqualTo("established");
  }

  @Test
  void shouldConnectManyAtOnce() throws Exception {
    Notes passiveNotes = new Notes();
    target.listen(
        ConnectionManager.tcpServiceId(TCP_PORT),
        request -> {
          try {
            request.accept(new TestQueuePair(b.port()), params(""), passiveNotes);
          } catch (RdmaException e) {
            throw new AssertionError(e);
          }
        });
    int many = 100;
    Notes activeNotes = new Notes();
    List<Connection> connections = new ArrayList<>();
    for (int i = 0; i < many; i++) {
      connections.add(
          initiator.connect(new TestQueuePair(a.port()), TARGET, params(""), activeNotes));
    }
    for (int i = 0; i < many; i++) {
      assertThat(activeNotes.next()).isEqualTo("established");
      assertThat(passiveNotes.next()).isEqualTo("established");
    }
    connections.forEach(Connection::disconnect);
    for (int i = 0; i < many; i++) {
      assertThat(passiveNotes.next()).isEqualTo("disconnected");
    }
    assertThat(initiator.counter(CmCounter.RETRIES)).isZero();
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_S);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - endNs).as("waited too long").isNegative();
      Thread.sleep(1);
    }
  }

  @Test
  void shouldBeginNothingThatWasAskedForWhileThePortCloses() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    agent.offer(() -> awaitLatch(held));
    Thread closer = new Thread(initiator::close);
    closer.start();
    await(() -> closer.getState() == Thread.State.TIMED_WAITING);
    CompletableFuture<Object> asked = new CompletableFuture<>();
    Thread asker =
        new Thread(
            () -> {
              try {
                asked.complete(initiator.resolve(TARGET, new byte[0], new NoResolution()));
              } catch (RdmaException e) {
                asked.completeExceptionally(e);
              }
            });
    asker.start();
    await(() -> asker.getState() == Thread.State.TIMED_WAITING);
    held.countDown();
    assertThatThrownBy(() -> asked.get(WAIT_S, TimeUnit.SECONDS))
        .hasCauseInstanceOf(RdmaException.class)
        .hasMessageContaining("is closed; wait for its connection manager");
    closer.join();
    asker.join();
  }

  private static void awaitLatch(CountDownLatch latch) {
    try {
      assertThat(latch.await(WAIT_S, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** For what must not begin. */
  private static final class NoResolution implements ResolveHandler {
    @Override
    public void onResolved(DatagramService service, byte[] privateData) {
      throw new AssertionError("resolved");
    }

    @Override
    public void onRejected(int status, byte[] privateData) {
      throw new AssertionError("rejected");
    }

    @Override
    public void onError(String message) {
      throw new AssertionError(message);
    }
  }

  @Test
  void shouldLeaveNoThreadBehindWhereThePortsAgentHasEnded() throws Exception {
    Agent ended = new Agent(AgentOptions.of(0));
    ended.start();
    try (LoopbackPort c = LoopbackPort.open(OwnNet.of("127.21.2.3"), ended)) {
      ended.close();
      assertThatThrownBy(() -> new PortConnectionManager(c.port(), CmConfig.DEFAULT, this::onError))
          .isInstanceOf(IllegalStateException.class);
      await(
          () ->
              Thread.getAllStackTraces().keySet().stream()
                  .noneMatch(thread -> thread.getName().equals(OwnNet.of("ib-cm-127.21.2.3"))));
    }
  }

  @Test
  void shouldCarryPrivateDataWithADisconnectAndSayWhatThePeerAnswered() throws Exception {
    Ends ends = establish();
    Connection end = ends.activeEnd();
    byte[] tooLong = new byte[Connection.DISCONNECT_BYTES + 1];
    assertThatThrownBy(() -> end.disconnect(tooLong))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("221 bytes", "220");
    CompletableFuture<byte[]> answer = end.disconnect("bye".getBytes(StandardCharsets.UTF_8));
    assertThat(ends.passiveNotes().next()).isEqualTo("disconnected bye");
    assertThat(answer.get(WAIT_S, TimeUnit.SECONDS)).hasSize(224).containsOnly(0);
    assertThat(end.disconnect(new byte[1]).get()).as("it is over").isEmpty();
    assertThat(ends.activeNotes().events).isEmpty();
  }

  @Test
  void shouldCarryPrivateDataWithWhatAnswersARequestAReplyAndADisconnect() throws Exception {
    TestQueuePair passive = new TestQueuePair(b.port());
    Notes passiveNotes = new Notes();
    CompletableFuture<String> patience = new CompletableFuture<>();
    Notes activeNotes =
        new Notes() {
          @Override
          public void onServiceDelay(Connection connection, long timeoutNs, byte[] privateData) {
            patience.complete(text(privateData));
          }
        };
    activeNotes.ready = "ready".getBytes(StandardCharsets.UTF_8);
    target.listen(
        ConnectionManager.tcpServiceId(TCP_PORT),
        request -> {
          assertThatThrownBy(() -> request.delay(new byte[223]))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining("222");
          request.delay("wait".getBytes(StandardCharsets.UTF_8));
          accept(request, passive, passiveNotes);
        });
    Connection end =
        initiator.connect(new TestQueuePair(a.port()), TARGET, params("hello"), activeNotes);
    assertThat(activeNotes.next()).isEqualTo("established welcome");
    assertThat(patience.get(WAIT_S, TimeUnit.SECONDS)).isEqualTo("wait");
    assertThat(passiveNotes.next()).isEqualTo("established ready");
    Connection other = passiveNotes.last;
    assertThatThrownBy(() -> other.setDisconnectAnswer(new byte[225]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("224");
    other.setDisconnectAnswer("so long".getBytes(StandardCharsets.UTF_8));
    byte[] answer =
        end.disconnect("bye".getBytes(StandardCharsets.UTF_8)).get(WAIT_S, TimeUnit.SECONDS);
    assertThat(text(answer)).isEqualTo("so long");
  }

  @Test
  void shouldRefuseAReplyThatIsAnsweredWithTooMuch() throws Exception {
    Notes passiveNotes = new Notes();
    Notes activeNotes = new Notes();
    activeNotes.ready = new byte[ConnectionHandler.READY_BYTES + 1];
    TestQueuePair passive = new TestQueuePair(b.port());
    target.listen(
        ConnectionManager.tcpServiceId(TCP_PORT),
        request -> accept(request, passive, passiveNotes));
    initiator.connect(new TestQueuePair(a.port()), TARGET, params("hello"), activeNotes);
    assertThat(activeNotes.next()).contains("error the peer accepted", "225 bytes", "224");
    assertThat(passiveNotes.next()).startsWith("rejected 1");
  }
}
