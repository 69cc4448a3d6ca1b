// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.srp.SrpIu;
import ib.srp.SrpOpcode;
import ib.verbs.CmId;
import ib.verbs.ConnectParams;
import ib.verbs.Connection;
import ib.verbs.ConnectionHandler;
import ib.verbs.ConnectionManager;
import ib.verbs.DatagramListenHandler;
import ib.verbs.ListenHandler;
import ib.verbs.Listener;
import ib.verbs.QpState;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.RejectReason;
import ib.verbs.Resolution;
import ib.verbs.ResolveHandler;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** A connection manager that knows one target. */
final class FakeManager implements ConnectionManager {
  private final ScheduledExecutorService agent;
  private final FakeTarget target;
  volatile boolean noAnswer;
  volatile int delayMs = 1;

  FakeManager(ScheduledExecutorService agent, FakeTarget target) {
    this.agent = agent;
    this.target = target;
  }

  @Override
  public List<CmId> cmIds() {
    return List.of();
  }

  @Override
  public String portName() {
    return "p0";
  }

  @Override
  public InetAddress localAddress() {
    return InetAddress.getLoopbackAddress();
  }

  @Override
  public Listener listen(long serviceId, ListenHandler handler) throws RdmaException {
    throw new RdmaException("nobody listens here");
  }

  @Override
  public Connection connectService(
      QueuePair qp,
      InetAddress peer,
      long serviceId,
      ConnectParams params,
      ConnectionHandler handler)
      throws RdmaException {
    throw new RdmaException("SRP connects to ports");
  }

  @Override
  public Listener listenDatagram(long serviceId, DatagramListenHandler handler)
      throws RdmaException {
    throw new RdmaException("nobody listens here");
  }

  @Override
  public Resolution resolve(
      InetSocketAddress destination, byte[] privateData, ResolveHandler handler)
      throws RdmaException {
    throw new RdmaException("SRP uses no datagrams");
  }

  @Override
  public Resolution resolveService(
      InetAddress peer, long serviceId, byte[] privateData, ResolveHandler handler)
      throws RdmaException {
    throw new RdmaException("SRP uses no datagrams");
  }

  @Override
  public Connection connect(
      QueuePair qp,
      InetSocketAddress destination,
      ConnectParams params,
      ConnectionHandler handler) {
    FakeHca.Qp mine = (FakeHca.Qp) qp;
    FakeConnection connection = new FakeConnection(mine, destination);
    if (!noAnswer) {
      agent.schedule(
          () -> answer(mine, connection, params, handler), delayMs, TimeUnit.MILLISECONDS);
    }
    return connection;
  }

  private void answer(
      FakeHca.Qp qp, FakeConnection connection, ConnectParams params, ConnectionHandler handler) {
    if (connection.ended) {
      return;
    }
    byte[] data = target.login(qp, params.privateData());
    if (SrpIu.opcode(MemorySegment.ofArray(data), 0) == SrpOpcode.LOGIN_REJ) {
      handler.onRejected(connection, RejectReason.CONSUMER_DEFINED, data);
      return;
    }
    qp.session.handler = handler;
    qp.session.connection = connection;
    qp.state = QpState.RTS;
    handler.onEstablished(connection, data);
  }

  private final class FakeConnection implements Connection {
    private final FakeHca.Qp qp;
    private final InetSocketAddress destination;
    volatile boolean ended;

    FakeConnection(FakeHca.Qp qp, InetSocketAddress destination) {
      this.qp = qp;
      this.destination = destination;
    }

    @Override
    public InetSocketAddress remoteAddress() {
      return destination;
    }

    @Override
    public int localQpn() {
      return qp.number;
    }

    @Override
    public void setDisconnectAnswer(byte[] privateData) {
      throw new UnsupportedOperationException("SRP has nothing to say");
    }

    @Override
    public CompletableFuture<byte[]> disconnect(byte[] privateData) {
      disconnect();
      return CompletableFuture.completedFuture(new byte[0]);
    }

    @Override
    public void disconnect() {
      ended = true;
      agent.execute(
          () -> {
            if (qp.session != null) {
              qp.session.end();
            }
          });
    }
  }
}
