// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AgentTest {
  private static final Duration BOUND = Duration.ofSeconds(60);

  private final ConcurrentLinkedQueue<String> errors = new ConcurrentLinkedQueue<>();
  private final List<Agent> agents = new ArrayList<>();

  private Agent agent(int index, AgentOptions options) {
    Agent agent =
        new Agent(options.withErrorHandler((name, what, error) -> errors.add(what + ": " + error)));
    agents.add(agent);
    return agent;
  }

  private Agent started() {
    Agent agent = agent(0, AgentOptions.of(0));
    agent.start();
    return agent;
  }

  private Agent notStarted() {
    return agent(0, AgentOptions.of(0));
  }

  @AfterEach
  void closeAll() {
    agents.forEach(Agent::close);
  }

  /** A task that counts its turns and does what it is told. */
  private static class Task implements AgentTask {
    final AtomicInteger turns = new AtomicInteger();
    volatile long deadlineNs = NO_DEADLINE;

    @Override
    public int doWork(long nowNs) {
      turns.incrementAndGet();
      return 0;
    }

    @Override
    public long nextDeadlineNs() {
      return deadlineNs;
    }
  }

  private static void await(CountDownLatch latch) throws InterruptedException {
    assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void shouldRunCommandsOfManyThreadsInTheOrderOfEach() throws Exception {
    Agent agent = started();
    int threads = 4;
    int each = 5_000;
    int[] last = new int[threads];
    CountDownLatch done = new CountDownLatch(threads * each);
    AtomicInteger wrong = new AtomicInteger();
    for (int t = 0; t < threads; t++) {
      int mine = t;
      Thread.ofPlatform()
          .start(
              () -> {
                for (int i = 1; i <= each; i++) {
                  int number = i;
                  while (!agent.offer(
                      () -> {
                        if (!agent.inAgent() || ++last[mine] != number) {
                          wrong.incrementAndGet();
                        }
                        done.countDown();
                      })) {
                    Thread.onSpinWait();
                  }
                }
              });
    }
    await(done);
    assertThat(wrong).hasValue(0);
    assertThat(agent.counter(AgentCounter.COMMANDS)).isEqualTo(threads * each);
  }

  @Test
  void shouldSayWhenTheQueueIsFull() {
    Agent agent = agent(0, AgentOptions.of(0).withCommandCapacity(3));
    AtomicInteger ran = new AtomicInteger();
    for (int i = 0; i < 3; i++) {
      assertThat(agent.offer(ran::incrementAndGet)).isTrue();
    }
    assertThat(agent.offer(ran::incrementAndGet)).isFalse();
    assertThat(agent.counter(AgentCounter.COMMANDS_REFUSED)).isEqualTo(1);
    assertThat(agent.tryDrive()).isEqualTo(3);
    assertThat(ran).hasValue(3);
    assertThat(agent.offer(ran::incrementAndGet)).isTrue();
  }

  @Test
  void shouldGetACallThroughAFullQueue() {
    Agent agent = agent(0, AgentOptions.of(0).withCommandCapacity(1));
    AtomicInteger ran = new AtomicInteger();
    assertThat(agent.offer(ran::incrementAndGet)).isTrue();
    assertThat(agent.call("read", ran::get, BOUND)).isEqualTo(1);
  }

  @Test
  void shouldRunATaskWhenItsDeadlineIsDue() throws Exception {
    Agent agent = started();
    CountDownLatch due = new CountDownLatch(1);
    AtomicLong late = new AtomicLong();
    Task task =
        new Task() {
          @Override
          public int doWork(long nowNs) {
            super.doWork(nowNs);
            if (nowNs - deadlineNs >= 0 && deadlineNs != NO_DEADLINE) {
              late.set(nowNs - deadlineNs);
              deadlineNs = NO_DEADLINE;
              due.countDown();
              return 1;
            }
            return 0;
          }
        };
    task.deadlineNs = System.nanoTime() + 60_000_000;
    agent.add(task, BOUND);
    await(due);
    assertThat(late.get()).isNotNegative();
    assertThat(agent.counter(AgentCounter.SLEEPS)).as("it slept meanwhile").isPositive();
  }

  @Test
  void shouldSleepUntilADeadlineThatACommandSet() throws Exception {
    Agent agent = started();
    CountDownLatch twice = new CountDownLatch(2);
    Task task =
        new Task() {
          @Override
          public int doWork(long nowNs) {
            if (deadlineNs != NO_DEADLINE && nowNs - deadlineNs >= 0) {
              deadlineNs = NO_DEADLINE;
              twice.countDown();
            }
            return 0;
          }
        };
    agent.add(task, BOUND);
    for (int i = 0; i < 2; i++) {
      // Run by this thread if the agent sleeps: its sleep must then end in time all the same.
      agent.call(
          "set deadline",
          () -> {
            task.deadlineNs = System.nanoTime() + 20_000_000;
            return true;
          },
          BOUND);
      CountDownLatch latch = new CountDownLatch(1);
      assertThat(latch.await(60, TimeUnit.MILLISECONDS)).isFalse();
    }
    await(twice);
  }

  @Test
  void shouldNotSpinWhileNothingHappens() throws Exception {
    Agent agent = started();
    agent.add(new Task(), BOUND);
    CountDownLatch never = new CountDownLatch(1);
    long beganNs = System.nanoTime();
    while (agent.counter(AgentCounter.SLEEPS) == 0) {
      assertThat(System.nanoTime() - beganNs).as("it never sleeps").isLessThan(BOUND.toNanos());
      Thread.onSpinWait();
    }
    long before = agent.counter(AgentCounter.TURNS);
    assertThat(never.await(100, TimeUnit.MILLISECONDS)).isFalse();
    assertThat(agent.counter(AgentCounter.TURNS) - before).isLessThan(5);
  }

  @Test
  void shouldOutliveWhatCommandsThrow() {
    Agent agent = started();
    assertThat(
            agent.offer(
                () -> {
                  throw new IllegalStateException("first");
                }))
        .isTrue();
    assertThat(
            agent.offer(
                () -> {
                  throw new StackOverflowError("second");
                }))
        .isTrue();
    assertThat(agent.call("third", () -> 3, BOUND)).isEqualTo(3);
    assertThat(errors).hasSize(2);
    assertThat(agent.counter(AgentCounter.COMMAND_ERRORS)).isEqualTo(2);
  }

  @Test
  void shouldOutliveAnErrorHandlerThatThrows() {
    Agent agent =
        new Agent(
            AgentOptions.of(0)
                .withErrorHandler(
                    (name, what, error) -> {
                      throw new IllegalStateException("handler");
                    }));
    agents.add(agent);
    agent.start();
    agent.offer(
        () -> {
          throw new IllegalStateException("command");
        });
    assertThat(agent.call("after", () -> 1, BOUND)).isEqualTo(1);
  }

  @Test
  void shouldKeepATaskThatThrowsButNotSpinOnIt() throws Exception {
    Agent agent = started();
    Task neighbour = new Task();
    Task task =
        new Task() {
          @Override
          public int doWork(long nowNs) {
            if (turns.incrementAndGet() <= 5) {
              throw new IllegalStateException("turn " + turns);
            }
            deadlineNs = NO_DEADLINE;
            return 0;
          }
        };
    task.deadlineNs = System.nanoTime();
    agent.add(task, BOUND);
    agent.add(neighbour, BOUND);
    long deadlineNs = System.nanoTime() + BOUND.toNanos();
    while (task.turns.get() < 6 && System.nanoTime() - deadlineNs < 0) {
      Thread.yield();
    }
    assertThat(task.turns.get()).isGreaterThanOrEqualTo(6);
    assertThat(agent.counter(AgentCounter.TASK_ERRORS)).isEqualTo(5);
    assertThat(errors).hasSize(5).allMatch(e -> e.contains("turn "));
    assertThat(neighbour.turns).hasPositiveValue();
  }

  @Test
  void shouldNameTheCallThatTimedOutAndNeverRunIt() throws Exception {
    Agent agent = started();
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    agent.offer(
        () -> {
          entered.countDown();
          awaitUnchecked(leave);
        });
    await(entered);
    AtomicInteger ran = new AtomicInteger();
    assertThatThrownBy(
            () -> agent.call("destroy QP 17", ran::incrementAndGet, Duration.ofMillis(30)))
        .isInstanceOf(AgentTimeoutException.class)
        .hasMessageContaining("destroy QP 17")
        .hasMessageContaining("ib-agent-0")
        .hasMessageContaining("30 ms")
        .hasMessageContaining("will not run");
    leave.countDown();
    assertThat(agent.call("after", () -> 1, BOUND)).isEqualTo(1);
    assertThat(ran).hasValue(0);
    assertThat(agent.counter(AgentCounter.CALLS_TIMED_OUT)).isEqualTo(1);
  }

  private static void awaitUnchecked(CountDownLatch latch) {
    try {
      if (!latch.await(60, TimeUnit.SECONDS)) {
        throw new IllegalStateException("not released");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void shouldStayInterruptedWhenACallIsInterrupted() {
    Agent agent = started();
    CountDownLatch leave = new CountDownLatch(1);
    CountDownLatch entered = new CountDownLatch(1);
    agent.offer(
        () -> {
          entered.countDown();
          awaitUnchecked(leave);
        });
    awaitUnchecked(entered);
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> agent.call("wait", () -> 1, BOUND))
        .isInstanceOf(AgentException.class)
        .hasMessageContaining("interrupted");
    assertThat(Thread.interrupted()).isTrue();
    leave.countDown();
  }

  @Test
  void shouldGiveTheCallerWhatTheCallThrew() {
    Agent agent = started();
    assertThatThrownBy(
            () ->
                agent.call(
                    "a",
                    () -> {
                      throw new IllegalArgumentException("mine");
                    },
                    BOUND))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("mine");
    assertThatThrownBy(
            () ->
                agent.call(
                    "open it",
                    () -> {
                      throw new IOException("checked");
                    },
                    BOUND))
        .isInstanceOf(AgentException.class)
        .hasMessageContaining("open it")
        .hasCauseInstanceOf(IOException.class);
    assertThat(errors).as("told the caller, nobody else").isEmpty();
  }

  @Test
  void shouldRunACallAtOnceInTheAgent() {
    Agent agent = started();
    int result =
        agent.call("outer", () -> agent.call("inner", () -> 7, Duration.ofMillis(1)) + 1, BOUND);
    assertThat(result).isEqualTo(8);
  }

  @Test
  void shouldRefuseACallFromAnotherAgent() {
    Agent one = started();
    Agent two = agent(1, AgentOptions.of(1));
    two.start();
    assertThatThrownBy(() -> one.call("outer", () -> two.call("inner", () -> 1, BOUND), BOUND))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("ib-agent-1")
        .hasMessageContaining("deadlock");
    assertThat(two.call("after", () -> 1, BOUND)).isEqualTo(1);
  }

  @Test
  void shouldRunNeitherTurnNorDeadlineOfATaskOnceRemoved() {
    Agent agent = started();
    Task task = new Task();
    task.deadlineNs = System.nanoTime();
    agent.add(task, BOUND);
    assertThatThrownBy(() -> agent.add(task, BOUND)).isInstanceOf(IllegalArgumentException.class);
    assertThat(agent.remove(task, BOUND)).isTrue();
    int turns = task.turns.get();
    for (int i = 0; i < 100; i++) {
      agent.call("turn", () -> 1, BOUND);
    }
    assertThat(task.turns).hasValue(turns);
    assertThat(agent.remove(task, BOUND)).isFalse();
  }

  @Test
  void shouldLetATaskRemoveItsNeighbourInTheMiddleOfATurn() {
    Agent agent = notStarted();
    Task second = new Task();
    Task first =
        new Task() {
          @Override
          public int doWork(long nowNs) {
            agent.remove(second, BOUND);
            return 1;
          }
        };
    agent.add(first, BOUND);
    agent.add(second, BOUND);
    assertThat(agent.tryDrive()).isEqualTo(1);
    assertThat(second.turns).hasValue(0);
  }

  @Test
  void shouldBeHeldByWhoDrivesIt() throws Exception {
    Agent agent = notStarted();
    AtomicReference<Boolean> inside = new AtomicReference<>();
    AtomicInteger again = new AtomicInteger(99);
    AtomicInteger other = new AtomicInteger(99);
    agent.add(
        new Task() {
          @Override
          public int doWork(long nowNs) {
            inside.set(agent.inAgent());
            again.set(agent.tryDrive());
            Thread thread = Thread.ofPlatform().start(() -> other.set(agent.tryDrive()));
            try {
              thread.join();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
            return 5;
          }
        },
        BOUND);
    assertThat(agent.inAgent()).isFalse();
    assertThatThrownBy(agent::assertInAgent).isInstanceOf(IllegalStateException.class);
    assertThat(agent.tryDrive()).isEqualTo(5);
    assertThat(inside).hasValue(true);
    assertThat(again).as("a turn inside a turn does nothing").hasValue(0);
    assertThat(other).hasValue(Agent.BUSY);
    assertThat(agent.inAgent()).isFalse();
  }

  @Test
  void shouldShareItsTurnsWithThreadsThatDriveIt() throws Exception {
    Agent agent = notStarted();
    int[] owned = new int[1];
    agent.add(
        new Task() {
          @Override
          public int doWork(long nowNs) {
            owned[0]++;
            return owned[0] % 64 == 0 ? 1 : 0;
          }
        },
        BOUND);
    agent.start();
    List<Thread> drivers = new ArrayList<>();
    CountDownLatch commands = new CountDownLatch(2_000);
    for (int t = 0; t < 2; t++) {
      drivers.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; i < 1_000; i++) {
                      agent.tryDrive();
                      while (!agent.offer(commands::countDown)) {
                        Thread.onSpinWait();
                      }
                    }
                  }));
    }
    for (Thread driver : drivers) {
      assertThat(driver.join(BOUND)).isTrue();
    }
    await(commands);
    long turns =
        agent.call(
            "read",
            () -> {
              long counted =
                  agent.counter(AgentCounter.TURNS) + agent.counter(AgentCounter.FOREIGN_TURNS);
              return counted - owned[0];
            },
            BOUND);
    assertThat(turns).as("turns are counted, and run one at a time").isBetween(0L, 4L);
    assertThat(agent.counter(AgentCounter.FOREIGN_TURNS)).isPositive();
  }

  @Test
  void shouldRunWhatWaitsAndRefuseTheRestWhenClosed() {
    Agent agent = started();
    AtomicInteger ran = new AtomicInteger();
    for (int i = 0; i < 100; i++) {
      agent.offer(ran::incrementAndGet);
    }
    agent.close();
    assertThat(ran).hasValue(100);
    assertThat(agent.offer(ran::incrementAndGet)).isFalse();
    assertThat(agent.tryDrive()).isZero();
    assertThatThrownBy(() -> agent.call("late", () -> 1, BOUND))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
    agent.close();
  }

  @Test
  void shouldReportAThreadThatDoesNotEndInTime() throws Exception {
    Agent agent = agent(0, AgentOptions.of(0).withCloseTimeout(Duration.ofMillis(50)));
    agent.start();
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    agent.offer(
        () -> {
          entered.countDown();
          awaitUnchecked(leave);
        });
    await(entered);
    agent.close();
    leave.countDown();
    assertThat(errors).hasSize(1);
    assertThat(errors.peek()).contains("did not end within 50 ms", "AgentTest");
  }

  @Test
  void shouldHaveADaemonThreadWithItsName() {
    Agent agent = agent(7, AgentOptions.of(7).withSpinNs(0));
    agent.start();
    Thread[] found = new Thread[1];
    agent.offer(() -> found[0] = Thread.currentThread());
    CountDownLatch ran = new CountDownLatch(1);
    agent.offer(ran::countDown);
    awaitUnchecked(ran);
    assertThat(found[0].getName()).isEqualTo("ib-agent-7");
    assertThat(found[0].isDaemon()).isTrue();
  }
}
