// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.transport.GsiHandler;
import ib.transport.RdmaPort;
import ib.transport.agent.Agent;
import ib.transport.agent.AgentException;
import ib.transport.agent.AgentTask;
import ib.transport.wire.ServiceId;
import ib.verbs.CmId;
import ib.verbs.ConnectParams;
import ib.verbs.Connection;
import ib.verbs.ConnectionHandler;
import ib.verbs.ConnectionManager;
import ib.verbs.DatagramListenHandler;
import ib.verbs.ListenHandler;
import ib.verbs.Listener;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.Resolution;
import ib.verbs.ResolveHandler;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BiConsumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The connection manager of a port: runs a {@link CmEngine} on the port's agent, and tells
 * applications what happens on a thread of its own.
 */
final class PortConnectionManager
    implements ConnectionManager, GsiHandler, AgentTask, AutoCloseable {
  private static final Duration AGENT_WAIT = Duration.ofSeconds(2);
  private static final int PSNS = 1 << 24;

  /** Request, patience, establishment, end: each connection makes at most one of each. */
  private static final int EVENTS_PER_CONNECTION = 4;

  private final RdmaPort port;
  private final Agent agent;
  private final CmEngine engine;
  private final EventThread events;

  /**
   * What may not be lost although the agent's queue is full: at most one answer and one disconnect
   * for each connection.
   */
  private final ConcurrentLinkedQueue<Runnable> commands = new ConcurrentLinkedQueue<>();

  private volatile boolean closed;

  /** Owned by the agent: the engine is closed, and nobody would look after what began now. */
  private boolean ended;

  /**
   * Begins.
   *
   * @param onError told what applications' callbacks throw
   * @throws IllegalStateException if the port's agent does not answer
   */
  PortConnectionManager(RdmaPort port, CmConfig config, BiConsumer<String, Throwable> onError) {
    this.port = port;
    this.agent = port.agent();
    int most = EVENTS_PER_CONNECTION * config.maxConnections();
    this.events =
        new EventThread("ib-cm-" + port.name(), 2 * most, config.maxConnections(), onError);
    CmPort identity = new CmPort(port.name(), port.address(), port.guid(), port.activeMtuBytes());
    this.engine =
        new CmEngine(
            identity, config, RandomGenerator.getDefault(), new CmEvents(this, port.gsi(), events));
    try {
      agent.add(this, AGENT_WAIT);
      agent.call(
          "connect the connection manager to port " + port.name(),
          () -> {
            port.gsi().setHandler(this);
            return true;
          },
          AGENT_WAIT);
    } catch (RuntimeException e) {
      events.close();
      throw e;
    }
  }

  // The service.

  @Override
  public String portName() {
    return port.name();
  }

  @Override
  public InetAddress localAddress() {
    return port.address();
  }

  @Override
  public Listener listen(long serviceId, ListenHandler handler) throws RdmaException {
    return listen(
        new CmListening<>(this, serviceId, CmRequest.class, handler::onConnectRequest),
        engine::listen);
  }

  @Override
  public Listener listenDatagram(long serviceId, DatagramListenHandler handler)
      throws RdmaException {
    return listen(
        new CmListening<>(this, serviceId, CmDatagramRequest.class, handler::onDatagramRequest),
        engine::listenDatagrams);
  }

  @Override
  public List<CmId> cmIds() throws RdmaException {
    List<CmId> ids = new ArrayList<>();
    call("list connections", () -> ids.addAll(engine.cmIds()));
    return ids;
  }

  private interface Registration {
    @Nullable CmListener listen(long serviceId, Object owner);
  }

  private Listener listen(CmListening<?> listening, Registration registration)
      throws RdmaException {
    String service = ServiceId.describe(listening.serviceId());
    boolean free;
    try {
      free =
          call(
              "listen on service " + service,
              () -> {
                listening.listener = registration.listen(listening.serviceId(), listening);
                return listening.listener != null;
              });
    } catch (RdmaException e) {
      // It may have begun nevertheless: the service would stay taken.
      listening.close();
      throw e;
    }
    if (!free) {
      throw new RdmaException(
          "service "
              + service
              + " of port "
              + port.name()
              + " is listened on already; choose another or close that listener");
    }
    return listening;
  }

  void unlisten(CmListening<?> listening) {
    submit(
        () -> {
          if (listening.listener != null) {
            engine.unlisten(listening.listener, now());
          }
        });
  }

  @Override
  public Connection connect(
      QueuePair qp, InetSocketAddress destination, ConnectParams params, ConnectionHandler handler)
      throws RdmaException {
    checkPort(destination);
    return connect(
        qp, destination, ServiceId.of(ServiceId.TCP, destination.getPort()), params, handler);
  }

  @Override
  public Connection connectService(
      QueuePair qp,
      InetAddress peer,
      long serviceId,
      ConnectParams params,
      ConnectionHandler handler)
      throws RdmaException {
    int peerPort = ServiceId.isRdmaCm(serviceId) ? ServiceId.port(serviceId) : 0;
    return connect(qp, new InetSocketAddress(peer, peerPort), serviceId, params, handler);
  }

  private Connection connect(
      QueuePair qp,
      InetSocketAddress destination,
      long serviceId,
      ConnectParams params,
      ConnectionHandler handler)
      throws RdmaException {
    checkAddress(destination);
    checkLength(params.privateData(), CmMessages.requestBytes(serviceId));
    QpMoves.toInit(qp, params);
    CmConnection connection = new CmConnection(this, qp, destination, params, handler);
    ConnectSpec spec = new ConnectSpec(qp.qpn(), qp.type(), destination, serviceId, params);
    boolean begun =
        callFor(
            connection,
            "connect " + qp.label() + " to " + destination,
            () -> {
              connection.conn = engine.connect(spec, connection, now());
              return connection.conn != null;
            });
    if (!begun) {
      throw tooMany("connections");
    }
    return connection;
  }

  @Override
  public Resolution resolve(
      InetSocketAddress destination, byte[] privateData, ResolveHandler handler)
      throws RdmaException {
    checkPort(destination);
    checkAddress(destination);
    long serviceId = ServiceId.of(ServiceId.UDP, destination.getPort());
    return resolveService(destination.getAddress(), serviceId, privateData, handler);
  }

  @Override
  public Resolution resolveService(
      InetAddress peer, long serviceId, byte[] privateData, ResolveHandler handler)
      throws RdmaException {
    checkAddress(new InetSocketAddress(peer, 0));
    checkLength(privateData, SidrMessages.requestBytes(serviceId));
    byte[] data = privateData.clone();
    CmResolution resolution = new CmResolution(this, peer, serviceId, handler);
    boolean begun;
    try {
      begun =
          call(
              resolution.toString(),
              () -> {
                resolution.exchange = engine.sidr.resolve(peer, serviceId, data, resolution, now());
                return resolution.exchange != null;
              });
    } catch (RdmaException e) {
      // It may have begun nevertheless: nobody wants to know any more.
      resolution.close();
      throw e;
    }
    if (!begun) {
      throw tooMany("resolutions");
    }
    return resolution;
  }

  private RdmaException tooMany(String what) {
    return new RdmaException(
        "port "
            + port.name()
            + " has "
            + engine.config.maxConnections()
            + " "
            + what
            + ", the most it takes; end some first");
  }

  private static void checkPort(InetSocketAddress destination) throws RdmaException {
    if (destination.getPort() == 0) {
      throw notADestination(destination);
    }
  }

  private static RdmaException notADestination(InetSocketAddress destination) {
    return new RdmaException(
        "destination " + destination + ": give a resolved address and a port, 1 to 65535");
  }

  private void checkAddress(InetSocketAddress destination) throws RdmaException {
    InetAddress address = destination.getAddress();
    if (address == null || address.isAnyLocalAddress()) {
      throw notADestination(destination);
    }
    if (address.getAddress().length != port.address().getAddress().length) {
      throw new RdmaException(
          "destination "
              + destination
              + " is of another family than port "
              + port.name()
              + " ("
              + port.address().getHostAddress()
              + "); use a port of the same family, IPv4 or IPv6");
    }
  }

  private static void checkLength(byte[] privateData, int most) throws RdmaException {
    if (privateData.length > most) {
      throw new RdmaException(
          privateData.length + " bytes of private data: a request carries " + most);
    }
  }

  // What connections and requests ask for.

  int randomPsn() {
    return ThreadLocalRandom.current().nextInt(PSNS);
  }

  boolean accept(CmConn conn, CmConnection connection, int psn, ConnectParams agreed)
      throws RdmaException {
    return callFor(
        connection,
        "accept with " + connection,
        () -> {
          connection.conn = conn;
          return engine.accept(conn, connection.localQpn(), psn, agreed, connection, now());
        });
  }

  void reject(CmConn conn, int reason, byte[] privateData) {
    submit(() -> engine.reject(conn, reason, privateData, now()));
  }

  void delay(CmConn conn, byte[] privateData) {
    submit(() -> engine.delay(conn, privateData));
  }

  void setDisconnectAnswer(CmConnection connection, byte[] privateData) {
    submit(
        () -> {
          if (connection.conn != null) {
            connection.conn.disconnectAnswer = privateData;
          }
        });
  }

  void ready(CmConnection connection, byte[] privateData) {
    submit(
        () -> {
          if (connection.conn != null) {
            engine.ready(connection.conn, privateData);
          }
        });
  }

  void refuseReply(CmConnection connection) {
    submit(
        () -> {
          if (connection.conn != null) {
            engine.refuseReply(connection.conn, now());
          }
        });
  }

  /** Ends a connection; the application may want to know what the peer answers. */
  void disconnect(CmConnection connection, byte[] privateData, boolean tellsAnswer) {
    submit(
        () -> {
          if (connection.conn != null) {
            connection.conn.leaver = tellsAnswer ? connection : null;
            engine.disconnect(connection.conn, privateData, now());
          } else if (tellsAnswer) {
            connection.deliverLeft(new byte[0]);
          }
        });
  }

  void answer(SidrExchange exchange, int status, int qpn, int qkey, byte[] privateData) {
    submit(() -> engine.sidr.answer(exchange, status, qpn, qkey, privateData, now()));
  }

  void cancel(CmResolution resolution) {
    submit(
        () -> {
          if (resolution.exchange != null) {
            engine.sidr.cancel(resolution.exchange);
          }
        });
  }

  private void submit(Runnable command) {
    if (!closed) {
      commands.add(command);
      // If its queue is full the agent is awake, and runs the command in its next turn.
      agent.offer(this::runCommands);
    }
  }

  private boolean call(String what, Callable<Boolean> command) throws RdmaException {
    if (closed) {
      throw new RdmaException(isClosed());
    }
    try {
      return agent.call(
          what,
          () -> {
            if (ended) {
              throw new IllegalStateException(isClosed());
            }
            return command.call();
          },
          AGENT_WAIT);
    } catch (AgentException | IllegalStateException e) {
      throw new RdmaException(what + " on port " + port.name() + ": " + e.getMessage(), e);
    }
  }

  private String isClosed() {
    return "port " + port.name() + " is closed; wait for its connection manager to come back";
  }

  /** A call that failed may have run nevertheless: then nobody wants the connection any more. */
  private boolean callFor(CmConnection connection, String what, Callable<Boolean> command)
      throws RdmaException {
    try {
      return call(what, command);
    } catch (RdmaException e) {
      connection.disconnect();
      throw e;
    }
  }

  private long now() {
    return agent.clock().nanoTime();
  }

  long counter(CmCounter counter) throws RdmaException {
    long[] value = new long[1];
    call(
        "read " + counter,
        () -> {
          value[0] = engine.counter(counter);
          return true;
        });
    return value[0];
  }

  // On the agent.

  @Override
  public int doWork(long nowNs) {
    return runCommands() + engine.poll(nowNs);
  }

  private int runCommands() {
    int done = 0;
    Runnable command = commands.poll();
    while (command != null) {
      command.run();
      done++;
      command = commands.poll();
    }
    return done;
  }

  @Override
  public long nextDeadlineNs() {
    return commands.isEmpty() ? engine.nextDueNs() : now();
  }

  @Override
  public void onFirstPacket(int qpn) {
    engine.communicationEstablished(qpn);
  }

  @Override
  public void onMad(
      long sourceHigh,
      long sourceLow,
      int sourceQpn,
      MemorySegment mad,
      long offset,
      int lengthBytes) {
    engine.receive(sourceHigh, sourceLow, mad, offset, lengthBytes, now());
  }

  /** The port goes: ends every connection, tells everybody, and waits a bounded time for that. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    try {
      call(
          "close the connection manager",
          () -> {
            runCommands();
            engine.close(now());
            ended = true;
            port.gsi().setHandler(null);
            return true;
          });
      closed = true;
      agent.remove(this, AGENT_WAIT);
    } catch (RdmaException | AgentException | IllegalStateException e) {
      // The agent is gone or stuck, so nothing of this port is sent any more either.
      closed = true;
    }
    events.close();
  }

  @Override
  public String toString() {
    return "connection manager of port " + port.name();
  }
}
