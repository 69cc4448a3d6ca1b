// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import ib.dma.BusWindow;
import ib.transport.MemoryStatus;
import ib.transport.PortCounter;
import ib.transport.PortQp;
import ib.transport.QpBackend;
import ib.transport.RecvWqe;
import ib.transport.SendWqe;
import ib.transport.agent.Agent;
import ib.transport.agent.AgentOptions;
import ib.transport.conformance.OwnNet;
import ib.transport.internal.posix.Posix;
import ib.transport.wire.Icrc;
import ib.transport.wire.PcapReader;
import ib.transport.wire.RoceFrame;
import ib.verbs.AccessFlags;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Queue pairs of two ports over real sockets: messages of many packets, in trains and alone. */
class UdpQueuePairTest {
  private static final Duration WAIT = Duration.ofSeconds(30);

  /** Longest time until all that a packet needs is compiled. */
  private static final long COMPILED_NS = 120_000_000_000L;

  private static final int SMALLEST_OBJECT_BYTES = 16;

  private Agent agent;

  @BeforeEach
  void start() {
    agent = new Agent(AgentOptions.of(0));
    agent.start();
  }

  @AfterEach
  void stop() {
    agent.close();
  }

  @ParameterizedTest
  @CsvSource({"native,4096", "native,256", "channel,4096", "channel,1024"})
  void shouldSendWriteAndReadLongMessages(String io, int mtu) throws Exception {
    ByteArrayOutputStream capture = new ByteArrayOutputStream();
    try (UdpPort a = open("a", OwnNet.of("127.21.5.1"), io, mtu);
        UdpPort b = open("b", OwnNet.of("127.21.5.2"), io, mtu)) {
      PcapTap tap = new PcapTap("a", 4, capture, Long.MAX_VALUE);
      a.setTap(tap);
      PortHardware left = new PortHardware();
      PortHardware right = new PortHardware();
      PortQp[] qps = connect(a, b, left, right, mtu);
      Random random = new Random(mtu);
      byte[] data = new byte[100_003];
      random.nextBytes(data);
      MemorySegment.copy(data, 0, left.memory, ValueLayout.JAVA_BYTE, 0, data.length);
      right.receives.add(0L);

      post(qps[0], left, new PortHardware.Work(WrOpcode.SEND, 0, 0, data.length));
      await(() -> right.completions.contains("RECV SUCCESS " + data.length));
      assertThat(right.bytes(0, data.length)).isEqualTo(data);

      post(qps[0], left, new PortHardware.Work(WrOpcode.RDMA_WRITE, 0, 300_000, data.length));
      await(() -> left.completions.contains("RDMA_WRITE SUCCESS " + data.length));
      assertThat(right.bytes(300_000, data.length)).isEqualTo(data);

      post(qps[0], left, new PortHardware.Work(WrOpcode.RDMA_READ, 600_000, 300_000, data.length));
      await(() -> left.completions.contains("RDMA_READ SUCCESS " + data.length));
      assertThat(left.bytes(600_000, data.length)).isEqualTo(data);

      assertThat(a.counter(PortCounter.DROPPED_ICRC)).isZero();
      assertThat(b.counter(PortCounter.DROPPED_ICRC)).isZero();
      a.setTap(null);
      await(() -> tap.written() + tap.dropped() > 3 * data.length / mtu);
      tap.close();
    }
    everyIcrcIsRight(capture.toByteArray());
  }

  /** Without a capture, so that payloads leave from where they are where the socket can do that. */
  @ParameterizedTest
  @CsvSource({"native,4096", "native,1024", "channel,4096"})
  void shouldSendFromWhereTheBytesAre(String io, int mtu) throws Exception {
    try (UdpPort a = open("a", OwnNet.of("127.21.5.5"), io, mtu);
        UdpPort b = open("b", OwnNet.of("127.21.5.6"), io, mtu)) {
      PortHardware left = new PortHardware();
      PortHardware right = new PortHardware();
      PortQp[] qps = connect(a, b, left, right, mtu);
      Random random = new Random(mtu);
      for (int i = 0; i < 40; i++) {
        byte[] data = new byte[1 + random.nextInt(100_000)];
        random.nextBytes(data);
        int from = random.nextInt(1000);
        MemorySegment.copy(data, 0, left.memory, ValueLayout.JAVA_BYTE, from, data.length);
        left.completions.clear();
        post(
            qps[0],
            left,
            new PortHardware.Work(WrOpcode.RDMA_WRITE, from, 300_000 + i, data.length));
        await(() -> left.completions.contains("RDMA_WRITE SUCCESS " + data.length));
        assertThat(right.bytes(300_000 + i, data.length)).isEqualTo(data);
      }
      assertThat(b.counter(PortCounter.DROPPED_ICRC)).isZero();
      assertThat(a.counter(PortCounter.SEND_ERRORS)).isZero();
    }
  }

  /** One thread drives agent and ports: what it allocates is what packets cost. */
  @ParameterizedTest
  @CsvSource({"64", "4096", "65536"})
  void shouldAllocateNothingForAPacket(int bytes) throws Exception {
    assumeTrue(Posix.isAvailable());
    agent.close();
    agent = new Agent(AgentOptions.of(0));
    try (UdpPort a = open("a", OwnNet.of("127.21.5.7"), "native", 4096);
        UdpPort b = open("b", OwnNet.of("127.21.5.8"), "native", 4096)) {
      Stream stream = new Stream(bytes);
      PortQp[] qps = connect(a, b, stream, new Stream(bytes), 4096);
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long perMessage = Long.MAX_VALUE;
      // Code that is not compiled yet allocates; so it may take some rounds, many on a busy
      // machine.
      long endNs = System.nanoTime() + COMPILED_NS;
      while (perMessage >= SMALLEST_OBJECT_BYTES / 2 && System.nanoTime() - endNs < 0) {
        long before = threads.getCurrentThreadAllocatedBytes();
        stream.left = 2000;
        int expected = stream.done + stream.left;
        for (long turns = 0; stream.done < expected; turns++) {
          qps[0].kickSend();
          agent.tryDrive();
          if (turns == 50_000_000) {
            throw new AssertionError("messages got lost");
          }
        }
        perMessage = (threads.getCurrentThreadAllocatedBytes() - before) / 2000;
      }
      // A turn of many messages may cost something, a message not even the smallest object.
      assertThat(perMessage).isLessThan(SMALLEST_OBJECT_BYTES / 2);
    }
  }

  /** Sends and receives the same memory again and again. */
  private static final class Stream implements QpBackend {
    private final MemorySegment memory = Arena.ofAuto().allocate(PortHardware.MEMORY_BYTES, 64);
    private final int bytes;
    int left;
    int done;

    Stream(int bytes) {
      this.bytes = bytes;
    }

    @Override
    public boolean nextSend(SendWqe into) {
      if (left == 0) {
        return false;
      }
      left--;
      into.begin(0, WrOpcode.SEND);
      into.setFlags(true, false, false);
      into.addSge(0, bytes, PortHardware.KEY);
      return true;
    }

    @Override
    public boolean nextReceive(RecvWqe into) {
      into.clearSges();
      into.addSge(PortHardware.MEMORY_BYTES / 2, PortHardware.MEMORY_BYTES / 2, PortHardware.KEY);
      return true;
    }

    @Override
    public MemoryStatus resolveLocal(
        int lkey, long address, long lengthBytes, boolean write, BusWindow window) {
      window.set(memory, address, lengthBytes);
      return MemoryStatus.OK;
    }

    @Override
    public MemoryStatus resolveRemote(
        int rkey, long address, long lengthBytes, int need, BusWindow window) {
      return MemoryStatus.INVALID_KEY;
    }

    @Override
    public void completeSend(
        long cookie, boolean signaled, WcStatus status, WcOpcode opcode, int lengthBytes) {
      done++;
    }

    @Override
    public void completeReceive(
        long cookie,
        WcStatus status,
        WcOpcode opcode,
        int lengthBytes,
        int flags,
        int immediateOrKey,
        int srcQpn,
        boolean solicited) {
      done += 0;
    }

    @Override
    public void onFatal(String cause) {
      throw new AssertionError(cause);
    }
  }

  @ParameterizedTest
  @CsvSource({"native", "channel"})
  void shouldSpreadQueuePairsOverSourcePorts(String io) throws Exception {
    ByteArrayOutputStream capture = new ByteArrayOutputStream();
    Map<String, Object> several =
        Map.of(
            "name",
            "a",
            "address",
            OwnNet.of("127.21.5.3"),
            "io",
            io,
            "source.ports",
            "4",
            "ecn",
            "on");
    Set<Integer> ports = ConcurrentHashMap.newKeySet();
    try (UdpPort a = open(several);
        UdpPort b = open("b", OwnNet.of("127.21.5.4"), io, 4096)) {
      b.setTap(
          (sent, srcHigh, srcLow, port, dstHigh, dstLow, id, segment, offset, length) -> {
            if (!sent) {
              ports.add(port);
            }
          });
      PcapTap tap = new PcapTap("a", 4, capture, Long.MAX_VALUE);
      a.setTap(tap);
      for (int i = 0; i < 16; i++) {
        PortHardware left = new PortHardware();
        PortQp[] qps = connect(a, b, left, new PortHardware(), 4096);
        post(qps[0], left, new PortHardware.Work(WrOpcode.RDMA_WRITE, 0, 0, 20_000));
        await(() -> left.completions.contains("RDMA_WRITE SUCCESS 20000"));
      }
      assertThat(b.counter(PortCounter.DROPPED_ICRC)).isZero();
      assertThat(b.counter(PortCounter.NP_ECN_MARKED_ROCE_PACKETS)).isZero();
      assertThat(a.description()).endsWith("4 source ports");
      a.setTap(null);
      await(() -> tap.written() + tap.dropped() >= 16 * 6);
      tap.close();
    }
    assertThat(ports).hasSizeBetween(2, 4).allMatch(port -> port >= 0xC000);
    everyIcrcIsRight(capture.toByteArray());
  }

  /** A capture shows each packet with the identification that its ICRC was made with. */
  private static void everyIcrcIsRight(byte[] capture) throws Exception {
    RoceFrame frame = new RoceFrame();
    Icrc icrc = new Icrc();
    int packets = 0;
    try (PcapReader reader = new PcapReader(new ByteArrayInputStream(capture))) {
      while (reader.next()) {
        assertThat(frame.parse(reader.linkType(), reader.frame(), reader.length()))
            .isEqualTo(RoceFrame.Kind.ROCE);
        assertThat(
                icrc.verify(
                    frame.flow(),
                    frame.identification(),
                    reader.frame(),
                    frame.bthOffset(),
                    frame.roceLength()))
            .as("packet %d", packets)
            .isTrue();
        packets++;
      }
    }
    assertThat(packets).isGreaterThan(50);
  }

  private PortQp[] connect(UdpPort a, UdpPort b, QpBackend left, QpBackend right, int mtu)
      throws RdmaException {
    int qpnA = a.allocateQpn();
    int qpnB = b.allocateQpn();
    return agent.call(
        () -> {
          PortQp qpA = a.createQp(qpnA, QpType.RC, left);
          PortQp qpB = b.createQp(qpnB, QpType.RC, right);
          ready(qpA, b, qpnB, mtu);
          ready(qpB, a, qpnA, mtu);
          return new PortQp[] {qpA, qpB};
        },
        WAIT);
  }

  private static void ready(PortQp qp, UdpPort peer, int peerQpn, int mtu) throws RdmaException {
    qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(AccessFlags.ALL));
    qp.modify(
        new QpAttributes()
            .state(QpState.RTR)
            .remoteAddress(peer.address())
            .destQpn(peerQpn)
            .rqPsn(100)
            .pathMtuBytes(mtu)
            .maxDestRdAtomic(4)
            .minRnrTimer(12));
    qp.modify(
        new QpAttributes()
            .state(QpState.RTS)
            .sqPsn(100)
            .timeoutCode(14)
            .retryCount(7)
            .rnrRetry(7)
            .maxRdAtomic(4));
  }

  private void post(PortQp qp, PortHardware hardware, PortHardware.Work work) {
    agent.call(
        () -> {
          hardware.sends.add(work);
          qp.kickSend();
          return true;
        },
        WAIT);
  }

  private UdpPort open(String name, String address, String io, int mtu) throws Exception {
    return open(Map.of("name", name, "address", address, "io", io, "mtu", String.valueOf(mtu)));
  }

  private UdpPort open(Map<String, Object> properties) throws Exception {
    PortConfig config = PortConfigReader.read(properties);
    return UdpPort.open(config, agent, () -> {});
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - endNs).as("waited too long").isNegative();
      Thread.sleep(1);
    }
  }
}
