// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.srp.SrpCheck;
import ib.srp.SrpCmd;
import ib.srp.SrpIu;
import ib.srp.SrpOpcode;
import ib.ulp.srpt.internal.Command.State;
import ib.ulp.srpt.internal.scsi.ScsiStatus;
import ib.ulp.srpt.internal.scsi.Sense;
import ib.verbs.Connection;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One login: a queue pair with its rings and the commands in flight on it. Touched only by who has
 * the target's turn, but for the completion handler, which only wakes the worker.
 *
 * <p>Credits: the initiator may have {@code requestLimit} requests outstanding; each response gives
 * one back, and its receive buffer is posted again before it leaves. So there is always a receive
 * for what may arrive.
 */
final class Channel {
  private static final int POLL_BATCH = 32;

  /** Completions taken in one turn, so that a busy login does not keep the worker from others. */
  private static final int BATCHES_PER_TURN = 8;

  /**
   * Longest time without any progress of what is posted. An initiator that takes no responses, or
   * reads and writes of its memory without end, would else keep buffers that all logins share.
   */
  private static final long STALL_NS = TimeUnit.SECONDS.toNanos(60);

  final Session session;
  final TargetDevice device;
  final Ledger.Entry ledger;
  private final Target target;
  private final Endpoint endpoint;
  private final Execution execution;
  private final Responses responses;
  private final Command[] commands;
  private final int[] receivedBytes;
  private final Deque<Command> free = new ArrayDeque<>();
  private final Deque<Command> needRoom = new ArrayDeque<>();
  private final Deque<Integer> backlog = new ArrayDeque<>();
  private final WorkCompletion[] completions = WorkCompletion.array(POLL_BATCH);
  private final AtomicBoolean scheduled = new AtomicBoolean();
  private final Runnable drainCq = this::drainCq;
  private @Nullable Connection connection;
  private volatile @Nullable String endedByPeer;
  private int creditsOwed;
  private boolean draining;
  private long drainDeadlineNs;
  private boolean closed;
  private boolean progressed = true;
  private long progressNs;
  private int malformed;

  Channel(Target target, Session session, TargetDevice device, int iuBytes) throws RdmaException {
    this.target = target;
    this.session = session;
    this.device = device;
    endpoint =
        Endpoint.open(device, target.pool(), target.config().requestLimit(), iuBytes, this::wake);
    receivedBytes = new int[endpoint.receives()];
    commands = new Command[endpoint.responses()];
    for (int i = 0; i < commands.length; i++) {
      commands[i] = new Command(this, i);
      free.add(commands[i]);
    }
    execution = new Execution(target, this);
    responses = new Responses(endpoint.rings());
    ledger = target.ledger().open(session.initiatorPortId, device.rdma.name());
  }

  /** Makes the channel ready for what the initiator may send; false if it had to be closed. */
  boolean postAllReceives() {
    for (int i = 0; i < endpoint.receives() && !closed; i++) {
      postReceive(i);
    }
    if (!closed) {
      endpoint.cq().reqNotify();
    }
    return !closed;
  }

  QueuePair qp() {
    return endpoint.qp();
  }

  int requestLimit() {
    return endpoint.requestLimit();
  }

  void established(Connection made) {
    connection = made;
    if (closed) {
      made.disconnect();
    }
  }

  boolean isClosed() {
    return closed;
  }

  boolean isDraining() {
    return draining;
  }

  int inFlight() {
    return commands.length - free.size();
  }

  Command[] commands() {
    return commands;
  }

  IuRings rings() {
    return endpoint.rings();
  }

  Execution execution() {
    return execution;
  }

  /** Any thread: the connection is over. The next turn of the worker closes the channel. */
  void peerEnded(String why) {
    endedByPeer = why;
    wake();
  }

  /** Any thread: hands the queue to the worker. If that one's is full, the next tick does it. */
  private void wake() {
    if (scheduled.compareAndSet(false, true) && !target.worker().offer(drainCq)) {
      scheduled.set(false);
    }
  }

  /** Takes completions; if there are very many, the rest in another turn. */
  void drainCq() {
    scheduled.set(false);
    try {
      for (int batch = 0; batch < BATCHES_PER_TURN; batch++) {
        if (!takeBatch()) {
          afterBatches();
          return;
        }
      }
      afterBatches();
      wake();
    } catch (RuntimeException e) {
      target.failed(this, e);
      close("it failed: " + e);
    }
  }

  private boolean takeBatch() {
    if (closed) {
      return false;
    }
    int n = endpoint.cq().poll(completions);
    if (n == 0) {
      endpoint.cq().reqNotify();
      n = endpoint.cq().poll(completions);
    }
    for (int i = 0; i < n && !closed; i++) {
      completed(completions[i]);
    }
    return n > 0;
  }

  private void afterBatches() {
    String why = endedByPeer;
    if (why != null) {
      close(why);
    }
    retryWaiting();
    finishDrainIfIdle();
  }

  private void completed(WorkCompletion wc) {
    if (wc.status() != WcStatus.SUCCESS) {
      close("work request failed with " + wc.status());
      return;
    }
    int index = Endpoint.index(wc.wrId());
    if (Endpoint.isReceive(wc.wrId())) {
      receivedBytes[index] = wc.byteLength();
      endpoint.rings().receivedForCpu(index, wc.byteLength());
      received(index);
      return;
    }
    Command command = commands[index];
    endpoint.completed(command);
    progressed = true;
    switch (command.state) {
      case RESPONDING -> release(command);
      case FETCHING_TABLE, FETCHING, SENDING_DATA -> moved(command);
      default -> close("completion of a command in state " + command.state);
    }
  }

  private void moved(Command command) {
    TaskSetEnd end = command.endedBy;
    if (command.aborted) {
      command.endedBy = null;
      endAborted(command);
    } else if (command.state == State.FETCHING_TABLE) {
      execution.tableFetched(command);
    } else if (command.state == State.SENDING_DATA) {
      respond(command);
    } else if (command.movedBytes < command.bytes) {
      command.state = State.NEED_READ_ROOM;
      fetchOrWait(command);
    } else {
      execution.fetched(command);
    }
    if (end != null) {
      end.ended();
    }
  }

  private void received(int index) {
    MemorySegment iu = endpoint.rings().receiveSegment();
    long at = endpoint.rings().receiveOffset(index);
    int lengthBytes = receivedBytes[index];
    String wrong = SrpCheck.check(iu, at, lengthBytes, SrpCheck.NO_IMMEDIATE_DATA);
    int opcode = lengthBytes > 0 ? SrpIu.opcode(iu, at) : -1;
    if (wrong != null && (opcode != SrpOpcode.CMD || lengthBytes < SrpCmd.LENGTH)) {
      target.malformed(this, wrong);
      close("malformed information unit: " + wrong);
      return;
    }
    switch (opcode) {
      case SrpOpcode.CMD, SrpOpcode.TSK_MGMT -> begin(index, iu, at, wrong);
      case SrpOpcode.I_LOGOUT -> close("the initiator logged out");
      case SrpOpcode.CRED_RSP, SrpOpcode.AER_RSP -> postReceive(index);
      default -> {
        target.malformed(this, "unexpected " + SrpOpcode.name(opcode));
        close("unexpected " + SrpOpcode.name(opcode) + " on an established channel");
      }
    }
  }

  /**
   * Starts a command or task management function; if all are busy until their responses are
   * acknowledged, it waits its turn.
   */
  private void begin(int receiveIndex, MemorySegment iu, long at, @Nullable String wrong) {
    Command command = free.poll();
    if (command == null) {
      backlog.add(receiveIndex);
      return;
    }
    command.begin(receiveIndex, SrpIu.tag(iu, at));
    if (SrpIu.opcode(iu, at) == SrpOpcode.TSK_MGMT) {
      target.taskManagement().execute(command, iu, at);
      return;
    }
    ledger.received(command.tag);
    if (wrong != null) {
      // The login goes on, so that somebody could fill the log: fewer lines the more there are.
      if (Integer.bitCount(++malformed) == 1) {
        target.malformed(this, wrong + " (number " + malformed + " of this login)");
      }
      command.task.fail(Sense.INVALID_FIELD_IN_IU);
      respond(command);
      return;
    }
    execution.start(command, iu, at);
  }

  /**
   * Ends a running command. A silent one gets no response: its receive and its credit go back now,
   * the credit with the next response.
   */
  void abort(Command command, boolean silent) {
    command.aborted = true;
    command.silent = silent;
    if (silent) {
      creditsOwed++;
      postReceive(command.receiveIndex);
    }
    if (!closed && !command.isMovingData()) {
      needRoom.remove(command);
      target.buffersUnwanted(command);
      endAborted(command);
    }
  }

  private void endAborted(Command command) {
    if (command.silent) {
      release(command);
      return;
    }
    execution.free(command);
    command.task.end(ScsiStatus.TASK_ABORTED);
    command.movesNothing();
    respond(command);
  }

  /** Posts the READs a command needs next, or lets it wait until there is room for them. */
  void fetchOrWait(Command command) {
    if (!fetch(command)) {
      needRoom.add(command);
    }
  }

  private boolean fetch(Command command) {
    boolean posted;
    if (command.state == State.NEED_TABLE_ROOM) {
      MemorySegment iu = endpoint.rings().receiveSegment();
      long at = endpoint.rings().receiveOffset(command.receiveIndex);
      posted = endpoint.fetchTable(command, iu, at);
      command.state = posted ? State.FETCHING_TABLE : command.state;
    } else {
      posted = endpoint.fetchData(command, execution.readRemote(command));
      command.state = posted ? State.FETCHING : command.state;
    }
    return closeIfBroken() || posted;
  }

  private boolean closeIfBroken() {
    if (endpoint.isBroken()) {
      close("the queue pair takes no more requests");
    }
    return closed;
  }

  /** Sends data (if any) and the response, or queues the command until there is room. */
  void respond(Command command) {
    command.state = State.NEED_RESPONSE_ROOM;
    if (!closed && !tryRespond(command)) {
      needRoom.add(command);
    }
  }

  private boolean tryRespond(Command command) {
    if (Execution.sendsData(command)) {
      if (!endpoint.sendData(command, execution.readRemote(command))) {
        return closeIfBroken();
      }
      if (command.movedBytes < command.bytes) {
        command.state = State.SENDING_DATA;
        return true;
      }
    } else if (!endpoint.hasRoomForResponse()) {
      return false;
    }
    postReceive(command.receiveIndex);
    if (closed) {
      return true;
    }
    int delta = draining ? 0 : 1 + creditsOwed;
    creditsOwed = draining ? creditsOwed + 1 : 0;
    if (!command.answersTaskManagement) {
      // Before the initiator can know of it, so that the ledger never lags behind.
      ledger.answered(command.task.status() == ScsiStatus.GOOD);
    }
    command.state = State.RESPONDING;
    endpoint.sendResponse(command, responses.write(command, delta));
    closeIfBroken();
    return true;
  }

  private void postReceive(int index) {
    endpoint.postReceive(index);
    closeIfBroken();
  }

  /** A command is over: its memory goes back, and who waits for that goes on. */
  private void release(Command command) {
    execution.free(command);
    command.state = State.FREE;
    free.add(command);
    Integer next = closed ? null : backlog.poll();
    if (next != null) {
      received(next);
    }
  }

  /**
   * Tries the commands that wait for room in the send queue, in order, until one still finds none.
   */
  private void retryWaiting() {
    while (!closed) {
      Command command = needRoom.peek();
      if (command == null) {
        return;
      }
      boolean done =
          command.state == State.NEED_RESPONSE_ROOM ? tryRespond(command) : fetch(command);
      if (!done) {
        return;
      }
      needRoom.remove(command);
    }
  }

  /** A flush is over; nothing happens if its command was ended meanwhile. */
  void flushed(Flusher.Job job) {
    Command command = job.command;
    if (!closed && command.use == job.use && command.state == State.FLUSHING) {
      execution.flushed(command, job.failure);
    }
  }

  /** Stops granting credit, finishes what is in flight, then ends; at the deadline ends anyhow. */
  void drain(long deadlineNs) {
    draining = true;
    drainDeadlineNs = deadlineNs;
    finishDrainIfIdle();
  }

  void tick(long nowNs) {
    if (draining && nowNs - drainDeadlineNs >= 0) {
      close("commands were still in flight at the end of the drain: " + inFlight());
      return;
    }
    drainCq();
    if (progressed || endpoint.isIdle()) {
      progressed = false;
      progressNs = nowNs;
    } else if (nowNs - progressNs > STALL_NS) {
      close(
          "the initiator let nothing through for "
              + TimeUnit.NANOSECONDS.toSeconds(STALL_NS)
              + " s");
    }
  }

  private void finishDrainIfIdle() {
    if (draining && !closed && inFlight() == 0) {
      close("");
    }
  }

  /**
   * Ends the channel: the queue pair first, so that nothing moves any more, then all that it used.
   * Idempotent.
   */
  void close(String why) {
    if (closed) {
      return;
    }
    closed = true;
    guarded(endpoint::stop);
    for (Command command : commands) {
      guarded(() -> end(command));
    }
    needRoom.clear();
    backlog.clear();
    guarded(endpoint::close);
    ledger.close();
    Connection made = connection;
    if (made != null) {
      guarded(made::disconnect);
    }
    session.channels.remove(this);
    target.channelClosed(this, why);
    device.channelClosed(this);
  }

  /** A driver that fails at one step of the end must not keep the others from being done. */
  private void guarded(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException e) {
      target.failed(this, e);
    }
  }

  private void end(Command command) {
    if (command.state == State.FREE || command.state == State.MEDIUM) {
      return; // The buffers of the latter are in use: they go back when the medium is done.
    }
    target.buffersUnwanted(command);
    execution.free(command);
    command.state = State.FREE;
    TaskSetEnd end = command.endedBy;
    command.endedBy = null;
    if (end != null) {
      end.ended();
    }
  }
}
