// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

import ib.transport.internal.counters.EnumCounters;
import ib.transport.internal.posix.Posix;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One thread that runs a set of {@link AgentTask}s, and the ownership of everything they own.
 *
 * <p>At any moment at most one thread <em>holds</em> the agent: usually its own, for one turn
 * another that drives it ({@link #tryDrive()}) or helps with the commands while it waits in {@link
 * #call}. Taking and giving back order memory, so what belongs to the agent needs no other
 * protection. A turn runs the waiting commands, then each task once. An idle agent looks for more
 * work for a short while after the last, then sleeps until a source is ready, a command comes, or a
 * deadline is due.
 *
 * <p>Before {@link #start()} the agent has no thread of its own: commands and tasks run when a
 * thread calls or drives it. All methods are for any thread.
 */
public final class Agent implements AutoCloseable {
  /** What {@link #tryDrive()} answers when another thread holds the agent. */
  public static final int BUSY = -1;

  /**
   * How long after a foreign turn the agent's thread leaves the sources to the one who drives, and
   * how long it then sleeps.
   */
  private static final long DRIVEN_NS = 200_000;

  /** How long a thread that offered while the agent closed looks for its turn. */
  private static final long LATE_NS = 1_000_000_000;

  private static final int AWAKE = 0;
  private static final int ASLEEP = 1;

  /** For at most {@link #DRIVEN_NS}, because another thread drives. */
  private static final int NAPPING = 2;

  private final AgentOptions options;
  private final NanoClock clock;
  private final Waiter waiter;
  private final CommandQueue commands;
  private final AtomicInteger sleep = new AtomicInteger(AWAKE);
  private final EnumCounters<AgentCounter> counters = new EnumCounters<>(AgentCounter.class);
  private final Thread thread;
  private final Ownership ownership;
  private final Turn turn;

  /**
   * When the sleeping agent wakes by itself. Written before {@link #sleep} says ASLEEP or NAPPING.
   */
  private volatile long wakeAtNs;

  private volatile boolean started;
  private volatile boolean closing;

  // Owned by the holder.
  private final TaskSet tasks = new TaskSet();
  private boolean sourcesChanged;
  private boolean driven;
  private long lastForeignTurnNs;

  // Owned by the agent's thread.
  private long lastWorkNs;
  private boolean leaveSources;

  /** Makes an agent that is not started. */
  public Agent(AgentOptions options) {
    this.options = options;
    this.clock = options.clock();
    this.waiter = newWaiter(options);
    this.commands = new CommandQueue(options.commandCapacity());
    this.thread = new Thread(this::run, options.name());
    this.thread.setDaemon(true);
    this.ownership = new Ownership(this, thread);
    this.turn = new Turn(options, counters, commands, tasks);
  }

  private static Waiter newWaiter(AgentOptions options) {
    return switch (options.waitMode()) {
      case CHANNEL -> new SelectorWaiter();
      case AUTO -> Posix.isAvailable() ? new PollWaiter() : new SelectorWaiter();
      case NATIVE -> {
        if (!Posix.isAvailable()) {
          throw new IllegalArgumentException(
              options.name()
                  + ": wait mode NATIVE is not possible ("
                  + Posix.unavailableReason()
                  + "); use AUTO or CHANNEL");
        }
        yield new PollWaiter();
      }
    };
  }

  /** The agent's name. */
  public String name() {
    return options.name();
  }

  /** The clock that tasks are given. */
  public NanoClock clock() {
    return clock;
  }

  /** Reads a counter. */
  public long counter(AgentCounter counter) {
    return counters.get(counter);
  }

  /** Starts the agent's thread, once. */
  public void start() {
    if (closing || started) {
      throw new IllegalStateException(name() + (closing ? " is closed" : " is started already"));
    }
    started = true;
    thread.start();
  }

  /** Whether {@link #close()} was called: commands are refused. */
  public boolean isClosed() {
    return closing;
  }

  /** Whether the calling thread holds the agent, and so may touch what belongs to it. */
  public boolean inAgent() {
    return ownership.isMine();
  }

  /**
   * Checks {@link #inAgent()}.
   *
   * @throws IllegalStateException if the calling thread does not hold the agent
   */
  public void assertInAgent() {
    if (!inAgent()) {
      throw new IllegalStateException(
          "thread " + Thread.currentThread().getName() + " does not hold agent " + name());
    }
  }

  /**
   * Hands the agent a command. Commands of one thread run in their order.
   *
   * @return false when the queue is full or the agent is closed: the command will not run
   */
  public boolean offer(Runnable command) {
    if (!enqueue(command)) {
      return false;
    }
    // Who drives will drive again; if not, the nap soon ends by itself.
    if (sleep.get() != NAPPING || !ownership.wasLastDriver()) {
      wakeIfAsleep();
    }
    return true;
  }

  private boolean enqueue(Runnable command) {
    if (closing) {
      return false;
    }
    if (!commands.offer(command)) {
      counters.addShared(AgentCounter.COMMANDS_REFUSED, 1);
      return false;
    }
    if (closing && !inAgent()) {
      runAfterClose();
    }
    return true;
  }

  /** The last turn may have passed already: what came too late for it runs here. */
  private void runAfterClose() {
    long begunNs = System.nanoTime();
    while (!commands.isEmpty() && System.nanoTime() - begunNs < LATE_NS) {
      help();
      Thread.onSpinWait();
    }
  }

  /** As {@link #call(String, Callable, Duration)}, named after the class of the command. */
  public <T extends @Nullable Object> T call(Callable<T> command, Duration timeout) {
    return call(command.getClass().getName(), command, timeout);
  }

  /**
   * Runs a command in the agent and waits for its result. While it waits the calling thread may run
   * waiting commands itself, if nobody holds the agent. When the calling thread holds the agent,
   * the command runs at once.
   *
   * @param what names the call in messages
   * @param command runs once, or, after a time-out before it began, never
   * @param timeout longest wait
   * @throws AgentTimeoutException if the time is over
   * @throws AgentException if the command threw a checked exception, or the wait was interrupted
   *     (the thread stays interrupted)
   * @throws IllegalStateException if the agent is closed, or the calling thread holds another
   *     agent, which could deadlock
   */
  public <T extends @Nullable Object> T call(String what, Callable<T> command, Duration timeout) {
    return call(what, command, timeout, true);
  }

  /**
   * As {@link #call(String, Callable, Duration)}, but an interrupt does not end the wait: it is
   * kept for later. For commands after which the caller must know whether they ran.
   *
   * @throws AgentTimeoutException if the time is over
   * @throws AgentException if the command threw a checked exception
   */
  public <T extends @Nullable Object> T callUninterruptibly(
      String what, Callable<T> command, Duration timeout) {
    return call(what, command, timeout, false);
  }

  private <T extends @Nullable Object> T call(
      String what, Callable<T> command, Duration timeout, boolean interruptible) {
    AgentCall<T> call = new AgentCall<>(this, what, command);
    if (inAgent()) {
      call.run();
      return call.result();
    }
    Agent held = ownership.otherHeld();
    if (held != null) {
      throw new IllegalStateException(
          what
              + ": a synchronous call to "
              + name()
              + " from a thread that holds "
              + held.name()
              + " could deadlock; use offer");
    }
    return interruptible ? call.await(timeout) : call.awaitUninterruptibly(timeout);
  }

  /**
   * For {@link AgentCall}: queues it if there is room, and makes sure that somebody runs it, the
   * calling thread if it can.
   */
  boolean submit(Runnable call) {
    if (closing) {
      throw new IllegalStateException(name() + " is closed");
    }
    if (!enqueue(call)) {
      help();
      return false;
    }
    help();
    return true;
  }

  /**
   * For {@link AgentCall}: runs waiting commands on this thread if nobody holds the agent; wakes
   * the agent otherwise.
   */
  void help() {
    if (!ownership.take()) {
      wakeIfAsleep();
      return;
    }
    try {
      turn.runCommands();
    } finally {
      finishForeignTurn();
    }
  }

  /**
   * Runs the commands that wait, for a task that has just caused some and can go on better after
   * them; those that they bring wait for the next call or turn. Only for the holder of the agent.
   *
   * @return how many
   */
  public int runCommands() {
    assertInAgent();
    return turn.runCommands();
  }

  /** For messages: who holds the agent, and where. */
  String whereItIs() {
    return ownership.whereItIs();
  }

  void countTimedOutCall() {
    counters.addShared(AgentCounter.CALLS_TIMED_OUT, 1);
  }

  /**
   * Takes one turn on the calling thread if nobody holds the agent: waiting commands, then each
   * task once. For a thread that polls for completions and so need not wait for the agent's own
   * thread to wake up.
   *
   * @return the work done, 0 when there was none or the calling thread holds the agent already,
   *     {@link #BUSY} if another thread holds it
   */
  public int tryDrive() {
    if (inAgent() || closing) {
      return 0;
    }
    if (!ownership.take()) {
      return BUSY;
    }
    counters.add(AgentCounter.FOREIGN_TURNS, 1);
    try {
      long nowNs = clock.nanoTime();
      lastForeignTurnNs = nowNs;
      driven = true;
      ownership.rememberDriver();
      return turn.take(nowNs);
    } finally {
      finishForeignTurn();
    }
  }

  /**
   * Gives the agent back after a turn on a foreign thread; wakes its own thread if that would now
   * sleep too long.
   */
  private void finishForeignTurn() {
    boolean wake;
    try {
      wake = sourcesChanged || tasks.anyWantsWrite() || sleepsTooLong();
    } finally {
      ownership.giveBack();
    }
    if (wake || !commands.isEmpty()) {
      wakeIfAsleep();
    }
  }

  private boolean sleepsTooLong() {
    return Turn.earlier(turn.earliestDeadlineNs(clock.nanoTime()), wakeAtNs);
  }

  /**
   * Adds a task with what ends the agent's sleep for it. Returns when the task is in.
   *
   * @param sources must stay open until {@link #remove} returned
   * @param timeout longest wait
   * @throws IllegalArgumentException if the task is there already, or a source is of a kind that
   *     this agent can't wait for
   */
  public void add(AgentTask task, Duration timeout, Pollable... sources) {
    Pollable[] all = sources.clone();
    for (Pollable source : all) {
      if (!waiter.accepts(source)) {
        throw new IllegalArgumentException(
            name()
                + " can't wait for "
                + source
                + ": it has neither a descriptor nor a channel that this agent's wait mode takes;"
                + " use the same mode (auto, native or channel) for the socket and the agent");
      }
    }
    call(
        "add task " + task,
        () -> {
          addSlot(new TaskSlot(task, all));
          return true;
        },
        timeout);
  }

  private void addSlot(TaskSlot slot) {
    if (!tasks.add(slot)) {
      throw new IllegalArgumentException(name() + " runs task " + slot.task + " already");
    }
    sourcesChanged = true;
  }

  /**
   * Removes a task and its sources. After it returned the task does not run and will not run again,
   * and its sources may be closed.
   *
   * @param timeout longest wait
   * @return false if the task was not there
   */
  public boolean remove(AgentTask task, Duration timeout) {
    return call("remove task " + task, () -> removeSlot(task), timeout);
  }

  private boolean removeSlot(AgentTask task) {
    TaskSlot slot = tasks.remove(task);
    if (slot == null) {
      return false;
    }
    sourcesChanged = true;
    waiter.forget(slot);
    return true;
  }

  /**
   * Ends the agent: refuses new commands, runs those that wait, stops the thread. Waits for it as
   * long as the options say, except when the calling thread is or holds the agent; what does not
   * end in time is reported to the error handler and left to end by itself.
   */
  @Override
  public void close() {
    closing = true;
    wakeIfAsleep();
    if (!started) {
      help();
      waiter.close();
    } else if (!ownership.onAgentThread() && !inAgent()) {
      joinThread();
    }
  }

  private void joinThread() {
    try {
      if (!thread.join(options.closeTimeout())) {
        turn.report(
            "close",
            new AgentTimeoutException(
                name()
                    + " did not end within "
                    + options.closeTimeout().toMillis()
                    + " ms; its thread is at "
                    + Arrays.toString(thread.getStackTrace())));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // The loop.

  private void run() {
    ownership.bindAgentThread();
    lastWorkNs = clock.nanoTime();
    while (!closing) {
      if (!ownership.take()) {
        sleepWhileDriven();
      } else if (ownTurn()) {
        sleepUntilWoken();
      } else {
        Thread.onSpinWait();
      }
    }
    lastTurn();
    waiter.close();
  }

  /**
   * One turn of the agent's thread, which holds the agent and gives it back; true if it may sleep
   * now.
   */
  private boolean ownTurn() {
    try {
      counters.add(AgentCounter.TURNS, 1);
      long nowNs = clock.nanoTime();
      boolean othersDrive = driven && nowNs - lastForeignTurnNs < DRIVEN_NS;
      if (turn.take(nowNs) > 0) {
        lastWorkNs = nowNs;
        return false;
      }
      if (!othersDrive && nowNs - lastWorkNs < options.spinNs()) {
        return false;
      }
      fallAsleep(nowNs, othersDrive);
      return true;
    } catch (Throwable t) {
      turn.report("turn", t);
      return false;
    } finally {
      ownership.giveBack();
    }
  }

  private void fallAsleep(long nowNs, boolean othersDrive) {
    waiter.prepare(tasks.slots(), nowNs);
    sourcesChanged = false;
    driven = othersDrive;
    if (!othersDrive) {
      ownership.forgetDriver();
    }
    leaveSources = othersDrive;
    long deadlineNs = turn.earliestDeadlineNs(nowNs);
    long lookAgainNs = nowNs + DRIVEN_NS;
    wakeAtNs = othersDrive && Turn.earlier(lookAgainNs, deadlineNs) ? lookAgainNs : deadlineNs;
    sleep.set(othersDrive ? NAPPING : ASLEEP);
  }

  /**
   * Sleeps after {@link #sleep} was set, which whoever offers a command sees; so the queue is
   * looked at once more.
   */
  private void sleepUntilWoken() {
    long atNs = wakeAtNs;
    long timeoutNs = atNs == AgentTask.NO_DEADLINE ? Long.MAX_VALUE : atNs - clock.nanoTime();
    if (timeoutNs > 0 && commands.isEmpty() && !closing) {
      counters.addShared(AgentCounter.SLEEPS, 1);
      waiter.await(timeoutNs, !leaveSources);
    }
    waiter.disarm();
    sleep.set(AWAKE);
    // An interrupt means nothing here, and a selector would not sleep with it.
    Thread.interrupted();
  }

  /**
   * Another thread holds the agent. It may have been stopped in the middle, so its end is not spun
   * for.
   */
  private void sleepWhileDriven() {
    wakeAtNs = clock.nanoTime() + DRIVEN_NS;
    sleep.set(NAPPING);
    if (!ownership.isFree() && !closing) {
      counters.addShared(AgentCounter.SLEEPS, 1);
      waiter.await(DRIVEN_NS, false);
    }
    sleep.set(AWAKE);
  }

  private void lastTurn() {
    while (!ownership.take()) {
      LockSupport.parkNanos(DRIVEN_NS);
    }
    try {
      turn.runCommands();
    } finally {
      ownership.giveBack();
    }
  }

  private void wakeIfAsleep() {
    int state = sleep.get();
    if (state != AWAKE && sleep.compareAndSet(state, AWAKE)) {
      counters.addShared(AgentCounter.WAKE_UPS, 1);
      waiter.wakeUp();
    }
  }
}
