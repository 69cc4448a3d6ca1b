// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import ib.transport.agent.Agent;
import ib.transport.agent.AgentTask;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * The doorbells of one device. A ring goes to the agent as a command; if the command queue is full
 * the bank, which is a task of the agent, looks at all doorbells in the agent's next turn.
 */
public final class DoorbellBank implements AgentTask {
  private final Agent agent;

  /** {@link Agent#offer}. */
  private final Predicate<Runnable> commands;

  private final List<Doorbell> doorbells = new ArrayList<>();
  private volatile boolean missed;

  /**
   * Creates an empty bank.
   *
   * @param agent the agent
   */
  public DoorbellBank(Agent agent) {
    this(agent, agent::offer);
  }

  /** Creates a bank whose commands take a way that a test can see. */
  DoorbellBank(Agent agent, Predicate<Runnable> commands) {
    this.agent = agent;
    this.commands = commands;
  }

  /**
   * Begins to serve missed rings.
   *
   * @param timeout longest wait for the agent
   */
  public void open(Duration timeout) {
    agent.add(this, timeout);
  }

  /**
   * Serves no missed rings any more.
   *
   * @param timeout longest wait for the agent
   */
  public void close(Duration timeout) {
    agent.remove(this, timeout);
  }

  /**
   * Adds a doorbell. Agent thread.
   *
   * @param work what to do when it is rung, on the agent thread
   * @return the doorbell
   */
  public Doorbell add(Runnable work) {
    agent.assertInAgent();
    Doorbell doorbell = new Doorbell(this, work);
    doorbells.add(doorbell);
    return doorbell;
  }

  /**
   * Removes a doorbell; a ring already on its way may still come through. Agent thread.
   *
   * @param doorbell result of {@link #add}
   */
  public void remove(Doorbell doorbell) {
    agent.assertInAgent();
    doorbells.remove(doorbell);
  }

  void forward(Doorbell doorbell) {
    // Twice: between a refusal and the note of it the agent may have emptied its queue and fallen
    // asleep; else the queue is still full, and a turn follows that sees the note.
    for (int i = 0; i < 2 && !commands.test(doorbell); i++) {
      missed = true;
    }
  }

  @Override
  public int doWork(long nowNs) {
    if (!missed) {
      return 0;
    }
    missed = false;
    int found = 0;
    // By index: the work of a doorbell may not add or remove doorbells, but must not break the loop
    // if it does.
    for (int i = 0; i < doorbells.size(); i++) {
      doorbells.get(i).runIfRung();
      found++;
    }
    return found;
  }

  @Override
  public long nextDeadlineNs() {
    return missed ? agent.clock().nanoTime() : NO_DEADLINE;
  }

  @Override
  public String toString() {
    return "doorbells";
  }
}
