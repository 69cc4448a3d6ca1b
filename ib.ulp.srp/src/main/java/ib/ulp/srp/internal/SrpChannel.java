// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.block.BlockRequest;
import ib.srp.SrpAerReq;
import ib.srp.SrpAerRsp;
import ib.srp.SrpCheck;
import ib.srp.SrpCred;
import ib.srp.SrpIu;
import ib.srp.SrpLogout;
import ib.srp.SrpLun;
import ib.srp.SrpOpcode;
import ib.srp.SrpRsp;
import ib.srp.SrpTskMgmt;
import ib.verbs.CompletionQueue;
import ib.verbs.PostResult;
import ib.verbs.RecvWr;
import ib.verbs.SendWr;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One login: sends commands and takes responses. Everything but what is marked otherwise is called
 * by who drives the disk (see {@link DriveToken}), so by one thread at a time. Making and closing
 * is {@link ChannelLife}'s.
 */
final class SrpChannel {
  /** Bit of a work request's cookie: a receive. */
  static final long RECEIVE_BIT = 1L << 32;

  /** Times that the completion queue is polled in one turn. */
  private static final int POLLS_PER_TURN = 64;

  /** Index in the tags of discovery commands. */
  static final int ADMIN_INDEX = 0x7FFF;

  /** Outcome of sending. */
  enum Sent {
    /** The target will answer. */
    OK,
    /** No credit or no free unit: wait for an answer. */
    NO_CREDIT,
    /** The data could not be mapped just now. */
    NO_ROOM,
    /** The data has more pieces than a command can name, or can't be mapped at all. */
    IMPOSSIBLE,
    /** The channel is broken. */
    BROKEN
  }

  /** What a channel tells the engine. */
  interface Events {
    /** There are completions to take; any thread. */
    void onEvent();

    /** The channel broke; any thread. */
    void onBroken();

    /** A response to a block command arrived. */
    void onResponse(SrpChannel channel, long tag, MemorySegment seg, long at);

    /** A discovery command was answered. */
    void onAdminAnswer();

    /** A task management request was answered. */
    void onTaskAnswer(SrpChannel channel, TaskCommand task);
  }

  private final ChannelResources resources;
  private final CommandWriter writer;
  private final Events events;
  private final RequestLimit limit = new RequestLimit();
  private final HoldQueue freeSends;
  private final HoldQueue parkedReceives;
  private final WorkCompletion[] completions = WorkCompletion.array(32);
  private final SendWr sendRequest = new SendWr();
  private final RecvWr receiveRequest = new RecvWr();
  private final long lun;
  private final AtomicInteger inFlight = new AtomicInteger();
  private volatile boolean event;
  private volatile @Nullable String broken;
  private boolean retired;
  private boolean silent;
  private @Nullable AdminCommand admin;
  private @Nullable TaskCommand task;

  SrpChannel(
      ChannelResources resources, SrpConfig config, LoginExchange.Granted granted, Events events) {
    this.resources = resources;
    this.events = events;
    writer = new CommandWriter(resources, config, granted.maxInitiatorToTarget());
    lun = SrpLun.encode(config.lun());
    limit.start(granted.requestLimit());
    freeSends = new HoldQueue(resources.pieces());
    parkedReceives = new HoldQueue(resources.pieces());
    for (int i = 0; i < resources.pieces(); i++) {
      freeSends.addLast(i);
    }
    // What arrived before there was a channel is taken by the first drive.
    event = true;
  }

  /** Commands sent and not answered. Any thread. */
  int inFlight() {
    return inFlight.get();
  }

  /** Why the channel is broken, or null. Any thread. */
  @Nullable String broken() {
    return broken;
  }

  /**
   * Notes that the channel is broken; what is in flight stays so until it is closed. Any thread.
   */
  void breakWith(String why) {
    if (broken == null) {
      broken = why;
      events.onBroken();
    }
  }

  /** The completion queue has something. Any thread. */
  void onCompletionEvent() {
    event = true;
    events.onEvent();
  }

  /** Is not to be used for new commands, now or later. */
  void retire() {
    retired = true;
  }

  boolean isRetired() {
    return retired;
  }

  /** Posts nothing any more; completions are still taken. */
  void silence() {
    silent = true;
  }

  /** Sends a block command with a fresh tag. On anything but OK nothing has changed. */
  Sent send(RequestSlot slot, BlockRequest request, long tag) {
    if (broken != null || silent) {
      return Sent.BROKEN;
    }
    if (freeSends.size() <= ChannelResources.EXTRA_SENDS || !limit.takeForCommand()) {
      return Sent.NO_CREDIT;
    }
    Sent mapped = map(slot, request);
    if (mapped != Sent.OK) {
      limit.giveBack();
      return mapped;
    }
    int piece = freeSends.removeFirst();
    resources.sends.beforeCpu(piece, resources.sends.strideBytes());
    int length = writer.write(piece, slot, request, tag, slot.data.mappedEntries());
    if (!post(piece, length)) {
      unmap(slot);
      limit.giveBack();
      return Sent.BROKEN;
    }
    inFlight.getAndIncrement();
    return Sent.OK;
  }

  private Sent map(RequestSlot slot, BlockRequest request) {
    if (request.data().entries() == 0) {
      return Sent.OK;
    }
    int mapped = DataMapper.map(resources.device.dma(), slot, request);
    if (mapped == DataMapper.NO_ROOM) {
      return Sent.NO_ROOM;
    }
    if (mapped == DataMapper.IMPOSSIBLE) {
      return Sent.IMPOSSIBLE;
    }
    if (mapped > writer.maxEntries()) {
      unmap(slot);
      return Sent.IMPOSSIBLE;
    }
    return Sent.OK;
  }

  /** A command is over, answered or broken off: takes its mapping back. */
  void endCommand(RequestSlot slot) {
    unmap(slot);
    inFlight.getAndDecrement();
  }

  private void unmap(RequestSlot slot) {
    DataMapper.unmap(resources.device.dma(), slot);
  }

  /** Sends a discovery command; false if it can't be sent just now. */
  boolean sendAdmin(AdminCommand command) {
    if (admin != null
        || broken != null
        || silent
        || freeSends.isEmpty()
        || !limit.takeForCommand()) {
      return false;
    }
    int piece = freeSends.removeFirst();
    resources.sends.beforeCpu(piece, resources.sends.strideBytes());
    if (!post(piece, writer.writeAdmin(piece, command))) {
      return false;
    }
    admin = command;
    return true;
  }

  /** Sends a task management request; false if one is outstanding or it can't be sent just now. */
  boolean sendTask(TaskCommand command, long tag) {
    if (task != null || broken != null || silent || freeSends.isEmpty() || !limit.takeForTask()) {
      return false;
    }
    int piece = freeSends.removeFirst();
    MemorySegment seg = resources.sends.segment();
    long at = resources.sends.offset(piece);
    resources.sends.beforeCpu(piece, SrpTskMgmt.LENGTH);
    command.tag = tag;
    SrpTskMgmt.init(seg, at, tag);
    SrpTskMgmt.lun(seg, at, lun);
    SrpTskMgmt.function(seg, at, command.function);
    SrpTskMgmt.taskTag(seg, at, command.taskTag);
    if (!post(piece, SrpTskMgmt.LENGTH)) {
      return false;
    }
    task = command;
    return true;
  }

  /** The outstanding task management request, if any. */
  @Nullable TaskCommand task() {
    return task;
  }

  private boolean post(int piece, int lengthBytes) {
    resources.sends.beforeDevice(piece, lengthBytes);
    sendRequest
        .reset(piece, WrOpcode.SEND)
        .sges()
        .add(resources.sends.dmaAddress(piece), lengthBytes, resources.mr.lkey());
    PostResult result = resources.qp.postSend(sendRequest);
    if (result == PostResult.OK) {
      return true;
    }
    freeSends.addFirst(piece);
    breakWith("the queue pair refused a send: " + result);
    return false;
  }

  /**
   * Takes completions, if there was an event since the last time. Of very many the rest in another
   * turn, so that a target that sends without end keeps nobody from his other duties.
   */
  void drive() {
    if (event) {
      event = false;
      if (!takeCompletions(POLLS_PER_TURN)) {
        onCompletionEvent();
      }
    }
  }

  /** Takes all completions; only once the queue pair makes no more. */
  void takeLastCompletions() {
    takeCompletions(Integer.MAX_VALUE);
  }

  /** Takes completions and, once that was all, asks for the next event; false if it was not. */
  private boolean takeCompletions(int most) {
    CompletionQueue cq = resources.cq;
    boolean notified = false;
    for (int polls = 0; polls < most; polls++) {
      int count = cq.poll(completions);
      for (int i = 0; i < count; i++) {
        onCompletion(completions[i]);
      }
      if (count == 0) {
        if (notified) {
          answerParked();
          return true;
        }
        // What was added before this call causes no event: poll once more.
        cq.reqNotify();
        notified = true;
      }
    }
    answerParked();
    return false;
  }

  private void onCompletion(WorkCompletion completion) {
    boolean receive = (completion.wrId() & RECEIVE_BIT) != 0;
    if (completion.status() != WcStatus.SUCCESS) {
      breakWith((receive ? "a receive" : "a send") + " completed with " + completion.status());
    } else if (receive) {
      onReceive((int) completion.wrId(), completion.byteLength());
    } else {
      freeSends.addLast((int) completion.wrId());
    }
  }

  private void onReceive(int piece, int lengthBytes) {
    MappedRing ring = resources.receives;
    ring.beforeCpu(piece, lengthBytes);
    MemorySegment seg = ring.segment();
    long at = ring.offset(piece);
    String fault = SrpCheck.check(seg, at, lengthBytes, SrpCheck.NO_IMMEDIATE_DATA);
    if (fault != null) {
      breakWith("the target sent " + fault);
      return;
    }
    switch (SrpIu.opcode(seg, at)) {
      case SrpOpcode.RSP -> {
        onResponse(seg, at);
        postReceive(piece);
      }
      case SrpOpcode.CRED_REQ -> {
        limit.add(SrpCred.requestLimitDelta(seg, at));
        answer(piece);
      }
      case SrpOpcode.AER_REQ -> {
        limit.add(SrpAerReq.requestLimitDelta(seg, at));
        answer(piece);
      }
      case SrpOpcode.T_LOGOUT ->
          breakWith("the target logged us out, reason " + SrpLogout.reason(seg, at));
      default ->
          breakWith(
              "the target sent " + SrpOpcode.name(SrpIu.opcode(seg, at)) + ", which it must not");
    }
  }

  private void onResponse(MemorySegment seg, long at) {
    limit.add(SrpRsp.requestLimitDelta(seg, at));
    long tag = SrpIu.tag(seg, at);
    TaskCommand asked = task;
    AdminCommand discovery = admin;
    if (asked != null && asked.tag == tag) {
      task = null;
      boolean valid = SrpRsp.responseBytes(seg, at) >= SrpRsp.TASK_RESPONSE_LENGTH;
      asked.complete(valid ? SrpRsp.taskResponse(seg, at) : SrpRsp.TASK_COMPLETE);
      events.onTaskAnswer(this, asked);
    } else if (discovery != null && discovery.tag == tag) {
      admin = null;
      resources.admin.beforeCpu(0, ChannelResources.ADMIN_BYTES);
      int sense = Sense.parse(seg, SrpRsp.senseData(seg, at), SrpRsp.senseBytes(seg, at));
      discovery.complete(SrpRsp.status(seg, at), sense, resources.admin.segment());
      resources.admin.beforeDevice(0, ChannelResources.ADMIN_BYTES);
      events.onAdminAnswer();
    } else {
      events.onResponse(this, tag, seg, at);
    }
  }

  /**
   * Answers CRED_REQ or AER_REQ and posts the receive again; without a free unit, as soon as there
   * is one.
   */
  private void answer(int piece) {
    if (silent) {
      return;
    }
    if (freeSends.isEmpty()) {
      parkedReceives.addLast(piece);
      return;
    }
    MemorySegment request = resources.receives.segment();
    long at = resources.receives.offset(piece);
    int send = freeSends.removeFirst();
    MemorySegment seg = resources.sends.segment();
    long to = resources.sends.offset(send);
    resources.sends.beforeCpu(send, SrpCred.LENGTH);
    if (SrpIu.opcode(request, at) == SrpOpcode.CRED_REQ) {
      SrpCred.initResponse(seg, to, SrpIu.tag(request, at));
    } else {
      SrpAerRsp.init(seg, to, SrpIu.tag(request, at));
    }
    if (post(send, SrpCred.LENGTH)) {
      postReceive(piece);
    }
  }

  private void answerParked() {
    while (!parkedReceives.isEmpty() && !freeSends.isEmpty() && broken == null) {
      answer(parkedReceives.removeFirst());
    }
  }

  private void postReceive(int piece) {
    if (silent) {
      return;
    }
    MappedRing ring = resources.receives;
    ring.beforeDevice(piece, ring.strideBytes());
    receiveRequest
        .reset(RECEIVE_BIT | piece)
        .sges()
        .add(ring.dmaAddress(piece), ring.strideBytes(), resources.mr.lkey());
    PostResult result = resources.qp.postRecv(receiveRequest);
    if (result != PostResult.OK) {
      breakWith("the queue pair refused a receive: " + result);
    }
  }

  /** Requests that the target would take now. */
  int credits() {
    return limit.available();
  }
}
