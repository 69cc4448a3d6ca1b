// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.srp.SrpCheck;
import ib.srp.SrpCmd;
import ib.srp.SrpIu;
import ib.srp.SrpOpcode;
import ib.srp.SrpRsp;
import ib.srp.SrpTskMgmt;
import ib.ulp.srpt.internal.scsi.ScsiStatus;
import ib.ulp.srpt.internal.scsi.Sense;
import ib.verbs.AccessFlags;
import ib.verbs.CompletionQueue;
import ib.verbs.Connection;
import ib.verbs.PostResult;
import ib.verbs.QpAttributes;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.RecvWr;
import ib.verbs.SendWr;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One login: a queue pair with its rings and the commands in flight on it. Worker thread only, but
 * for the completion handler, which only wakes the worker.
 *
 * <p>Credits: the initiator may have {@code requestLimit} requests outstanding; each response gives
 * one back, and its receive buffer is posted again before it leaves. So there is always a receive
 * for what may arrive.
 */
final class Channel {
  /** Receives beyond the request limit: for logouts and answers, which cost no credit. */
  private static final int SPARE_RECEIVES = 8;

  private static final int POLL_BATCH = 32;
  private static final long INDEX_MASK = 0xFFFF_FFFFL;

  /** What a work request was, in the upper half of its id. */
  private static final long KIND_RECEIVE = 1L << 32;

  private static final long KIND_RDMA = 2L << 32;
  private static final long KIND_RESPONSE = 3L << 32;

  final Session session;
  final TargetDevice device;
  final Ledger.Entry ledger;
  private final Target target;
  private final IuRings rings;
  private final CompletionQueue cq;
  private final QueuePair qp;
  private final Execution execution;
  private final Transfer transfer;
  private final Command[] commands;
  private final Deque<Command> free = new ArrayDeque<>();
  private final Deque<Command> waiting = new ArrayDeque<>();
  private final Deque<Integer> backlog = new ArrayDeque<>();
  private final WorkCompletion[] completions = WorkCompletion.array(POLL_BATCH);
  private final RecvWr receiveRequest = new RecvWr();
  private final SendWr sendRequest = new SendWr();
  private final AtomicBoolean scheduled = new AtomicBoolean();
  private final Runnable drainCq = this::drainCq;
  private @Nullable Connection connection;
  private int sendRoom;
  private int creditsOwed;
  private boolean draining;
  private long drainDeadlineNs;
  private boolean closed;

  Channel(Target target, Session session, TargetDevice device, int iuBytes) throws RdmaException {
    this.target = target;
    this.session = session;
    this.device = device;
    int limit = target.config().requestLimit();
    int receives = limit + SPARE_RECEIVES;
    var attributes = device.rdma.query();
    int maxSge = Math.min(attributes.maxSge(), 16);
    int sends = Math.min(attributes.maxQpWr(), Math.max(512, 4 * limit));
    commands = new Command[2 * receives];
    for (int i = 0; i < commands.length; i++) {
      commands[i] = new Command(i);
      free.add(commands[i]);
    }
    sendRoom = sends;
    transfer = new Transfer(maxSge);
    rings = new IuRings(target.pool(), device.rdma.dma(), receives, iuBytes, commands.length);
    try {
      cq = device.rdma.createCq(receives + sends + 16, _ -> wake());
    } catch (RdmaException e) {
      rings.close();
      throw e;
    }
    qp = makeQueuePair(sends, receives, maxSge);
    execution = new Execution(target, this);
    ledger = target.ledger().open(session.initiatorPortId, device.rdma.name());
  }

  private QueuePair makeQueuePair(int sends, int receives, int maxSge) throws RdmaException {
    QueuePair made = null;
    try {
      made =
          device.pd.createQp(new QpInitAttributes(QpType.RC, cq, cq, sends, receives, maxSge, 1));
      made.modify(new QpAttributes().state(QpState.INIT).accessFlags(AccessFlags.LOCAL_WRITE));
      return made;
    } catch (RdmaException e) {
      if (made != null) {
        made.close();
      }
      cq.close();
      rings.close();
      throw e;
    }
  }

  /** Makes the channel ready for what the initiator may send; false if it had to be closed. */
  boolean postAllReceives() {
    int receives = target.config().requestLimit() + SPARE_RECEIVES;
    for (int i = 0; i < receives && !closed; i++) {
      postReceive(i);
    }
    if (!closed) {
      cq.reqNotify();
    }
    return !closed;
  }

  QueuePair qp() {
    return qp;
  }

  void established(Connection made) {
    connection = made;
  }

  boolean isClosed() {
    return closed;
  }

  int inFlight() {
    return commands.length - free.size();
  }

  IuRings rings() {
    return rings;
  }

  /**
   * Agent thread: hands the queue to the worker. A full worker queue is caught up by the next tick.
   */
  private void wake() {
    if (scheduled.compareAndSet(false, true) && !target.worker().offer(drainCq)) {
      scheduled.set(false);
    }
  }

  /** Takes all completions. Also called by the ticker. */
  void drainCq() {
    scheduled.set(false);
    while (!closed) {
      int n = cq.poll(completions);
      if (n == 0) {
        cq.reqNotify();
        n = cq.poll(completions);
        if (n == 0) {
          break;
        }
      }
      for (int i = 0; i < n && !closed; i++) {
        completed(completions[i]);
      }
    }
    if (!closed) {
      retryWaiting();
      finishDrainIfIdle();
    }
  }

  private void completed(WorkCompletion wc) {
    if (wc.status() != WcStatus.SUCCESS) {
      close("work request failed with " + wc.status());
      return;
    }
    int index = (int) (wc.wrId() & INDEX_MASK);
    long kind = wc.wrId() & ~INDEX_MASK;
    if (kind == KIND_RECEIVE) {
      received(index, wc.byteLength());
    } else if (kind == KIND_RDMA) {
      sendRoom += commands[index].postedRequests;
      commands[index].postedRequests = 0;
      execution.fetched(commands[index]);
    } else {
      Command command = commands[index];
      sendRoom += command.postedRequests;
      command.postedRequests = 0;
      release(command);
    }
  }

  private void received(int index, int lengthBytes) {
    rings.receivedForCpu(index, lengthBytes);
    MemorySegment iu = rings.receiveSegment();
    long at = rings.receiveOffset(index);
    String wrong = SrpCheck.check(iu, at, lengthBytes, SrpCheck.NO_IMMEDIATE_DATA);
    int opcode = lengthBytes > 0 ? SrpIu.opcode(iu, at) : -1;
    if (wrong != null && (opcode != SrpOpcode.CMD || lengthBytes < SrpCmd.LENGTH)) {
      target.malformed(this, wrong);
      close("malformed information unit: " + wrong);
      return;
    }
    switch (opcode) {
      case SrpOpcode.CMD -> begin(index, wrong);
      case SrpOpcode.TSK_MGMT -> begin(index, null);
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
  private void begin(int receiveIndex, @Nullable String wrong) {
    Command command = free.poll();
    if (command == null) {
      if (wrong != null) {
        close("malformed information unit: " + wrong);
        return;
      }
      backlog.add(receiveIndex);
      return;
    }
    MemorySegment iu = rings.receiveSegment();
    long at = rings.receiveOffset(receiveIndex);
    command.begin(receiveIndex, SrpIu.tag(iu, at));
    if (SrpIu.opcode(iu, at) == SrpOpcode.TSK_MGMT) {
      manage(command, iu, at);
      return;
    }
    ledger.received(command.tag);
    if (wrong != null) {
      target.malformed(this, wrong);
      command.task.fail(Sense.INVALID_FIELD_IN_IU);
      respond(command);
      return;
    }
    execution.start(command, iu, at);
  }

  private void manage(Command command, MemorySegment iu, long at) {
    command.answersTaskManagement = true;
    command.taskManagementResponse =
        target.manage(
            this,
            command,
            SrpTskMgmt.function(iu, at),
            SrpTskMgmt.lun(iu, at),
            SrpTskMgmt.taskTag(iu, at));
    respond(command);
  }

  /** Marks commands so that they neither touch a medium nor answer any more. Returns how many. */
  int abort(java.util.function.Predicate<Command> which) {
    int count = 0;
    for (Command command : commands) {
      boolean running =
          command.state != Command.State.FREE && command.state != Command.State.RESPONDING;
      if (running && !command.answersTaskManagement && !command.aborted && which.test(command)) {
        command.aborted = true;
        count++;
      }
    }
    return count;
  }

  /** Posts the RDMA READs of a write command; false if the send queue has no room now. */
  boolean fetch(Command command, RemoteBuffers remote) {
    return post(command, remote, WrOpcode.RDMA_READ, 0);
  }

  private boolean post(Command command, RemoteBuffers remote, WrOpcode opcode, int extra) {
    var dma = device.rdma.dma();
    int requests = transfer.count(dma, command.data, command.mapped, remote, command.bytes);
    if (requests + extra > sendRoom) {
      return false;
    }
    boolean ok =
        transfer.post(
            qp,
            dma,
            command.data,
            command.mapped,
            remote,
            command.bytes,
            device.mr.lkey(),
            opcode,
            KIND_RDMA | command.index);
    if (!ok) {
      close("the queue pair takes no more requests");
      return true;
    }
    sendRoom -= requests;
    command.postedRequests += requests;
    return true;
  }

  /** Sends data (if any) and the response, or queues the command until there is room. */
  void respond(Command command) {
    command.state = Command.State.NEED_RESPONSE_ROOM;
    if (!closed && !tryRespond(command)) {
      waiting.add(command);
    }
  }

  void waitFor(Command command, Command.State what) {
    command.state = what;
    waiting.add(command);
  }

  private boolean tryRespond(Command command) {
    if (command.aborted) {
      // No status for an aborted command; its credit goes back with the next response.
      creditsOwed++;
      postReceive(command.receiveIndex);
      release(command);
      return true;
    }
    RemoteBuffers remote = execution.dataIn(command);
    if (remote != null) {
      if (!post(command, remote, WrOpcode.RDMA_WRITE, 1)) {
        return false;
      }
    } else if (sendRoom < 1) {
      return false;
    }
    if (closed) {
      return true;
    }
    postReceive(command.receiveIndex);
    int length = writeResponse(command);
    sendRequest.reset(KIND_RESPONSE | command.index, WrOpcode.SEND).solicited(true);
    sendRequest.sges().add(rings.sendDmaAddress(command.index), length, device.mr.lkey());
    if (closed) {
      return true;
    }
    if (qp.postSend(sendRequest) != PostResult.OK) {
      close("the queue pair takes no response");
      return true;
    }
    sendRoom--;
    command.postedRequests++;
    command.state = Command.State.RESPONDING;
    if (!command.answersTaskManagement) {
      ledger.answered(command.task.status() == ScsiStatus.GOOD);
    }
    return true;
  }

  private int writeResponse(Command command) {
    rings.sendForCpu(command.index);
    MemorySegment out = rings.sendSegment();
    long at = rings.sendOffset(command.index);
    SrpRsp.init(out, at, command.tag);
    SrpRsp.requestLimitDelta(out, at, draining ? 0 : 1 + creditsOwed);
    creditsOwed = draining ? creditsOwed + 1 : 0;
    int length = SrpRsp.LENGTH;
    if (command.answersTaskManagement) {
      SrpRsp.taskResponse(out, at, command.taskManagementResponse);
      length += SrpRsp.TASK_RESPONSE_LENGTH;
    } else {
      length += writeStatus(command, out, at);
    }
    rings.sendForDevice(command.index);
    return length;
  }

  private int writeStatus(Command command, MemorySegment out, long at) {
    SrpRsp.status(out, at, command.task.status());
    SrpRsp.inResidual(out, at, command.inResidual);
    SrpRsp.outResidual(out, at, command.outResidual);
    int flags = command.residualFlags;
    int sense = 0;
    if (command.task.status() == ScsiStatus.CHECK_CONDITION) {
      flags |= SrpRsp.SENSE_VALID;
      sense = Sense.FIXED_BYTES;
      SrpRsp.senseLength(out, at, sense);
      byte[] bytes = new byte[sense];
      command.task.sense().write(bytes, 0);
      MemorySegment.copy(
          bytes, 0, out, java.lang.foreign.ValueLayout.JAVA_BYTE, at + SrpRsp.LENGTH, sense);
    }
    SrpRsp.flags(out, at, flags);
    return sense;
  }

  private void postReceive(int index) {
    rings.receiveForDevice(index);
    receiveRequest.reset(KIND_RECEIVE | index);
    receiveRequest
        .sges()
        .add(rings.receiveDmaAddress(index), rings.receiveIuBytes(), device.mr.lkey());
    if (qp.postRecv(receiveRequest) != PostResult.OK) {
      close("the queue pair takes no more receives");
    }
  }

  /** A command is over: its memory goes back, and who waits for that goes on. */
  private void release(Command command) {
    execution.free(command);
    command.state = Command.State.FREE;
    free.add(command);
    Integer next = closed ? null : backlog.poll();
    if (next != null) {
      begin(next, null);
    }
  }

  /** Tries the commands that wait for buffers or room, in order, until one still can't go on. */
  void retryWaiting() {
    int tries = waiting.size();
    for (int i = 0; i < tries && !closed; i++) {
      Command command = waiting.peek();
      if (command == null || !resume(command)) {
        return;
      }
      waiting.remove(command);
    }
  }

  private boolean resume(Command command) {
    return switch (command.state) {
      case NEED_BUFFERS, NEED_READ_ROOM -> execution.resume(command);
      case NEED_RESPONSE_ROOM -> tryRespond(command);
      default -> true;
    };
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
    } else {
      drainCq();
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
    qp.close();
    for (Command command : commands) {
      if (command.state != Command.State.FREE) {
        execution.free(command);
        command.state = Command.State.FREE;
      }
    }
    waiting.clear();
    backlog.clear();
    cq.close();
    rings.close();
    ledger.close();
    Connection made = connection;
    if (made != null) {
      made.disconnect();
    }
    session.channels.remove(this);
    target.channelClosed(this, why);
    device.channelClosed(this);
  }
}
