// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ib.transport.agent.AgentOptions.WaitMode;
import ib.transport.conformance.OwnNet;
import ib.transport.internal.io.DatagramIo;
import ib.transport.internal.io.DatagramIoFactory;
import ib.transport.internal.io.DatagramIoOptions;
import ib.transport.internal.io.PeerAddress;
import ib.transport.internal.io.ReceiveBatch;
import ib.transport.internal.posix.Posix;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** How an agent falls asleep and wakes up, in both things it can sleep in. */
class AgentWaitTest {
  private static final Duration BOUND = Duration.ofSeconds(60);

  private Agent agent;

  private Agent start(WaitMode mode, long spinNs) {
    assumeTrue(mode != WaitMode.NATIVE || Posix.isAvailable(), Posix.unavailableReason());
    agent = new Agent(AgentOptions.of(3).withWaitMode(mode).withSpinNs(spinNs));
    agent.start();
    return agent;
  }

  @AfterEach
  void close() {
    if (agent != null) {
      agent.close();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"NATIVE", "CHANNEL"})
  void shouldLoseNoCommandThatComesAsItFallsAsleep(WaitMode mode) throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    start(mode, 1_000);
    AtomicInteger ran = new AtomicInteger();
    for (int i = 1; i <= 5_000; i++) {
      int pause = random.nextInt(4_000);
      for (int spin = 0; spin < pause; spin++) {
        Thread.onSpinWait();
      }
      assertThat(agent.offer(ran::incrementAndGet)).isTrue();
      long begunNs = System.nanoTime();
      while (ran.get() < i) {
        assertThat(System.nanoTime() - begunNs)
            .as("command %d, seed %d", i, seed)
            .isLessThan(BOUND.toNanos());
        Thread.onSpinWait();
      }
    }
    assertThat(agent.counter(AgentCounter.WAKE_UPS)).isPositive();
  }

  @ParameterizedTest
  @EnumSource(names = {"NATIVE", "CHANNEL"})
  void shouldLoseNoCommandBetweenCallersDriversAndSleep(WaitMode mode) throws Exception {
    long seed = System.nanoTime();
    start(mode, 0);
    AtomicInteger ran = new AtomicInteger();
    Thread[] threads = new Thread[3];
    for (int t = 0; t < threads.length; t++) {
      Random random = new Random(seed + t);
      threads[t] =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; i < 1_000; i++) {
                      switch (random.nextInt(3)) {
                        case 0 -> agent.call("count", ran::incrementAndGet, BOUND);
                        case 1 -> {
                          while (!agent.offer(ran::incrementAndGet)) {
                            Thread.onSpinWait();
                          }
                        }
                        default -> {
                          agent.tryDrive();
                          ran.incrementAndGet();
                        }
                      }
                    }
                  });
    }
    for (Thread thread : threads) {
      assertThat(thread.join(BOUND)).as("seed %d", seed).isTrue();
    }
    long begunNs = System.nanoTime();
    while (ran.get() < 3_000 && System.nanoTime() - begunNs < BOUND.toNanos()) {
      Thread.onSpinWait();
    }
    assertThat(ran).as("seed %d", seed).hasValue(3_000);
  }

  /** A task that receives and counts. */
  private static final class Receiver implements AgentTask {
    private final DatagramIo io;
    private final ReceiveBatch batch = new ReceiveBatch(2);
    private final CountDownLatch received;
    final AtomicInteger turns = new AtomicInteger();

    Receiver(DatagramIo io, int expected) {
      this.io = io;
      this.received = new CountDownLatch(expected);
    }

    @Override
    public int doWork(long nowNs) {
      turns.incrementAndGet();
      try {
        int n = io.receive(batch);
        for (int i = 0; i < n; i++) {
          received.countDown();
        }
        return n;
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public long nextDeadlineNs() {
      return NO_DEADLINE;
    }
  }

  private static DatagramIo open(String mode, int host, int port) throws IOException {
    return DatagramIoFactory.open(
        new InetSocketAddress(OwnNet.of("127.20.5.") + host, port),
        DatagramIoOptions.defaults().withMode(DatagramIoOptions.Mode.of(mode)));
  }

  private static void send(DatagramIo from, DatagramIo to) throws IOException {
    from.sendBatch().add(PeerAddress.of(to.localAddress()), 64);
    assertThat(from.flush()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({"NATIVE, native", "NATIVE, channel", "CHANNEL, channel"})
  void shouldWakeWhenADatagramComes(WaitMode mode, String io) throws Exception {
    start(mode, 0);
    try (DatagramIo from = open("channel", 1, 0);
        DatagramIo to = open(io, 2, 0)) {
      Receiver receiver = new Receiver(to, 3);
      agent.add(receiver, BOUND, to);
      CountDownLatch never = new CountDownLatch(1);
      for (int i = 0; i < 3; i++) {
        assertThat(never.await(10, TimeUnit.MILLISECONDS)).isFalse();
        send(from, to);
      }
      assertThat(receiver.received.await(60, TimeUnit.SECONDS)).isTrue();
      agent.remove(receiver, BOUND);
    }
  }

  @ParameterizedTest
  @CsvSource({"NATIVE, native", "NATIVE, channel", "CHANNEL, channel"})
  void shouldKeepNothingOpenThatIsRemoved(WaitMode mode, String way) throws Exception {
    start(mode, 0);
    int port = 0;
    for (int i = 0; i < 40; i++) {
      DatagramIo io = open(way, 3, port);
      port = io.localAddress().getPort();
      Receiver receiver = new Receiver(io, 1);
      agent.add(receiver, BOUND, io);
      try (DatagramIo from = open(way, 4, 0)) {
        send(from, io);
        assertThat(receiver.received.await(60, TimeUnit.SECONDS)).isTrue();
      }
      agent.remove(receiver, BOUND);
      io.close();
    }
  }

  @ParameterizedTest
  @CsvSource({"NATIVE, native", "CHANNEL, channel"})
  void shouldNotSpinOnASocketThatWasClosedUnderIt(WaitMode mode, String way) throws Exception {
    start(mode, 0);
    DatagramIo io = open(way, 5, 0);
    Receiver receiver = new Receiver(io, 1);
    agent.add(receiver, BOUND, io);
    agent.call(
        "close underneath",
        () -> {
          io.close();
          return true;
        },
        BOUND);
    CountDownLatch never = new CountDownLatch(1);
    assertThat(never.await(200, TimeUnit.MILLISECONDS)).isFalse();
    assertThat(receiver.turns.get()).isLessThan(30);
    assertThat(agent.call("alive", () -> 1, BOUND)).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(names = {"NATIVE", "CHANNEL"})
  void shouldServeAThreadThatDrivesWhileItSleeps(WaitMode mode) throws Exception {
    start(mode, 0);
    String way = mode == WaitMode.NATIVE ? "native" : "channel";
    try (DatagramIo from = open(way, 6, 0);
        DatagramIo to = open(way, 7, 0)) {
      Receiver receiver = new Receiver(to, 500);
      agent.add(receiver, BOUND, to);
      long begunNs = System.nanoTime();
      for (int i = 0; i < 500; i++) {
        send(from, to);
        while (receiver.received.getCount() > 499 - i
            && System.nanoTime() - begunNs < BOUND.toNanos()) {
          agent.tryDrive();
        }
      }
      assertThat(receiver.received.getCount()).isZero();
      assertThat(agent.counter(AgentCounter.FOREIGN_TURNS)).isPositive();
      // Nobody drives any more: the agent's own thread hears again.
      Receiver second = new Receiver(to, 1);
      agent.remove(receiver, BOUND);
      agent.add(second, BOUND, to);
      send(from, to);
      assertThat(second.received.await(60, TimeUnit.SECONDS)).isTrue();
      agent.remove(second, BOUND);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"NATIVE", "CHANNEL"})
  void shouldRunWhatADriverOffersEvenIfItDrivesNoMore(WaitMode mode) throws Exception {
    start(mode, 0);
    for (int i = 0; i < 50; i++) {
      for (int turn = 0; turn < 20; turn++) {
        agent.tryDrive();
      }
      CountDownLatch ran = new CountDownLatch(1);
      assertThat(agent.offer(ran::countDown)).isTrue();
      assertThat(ran.await(60, TimeUnit.SECONDS)).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"NATIVE", "CHANNEL"})
  void shouldSeldomWakeForTheOneWhoDrives(WaitMode mode) {
    start(mode, 0);
    AtomicInteger ran = new AtomicInteger();
    int commands = 20_000;
    for (int i = 0; i < commands; i++) {
      while (!agent.offer(ran::incrementAndGet)) {
        agent.tryDrive();
      }
      agent.tryDrive();
    }
    long begunNs = System.nanoTime();
    while (ran.get() < commands && System.nanoTime() - begunNs < BOUND.toNanos()) {
      agent.tryDrive();
    }
    assertThat(ran).hasValue(commands);
    assertThat(agent.counter(AgentCounter.WAKE_UPS)).isLessThan(commands / 4);
  }

  @Test
  void shouldRefuseADescriptorWhereItCanOnlySelect() throws Exception {
    assumeTrue(Posix.isAvailable(), Posix.unavailableReason());
    start(WaitMode.CHANNEL, 0);
    try (DatagramIo io = open("native", 8, 0)) {
      assertThatThrownBy(() -> agent.add(new Receiver(io, 1), BOUND, io))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(OwnNet.of("127.20.5.8"))
          .hasMessageContaining("use the same mode");
    }
  }
}
