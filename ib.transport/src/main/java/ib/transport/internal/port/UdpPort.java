// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.transport.Gsi;
import ib.transport.PacketTap;
import ib.transport.PortCounter;
import ib.transport.PortQp;
import ib.transport.PortWatcher;
import ib.transport.QpBackend;
import ib.transport.RdmaPort;
import ib.transport.agent.Agent;
import ib.transport.agent.AgentException;
import ib.transport.agent.AgentTask;
import ib.transport.internal.engine.EngineOptions;
import ib.transport.internal.engine.McastGroups;
import ib.transport.internal.engine.PortEngine;
import ib.transport.internal.ethernet.EthernetIo;
import ib.transport.internal.ethernet.LinkAddress;
import ib.transport.internal.io.DatagramIo;
import ib.transport.internal.io.DatagramIoFactory;
import ib.transport.internal.io.DatagramIoOpenException;
import ib.transport.internal.io.DatagramIoOptions;
import ib.transport.internal.io.IoCounter;
import ib.transport.internal.io.ReceiveBatch;
import ib.transport.wire.Gids;
import ib.transport.wire.IcrcFlow;
import ib.transport.wire.PathMtu;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A port on a UDP socket, or on a link of Ethernet frames: each turn of the agent hands what
 * arrived to the engine and what the engine made to the socket.
 */
final class UdpPort implements RdmaPort, AgentTask, AutoCloseable {
  private static final Duration AGENT_WAIT = Duration.ofSeconds(2);
  private static final int MAX_QPNS = 1 << 20;

  /** Headers of the longest packet, ICRC included, rounded up. */
  private static final int HEADER_ROOM = 128;

  private static final int SEND_PACKETS = 512;

  /** ECT(0) of RFC 3168. */
  private static final int ECN_CAPABLE = 2;

  /** How soon a socket that nobody waits for is tried again. */
  private static final long LOOK_AGAIN_NS = 50_000;

  private static final int LEAST_WINDOW = 16;
  private static final int MOST_WINDOW = 512;

  /** What the kernel adds to a packet that it holds. */
  private static final int BOOKKEEPING = 1024;

  private final PortConfig config;
  private final Agent agent;
  private final int mtuBytes;
  private final DatagramIo io;
  private final SendSockets senders;
  private final PortEngine engine;
  private final BatchSink sink;
  private final GroupSockets groups;
  private final QpnAllocator qpns;
  private final ReceiveBatch received = new ReceiveBatch();
  private final int windowPackets;
  private final Runnable onFailure;
  private volatile @Nullable String failure;
  private volatile @Nullable PacketTap tap;
  private volatile boolean linkUp = true;

  /** The state of the interface that the agent was told last. Only who tells it. */
  private boolean linkTold = true;

  // Owned by the agent.
  private @Nullable PacketTap shownTap;
  private long lastTurnNs;
  private final List<PortWatcher> watchers = new ArrayList<>();

  private UdpPort(
      PortConfig config,
      Agent agent,
      DatagramIo io,
      SendSockets senders,
      int mtu,
      Runnable onFailure) {
    this.config = config;
    this.agent = agent;
    this.io = io;
    this.senders = senders;
    this.mtuBytes = mtu;
    this.onFailure = onFailure;
    this.windowPackets = window(io.receiveBufferBytes(), mtu);
    long high = Gids.high(config.address());
    long low = Gids.low(config.address());
    this.engine =
        new PortEngine(
            EngineOptions.of(high, low).withMtuBytes(mtu).withWindowPackets(windowPackets));
    this.sink = new BatchSink(engine, senders, config.address());
    this.groups = new GroupSockets(config.address(), config.mode(), agent, engine, mtu);
    engine.setGroups(io instanceof EthernetIo frames ? groupsOf(frames) : groups);
    this.qpns =
        new QpnAllocator(config.name(), RandomGenerator.getDefault(), agent.clock(), MAX_QPNS);
  }

  /** A port of Ethernet frames is a host of its own, and joins groups as one. */
  private static McastGroups groupsOf(EthernetIo frames) {
    return new McastGroups() {
      @Override
      public void join(long groupHigh, long groupLow) {
        frames.join(groupHigh, groupLow);
      }

      @Override
      public void leave(long groupHigh, long groupLow) {
        frames.leave(groupHigh, groupLow);
      }
    };
  }

  /**
   * Opens a port.
   *
   * @param onFailure called once on the agent thread when the socket does not work any more
   * @throws DatagramIoOpenException if the socket can't be opened, with reason and remedy
   */
  static UdpPort open(PortConfig config, Agent agent, Runnable onFailure)
      throws DatagramIoOpenException {
    int mtu = clampedMtu(config);
    DatagramIoOptions options =
        DatagramIoOptions.defaults()
            .withMode(config.mode())
            .withBuffers(config.receiveBufferBytes(), config.sendBufferBytes())
            .withTrafficClass(config.ecn() ? ECN_CAPABLE : 0)
            .withSendBatch(SEND_PACKETS, mtu + HEADER_ROOM);
    InetSocketAddress address = new InetSocketAddress(config.address(), IcrcFlow.ROCE_PORT);
    LinkAddress link = config.link();
    DatagramIo io =
        link == null
            ? DatagramIoFactory.open(address, options)
            : EthernetIo.open(config.address(), config.guid(), link, config.faults(), options);
    SendSockets senders;
    try {
      senders = SendSockets.open(io, config.sourcePorts(), options);
    } catch (DatagramIoOpenException e) {
      io.close();
      throw e;
    }
    UdpPort port = new UdpPort(config, agent, io, senders, mtu, onFailure);
    try {
      agent.add(port, AGENT_WAIT, io);
      return port;
    } catch (AgentException | IllegalArgumentException | IllegalStateException e) {
      senders.close();
      io.close();
      throw new DatagramIoOpenException(
          address,
          "agent " + agent.name() + " did not take it: " + e.getMessage(),
          "see the log for what keeps the agent busy",
          e);
    }
  }

  /** The configured MTU, or less where the interface carries less. */
  private static int clampedMtu(PortConfig config) throws DatagramIoOpenException {
    if (config.link() != null) {
      return config.mtuBytes();
    }
    int code = PathMtu.codeForLinkMtu(linkMtu(config.address()));
    if (code == 0) {
      throw new DatagramIoOpenException(
          new InetSocketAddress(config.address(), IcrcFlow.ROCE_PORT),
          "its interface carries only " + linkMtu(config.address()) + " bytes",
          "raise the interface's MTU to 340 or more",
          null);
    }
    return Math.min(config.mtuBytes(), PathMtu.bytes(code));
  }

  private static int linkMtu(InetAddress address) {
    try {
      NetworkInterface link = NetworkInterface.getByInetAddress(address);
      // Any address of 127.0.0.0/8 works on the loopback interface, which lists only one.
      return link == null ? Integer.MAX_VALUE : link.getMTU();
    } catch (SocketException e) {
      return Integer.MAX_VALUE;
    }
  }

  /** Half of the buffer is the kernel's bookkeeping; what is left is counted in packets. */
  private static int window(int receiveBufferBytes, int mtu) {
    int packets = receiveBufferBytes / 2 / (mtu + BOOKKEEPING);
    return Math.clamp(packets, LEAST_WINDOW, MOST_WINDOW);
  }

  // The agent's task.

  @Override
  public int doWork(long nowNs) {
    if (failure != null) {
      return 0;
    }
    lastTurnNs = nowNs;
    takeTap();
    try {
      io.onTurn(nowNs);
      int work = io.receive(received);
      while (received.next()) {
        receive(nowNs);
      }
      if (work > 0 && !runCommands()) {
        return work;
      }
      work += engine.onTimers(nowNs);
      work += engine.transmit(sink, nowNs);
      return work + senders.flush();
    } catch (IOException e) {
      fail(String.valueOf(e.getMessage()));
      return 0;
    }
  }

  /** The socket does not work any more; if it was closed on purpose, that is known. */
  private void fail(String why) {
    if (failure == null) {
      failure = why;
      try {
        tell(false, why);
      } finally {
        onFailure.run();
      }
    }
  }

  /**
   * Lets applications answer what came, so that their answers leave in this turn, together with the
   * acknowledgements: first completions come to their handlers, then what those posted comes here.
   *
   * @return false if one of them closed the port
   */
  private boolean runCommands() {
    if (agent.runCommands() > 0) {
      agent.runCommands();
    }
    return failure == null;
  }

  private void receive(long nowNs) {
    boolean ipv6 = received.sourceIsIpv6();
    long high = ipv6 ? received.sourceV6High() : 0;
    long low = ipv6 ? received.sourceV6Low() : Gids.v4Low(received.sourceV4());
    if (received.isToGroup()) {
      engine.receiveMulticast(
          received.groupHigh(),
          received.groupLow(),
          high,
          low,
          received.sourcePort(),
          received.identification(),
          received.trafficClass(),
          received.memory(),
          received.offset(),
          received.length(),
          nowNs);
      return;
    }
    engine.receive(
        high,
        low,
        received.sourcePort(),
        received.identification(),
        received.trafficClass(),
        received.memory(),
        received.offset(),
        received.length(),
        nowNs);
  }

  @SuppressWarnings("ReferenceEquality") // a tap is itself
  private void takeTap() {
    PacketTap wanted = tap;
    if (wanted != shownTap) {
      shownTap = wanted;
      engine.setTap(wanted);
      sink.setTap(wanted);
    }
  }

  @Override
  public long nextDeadlineNs() {
    if (failure != null) {
      return NO_DEADLINE;
    }
    // A full batch is waited for through the socket, which then becomes writable; the sockets that
    // only send are looked at again instead.
    if (engine.wantsTransmit() && senders.haveRoom()) {
      return lastTurnNs;
    }
    long deadlineNs = Math.min(engine.nextDeadlineNs(), io.nextDeadlineNs());
    return senders.waitUnseen() ? Math.min(deadlineNs, lastTurnNs + LOOK_AGAIN_NS) : deadlineNs;
  }

  @Override
  public void close() {
    failure = "closed";
    // A wait that is interrupted would close the socket under the agent.
    boolean interrupted = Thread.interrupted();
    try {
      agent.call(
          "leaving groups",
          () -> {
            groups.close();
            return true;
          },
          AGENT_WAIT);
      agent.remove(this, AGENT_WAIT);
    } catch (AgentException | IllegalStateException e) {
      // The agent is closed or stuck. The task does nothing any more, and its socket must go.
      failure = "closed while the agent was not there: " + e.getMessage();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    senders.close();
    io.close();
  }

  // The service.

  @Override
  public String name() {
    return config.name();
  }

  @Override
  public InetAddress address() {
    return config.address();
  }

  @Override
  public long guid() {
    return config.guid();
  }

  @Override
  public int activeMtuBytes() {
    return mtuBytes;
  }

  @Override
  public boolean isUp() {
    return failure == null && linkUp;
  }

  @Override
  public void watch(PortWatcher watcher) {
    agent.assertInAgent();
    watchers.add(watcher);
  }

  @Override
  public void unwatch(PortWatcher watcher) {
    agent.assertInAgent();
    watchers.remove(watcher);
  }

  /**
   * The interface is up or down. One thread at a time; watchers are told on the agent. An agent
   * that has no room to be told hears of it with the next call.
   */
  void setLink(boolean up, String why) {
    if (linkTold != up && agent.offer(() -> onLink(up, why))) {
      linkTold = up;
    }
  }

  private void onLink(boolean up, String why) {
    linkUp = up;
    if (!up) {
      engine.count(PortCounter.LINK_DOWNED, 1);
    }
    tell(up, why);
  }

  /** A watcher that throws keeps nobody else from hearing. */
  @SuppressWarnings("CatchingUnchecked") // a watcher is somebody else's code
  private void tell(boolean up, String why) {
    RuntimeException thrown = null;
    for (PortWatcher watcher : List.copyOf(watchers)) {
      try {
        watcher.onPortState(up, why);
      } catch (RuntimeException e) {
        thrown = e;
      }
    }
    if (thrown != null) {
      throw thrown;
    }
  }

  @Override
  public Agent agent() {
    return agent;
  }

  @Override
  public int allocateQpn() throws RdmaException {
    return qpns.allocate();
  }

  @Override
  public void releaseQpn(int qpn) {
    qpns.release(qpn);
  }

  @Override
  public PortQp createQp(int qpn, QpType type, QpBackend backend) {
    agent.assertInAgent();
    return engine.createQp(qpn, type, backend);
  }

  @Override
  public Gsi gsi() {
    return engine.gsi();
  }

  @Override
  public long counter(PortCounter counter) {
    long own = engine.counter(counter);
    return switch (counter) {
      case SEND_QUEUE_FULL -> own + ioCounter(IoCounter.TX_WOULD_BLOCK);
      case MTU_CLAMPED -> own + ioCounter(IoCounter.TX_TOO_LONG);
      case SEND_ERRORS -> own + sendErrors();
      case DROPPED_FRAGMENT -> own + ioCounter(IoCounter.RX_FRAGMENTS);
      case DROPPED_MALFORMED ->
          own + ioCounter(IoCounter.RX_MALFORMED) + ioCounter(IoCounter.RX_TRUNCATED);
      default -> own;
    };
  }

  private long sendErrors() {
    return ioCounter(IoCounter.TX_UNREACHABLE)
        + ioCounter(IoCounter.TX_UNRESOLVED)
        + ioCounter(IoCounter.TX_REFUSED)
        + ioCounter(IoCounter.TX_NOT_PERMITTED)
        + ioCounter(IoCounter.TX_NO_BUFFERS)
        + ioCounter(IoCounter.TX_OTHER_ERRORS);
  }

  private long ioCounter(IoCounter counter) {
    return io.counter(counter) + senders.counter(counter);
  }

  @Override
  public void setTap(@Nullable PacketTap newTap) {
    tap = newTap;
    // Wakes the agent, so that an idle port takes it too.
    agent.offer(() -> {});
  }

  // For operators.

  /** Why the socket does not work any more, or null. */
  @Nullable String failure() {
    return failure;
  }

  /** How the socket works, for people. */
  String description() {
    return io.description() + ", " + senders.description();
  }

  /** Packets of one queue pair that may be in flight. */
  int windowPackets() {
    return windowPackets;
  }
}
