// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.transport.agent.Agent;
import ib.transport.agent.AgentCounter;
import ib.transport.agent.AgentOptions;
import ib.verbs.RdmaException;
import ib.verbs.RdmaResource;
import ib.verbs.spi.ResourceBook;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Commands, doorbells and the life of resources. */
class HcaCommandsTest {
  private static final Duration WAIT = Duration.ofSeconds(30);

  private final List<String> stuck = new CopyOnWriteArrayList<>();
  private Agent agent;
  private HcaCommands commands;

  @BeforeEach
  void start() {
    agent = new Agent(AgentOptions.of(0).withCommandCapacity(2));
    agent.start();
    commands = new HcaCommands("x0", agent, WAIT, stuck::add);
  }

  @AfterEach
  void stop() {
    agent.close();
  }

  @Test
  void shouldRunOnTheAgentAndPassResultsAndErrorsOn() throws RdmaException {
    assertThat(commands.<Boolean>call("look", agent::inAgent)).isTrue();
    assertThatThrownBy(
            () ->
                commands.call(
                    "fail",
                    () -> {
                      throw new RdmaException("no room");
                    }))
        .isInstanceOf(RdmaException.class)
        .hasMessage("no room");
    assertThat(stuck).isEmpty();
  }

  @Test
  void shouldWorkForAnInterruptedThreadAndKeepTheInterrupt() throws RdmaException {
    Thread.currentThread().interrupt();
    assertThat(commands.<Integer>call("look", () -> 1)).isEqualTo(1);
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void shouldEndACommandWhoseCallerIsInterruptedAndKeepTheInterrupt() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    CountDownLatch held = new CountDownLatch(1);
    agent.offer(
        () -> {
          held.countDown();
          awaitQuietly(release);
        });
    assertThat(held.await(5, TimeUnit.SECONDS)).isTrue();
    TestResource resource =
        new TestResource("qp 7") {
          @Override
          protected void destroy() throws RdmaException {
            commands.call("destroy", destroyed::incrementAndGet);
          }
        };
    AtomicBoolean kept = new AtomicBoolean();
    Thread closer =
        Thread.ofPlatform()
            .start(
                () -> {
                  resource.close();
                  kept.set(Thread.interrupted());
                });
    long end = System.nanoTime() + WAIT.toNanos();
    while (closer.getState() != Thread.State.TIMED_WAITING && System.nanoTime() < end) {
      Thread.onSpinWait();
    }
    closer.interrupt();
    assertThat(resource.destroyed).hasValue(0);
    release.countDown();
    assertThat(closer.join(WAIT)).isTrue();
    assertThat(resource.destroyed).as("the hardware's part has ended").hasValue(1);
    assertThat(kept).isTrue();
  }

  @Test
  void shouldTellOfAnAgentThatDoesNotAnswer() throws Exception {
    HcaCommands hasty = new HcaCommands("x0", agent, Duration.ofMillis(50), stuck::add);
    CountDownLatch release = new CountDownLatch(1);
    CountDownLatch held = new CountDownLatch(1);
    agent.offer(
        () -> {
          held.countDown();
          awaitQuietly(release);
        });
    assertThat(held.await(30, TimeUnit.SECONDS)).isTrue();
    assertThatThrownBy(() -> hasty.call("look", () -> 1)).isInstanceOf(RdmaException.class);
    assertThat(stuck).hasSize(1);
    release.countDown();
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await(30, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void shouldRefuseEverythingOnceTheHardwareIsGone() throws RdmaException {
    commands.withdraw();
    assertThatThrownBy(() -> commands.call("look", () -> 1))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("x0 is withdrawn");
    assertThat(commands.<Integer>callAlways("end", () -> 2)).isEqualTo(2);
  }

  @Test
  void shouldRefuseACommandThatWaitedWhileTheHardwareWent() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    CountDownLatch held = new CountDownLatch(1);
    AtomicInteger ran = new AtomicInteger();
    agent.offer(
        () -> {
          held.countDown();
          awaitQuietly(release);
        });
    assertThat(held.await(30, TimeUnit.SECONDS)).isTrue();
    Thread late =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    commands.call("late", ran::incrementAndGet);
                  } catch (RdmaException e) {
                    stuck.add(String.valueOf(e.getMessage()));
                  }
                });
    while (late.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
    commands.withdraw();
    release.countDown();
    late.join(5000);
    assertThat(ran).hasValue(0);
    assertThat(stuck).hasSize(1).first().asString().contains("withdrawn");
  }

  @Test
  void shouldLoseNoRingWhenTheAgentsQueueIsFull() throws Exception {
    DoorbellBank bank = new DoorbellBank(agent);
    bank.open(WAIT);
    AtomicInteger[] seen = new AtomicInteger[20];
    Doorbell[] bells = new Doorbell[seen.length];
    for (int i = 0; i < seen.length; i++) {
      AtomicInteger counter = new AtomicInteger();
      seen[i] = counter;
      bells[i] = agent.call(() -> bank.add(counter::incrementAndGet), WAIT);
    }
    CountDownLatch release = new CountDownLatch(1);
    CountDownLatch held = new CountDownLatch(1);
    agent.offer(
        () -> {
          held.countDown();
          awaitQuietly(release);
        });
    assertThat(held.await(30, TimeUnit.SECONDS)).isTrue();
    // Only two fit into the queue.
    for (Doorbell bell : bells) {
      bell.ring();
      bell.ring();
    }
    release.countDown();
    long end = System.nanoTime() + WAIT.toNanos();
    for (AtomicInteger counter : seen) {
      while (counter.get() == 0 && System.nanoTime() < end) {
        Thread.onSpinWait();
      }
      assertThat(counter.get()).isBetween(1, 2);
    }
    bank.close(WAIT);
  }

  @Test
  void shouldWakeAnAgentThatFellAsleepBeforeARefusedRingWasNoted() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    CountDownLatch held = new CountDownLatch(1);
    CountDownLatch served = new CountDownLatch(1);
    AtomicInteger refused = new AtomicInteger();
    DoorbellBank bank =
        new DoorbellBank(
            agent,
            command -> {
              boolean taken = agent.offer(command);
              if (!taken && refused.getAndIncrement() == 0) {
                // The thread that rings is stopped here until the agent has found nothing to do.
                long sleeps = agent.counter(AgentCounter.SLEEPS);
                release.countDown();
                long end = System.nanoTime() + WAIT.toNanos();
                while (agent.counter(AgentCounter.SLEEPS) == sleeps && System.nanoTime() < end) {
                  Thread.onSpinWait();
                }
              }
              return taken;
            });
    bank.open(WAIT);
    Doorbell bell = agent.call(() -> bank.add(served::countDown), WAIT);
    agent.offer(
        () -> {
          held.countDown();
          awaitQuietly(release);
        });
    assertThat(held.await(5, TimeUnit.SECONDS)).isTrue();
    while (agent.offer(() -> {})) {
      continue;
    }
    bell.ring();
    assertThat(refused).hasPositiveValue();
    assertThat(served.await(10, TimeUnit.SECONDS)).isTrue();
    bank.close(WAIT);
  }

  @Test
  void shouldCloseOnceAndGuardWhatIsUsed() throws RdmaException {
    TestResource parent = new TestResource("pd 1");
    TestResource child = new TestResource("mr 2");
    parent.use(child);
    assertThatThrownBy(parent::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContainingAll("pd 1", "mr 2");
    assertThat(parent.isClosed()).isFalse();
    parent.unuse(child);
    parent.close();
    parent.close();
    assertThat(parent.destroyed).hasValue(1);
    assertThat(parent.booked).hasValue(0);
    assertThatThrownBy(() -> parent.use(child))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("closed");
  }

  @Test
  void shouldCloseWithoutTheHardwareAfterItIsGone() throws RdmaException {
    TestResource resource = new TestResource("cq 1");
    resource.use(new TestResource("qp 1"));
    commands.withdraw();
    resource.close();
    assertThat(resource.destroyed).hasValue(0);
    assertThat(resource.booked).hasValue(0);
  }

  @Test
  void shouldMakeASecondCloserWaitForTheFirst() throws Exception {
    CountDownLatch inDestroy = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    TestResource resource =
        new TestResource("qp 3") {
          @Override
          protected void destroy() throws RdmaException {
            inDestroy.countDown();
            awaitQuietly(release);
            super.destroy();
          }
        };
    Thread first = Thread.ofPlatform().start(resource::close);
    assertThat(inDestroy.await(30, TimeUnit.SECONDS)).isTrue();
    Thread second = Thread.ofPlatform().start(resource::close);
    assertThat(second.join(Duration.ofMillis(50))).isFalse();
    release.countDown();
    assertThat(second.join(WAIT)).isTrue();
    assertThat(first.join(WAIT)).isTrue();
    assertThat(resource.destroyed).hasValue(1);
  }

  @Test
  void shouldRefuseToCloseOnTheAgent() {
    TestResource resource = new TestResource("qp 4");
    assertThatThrownBy(
            () ->
                agent.call(
                    () -> {
                      resource.close();
                      return true;
                    },
                    WAIT))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("qp 4");
    assertThat(resource.isClosed()).isFalse();
  }

  private class TestResource extends HcaResource {
    final AtomicInteger destroyed = new AtomicInteger();
    final AtomicInteger booked;

    TestResource(String label) {
      this(label, new AtomicInteger(1));
    }

    private TestResource(String label, AtomicInteger booked) {
      super(
          commands,
          new ResourceBook() {
            @Override
            public void created(RdmaResource resource) {
              booked.incrementAndGet();
            }

            @Override
            public void destroyed(RdmaResource resource) {
              booked.decrementAndGet();
            }
          },
          label);
      this.booked = booked;
    }

    @Override
    protected void destroy() throws RdmaException {
      destroyed.incrementAndGet();
    }
  }
}
