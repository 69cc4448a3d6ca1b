// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.PortQp;
import ib.verbs.WcFlags;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * One direction of a simulated unreliable connection, and the reference model of it (specification
 * 9.8.2): a message arrives whole or not at all. Where the network keeps order and doubles nothing,
 * it arrives at most once and after those before it; where it also loses nothing and receives are
 * there, each arrives. Of a WRITE that is not whole, some packets from the beginning may be in
 * memory, and the rest is as it was.
 */
final class SimMessages implements SimWork {
  /** What the network promises. */
  enum Network {
    /** Loses nothing, doubles nothing, keeps order. */
    PERFECT,
    /** Loses, but doubles nothing and keeps order. */
    ORDERED,
    ANY
  }

  private record Message(
      WrOpcode opcode,
      int length,
      int local,
      int remote,
      int immediate,
      boolean signaled,
      boolean solicited,
      boolean wrongKey) {
    boolean needsReceive() {
      return opcode.isSend() || opcode.hasImmediate();
    }
  }

  private static final List<WrOpcode> OPCODES =
      List.of(
          WrOpcode.SEND, WrOpcode.SEND_WITH_IMM, WrOpcode.RDMA_WRITE, WrOpcode.RDMA_WRITE_WITH_IMM);

  private static final byte DONE = 0x5A;
  private static final int MOST_RECEIVE_BYTES = 24 << 10;
  private static final int NO_KEY = 77;

  private final Random random;
  private final Network network;
  private final SimFlow.Side from;
  private final SimFlow.Side to;
  private final boolean[] mayBreak;
  private final PortQp senderQp;
  private final PortQp receiverQp;
  private final List<Message> messages = new ArrayList<>();

  /** Places of the receives. */
  private final List<Integer> receives = new ArrayList<>();

  /** What lay at the remote place of each message when it was posted. */
  private final List<byte[]> before = new ArrayList<>();

  private final List<MemorySegment> finished = new ArrayList<>();
  private int mtu;
  private int posted;
  private int receivesPosted;
  private int completed;
  private int received;
  private int delivered;
  private int lastDelivered = -1;
  private boolean flushed;

  SimMessages(
      Random random, Network network, SimFlow.Side from, SimFlow.Side to, boolean[] mayBreak) {
    this.random = random;
    this.network = network;
    this.from = from;
    this.to = to;
    this.mayBreak = mayBreak;
    senderQp = from.qp();
    receiverQp = to.qp();
    from.backend().onSend = this::onSendDone;
    to.backend().onReceive = this::onReceiveDone;
  }

  /** Plans messages; {@code places} hand out memory of both hosts. */
  void plan(int count, int mtuBytes, SimPlaces fromPlaces, SimPlaces toPlaces) {
    mtu = mtuBytes;
    int most =
        Math.min(
            MOST_RECEIVE_BYTES,
            Math.min(fromPlaces.left(), toPlaces.left()) / (4 * count + 4) - Long.BYTES);
    int needed = 0;
    for (int i = 0; i < count; i++) {
      int length = Math.min(most, length());
      Message message =
          new Message(
              OPCODES.get(random.nextInt(OPCODES.size())),
              length,
              fromPlaces.take(length),
              toPlaces.take(length),
              random.nextInt(),
              random.nextBoolean(),
              random.nextBoolean(),
              length > 0 && random.nextInt(12) == 0);
      messages.add(message);
      needed += message.needsReceive() ? 1 : 0;
    }
    // Where something may be lost, too few receives are one more reason.
    int least = network == Network.PERFECT ? needed : random.nextInt(needed + 1);
    for (int i = 0; i < least; i++) {
      receives.add(toPlaces.take(most));
    }
    receiveBytes = most;
  }

  private int receiveBytes;

  private int length() {
    return switch (random.nextInt(4)) {
      case 0 -> random.nextInt(4);
      case 1 -> Math.max(0, random.nextInt(8) * mtu + random.nextInt(3) - 1);
      case 2 -> random.nextInt(mtu);
      default -> random.nextInt(6 * mtu);
    };
  }

  @Override
  public boolean postSome() {
    int receiveBurst =
        network == Network.PERFECT ? receives.size() : random.nextInt(receives.size() + 1);
    for (int i = 0; i < receiveBurst && receivesPosted < receives.size(); i++) {
      to.backend().postReceive(receives.get(receivesPosted++), receiveBytes);
    }
    receiverQp.kickReceive();
    int burst = 1 + random.nextInt(8);
    for (int i = 0; i < burst && posted < messages.size(); i++) {
      post(messages.get(posted++));
    }
    senderQp.kickSend();
    return posted < messages.size() || receivesPosted < receives.size();
  }

  private void post(Message message) {
    byte[] there = new byte[message.length];
    MemorySegment.copy(
        to.memory().segment, ValueLayout.JAVA_BYTE, message.remote, there, 0, there.length);
    before.add(there);
    from.backend()
        .post(
            message.opcode,
            0,
            0,
            wqe -> {
              wqe.setFlags(message.signaled, message.solicited, false);
              wqe.setImmediate(message.immediate);
              if (message.length > 0) {
                wqe.addSge(SimMemory.BASE + message.local, message.length, from.memory().allKey);
              }
              if (message.opcode.isRdma()) {
                wqe.setRemote(
                    SimMemory.BASE + message.remote, message.wrongKey ? NO_KEY : to.key());
              }
            });
  }

  private void onSendDone(SimBackend.SendDone done) {
    check(done.cookie() == completed, "send completion " + done + " but next is " + completed);
    Message message = messages.get(completed++);
    check(done.opcode() == message.opcode.wcOpcode(), "opcode of " + done + " for " + message);
    if (done.status() != WcStatus.SUCCESS) {
      check(mayBreak[0], "completion with " + done.status() + " without a fault: " + message);
      return;
    }
    check(done.signaled() == message.signaled, "signalled flag of " + done);
    check(done.lengthBytes() == message.length, "length of " + done + " for " + message);
  }

  private void onReceiveDone(SimBackend.ReceiveDone done) {
    check(done.cookie() == received, "receive completion " + done + " but next is " + received);
    int place = receives.get(received++);
    if (done.status() != WcStatus.SUCCESS) {
      check(done.status() == WcStatus.WR_FLUSH_ERR, "receive with " + done.status());
      check(mayBreak[0] || isDone(), "a receive was flushed without a fault");
      flushed = true;
      return;
    }
    check(!flushed, "success after a flush: " + done);
    int first = network == Network.ANY ? 0 : lastDelivered + 1;
    int which = first;
    while (which < posted && !matches(messages.get(which), done, place)) {
      which++;
    }
    check(
        which < posted,
        done + " is none of the messages " + first + " to " + posted + " of " + messages);
    lastDelivered = which;
    delivered++;
    finish(place, messages.get(which).opcode.isSend() ? done.lengthBytes() : 0);
  }

  private boolean matches(Message message, SimBackend.ReceiveDone done, int place) {
    WcOpcode opcode = message.opcode.isSend() ? WcOpcode.RECV : WcOpcode.RECV_RDMA_WITH_IMM;
    int at = message.opcode.isSend() ? place : message.remote;
    return message.needsReceive()
        && !(message.wrongKey && message.opcode.isRdma())
        && done.opcode() == opcode
        && done.lengthBytes() == message.length
        && done.flags() == (message.opcode.hasImmediate() ? WcFlags.WITH_IMM : 0)
        && (!message.opcode.hasImmediate() || done.immediate() == message.immediate)
        && done.solicited() == message.solicited
        && sameUntil(message, at) == message.length;
  }

  private void finish(int offset, int length) {
    MemorySegment range = to.memory().segment.asSlice(offset, length);
    range.fill(DONE);
    finished.add(range);
  }

  /** How many bytes from the beginning are those of the message. */
  private int sameUntil(Message message, int offset) {
    long until =
        MemorySegment.mismatch(
            from.memory().segment,
            message.local,
            message.local + message.length,
            to.memory().segment,
            offset,
            offset + message.length);
    return until < 0 ? message.length : (int) until;
  }

  @Override
  public boolean isDone() {
    return posted == messages.size()
        && receivesPosted == receives.size()
        && completed == messages.size()
        && (network != Network.PERFECT || mayBreak[0] || allArrived());
  }

  private boolean allArrived() {
    int wanted = 0;
    for (Message message : messages) {
      boolean refused = message.wrongKey && message.opcode.isRdma();
      if (!refused && message.needsReceive()) {
        wanted++;
      }
      if (!refused
          && message.opcode == WrOpcode.RDMA_WRITE
          && sameUntil(message, message.remote) < message.length) {
        return false;
      }
    }
    return delivered == wanted;
  }

  @Override
  public void checkClosed(boolean senderTold, boolean receiverTold) {
    check(!senderTold || completed == posted, "completions missing: " + this);
    check(!receiverTold || received == receivesPosted, "receive completions missing: " + this);
    check(mayBreak[0] || isDone(), "closed before all was done: " + this);
    for (int i = 0; i < posted; i++) {
      if (messages.get(i).opcode.isRdma()) {
        checkWrite(messages.get(i), before.get(i));
      }
    }
    for (MemorySegment range : finished) {
      for (long i = 0; i < range.byteSize(); i++) {
        check(range.get(ValueLayout.JAVA_BYTE, i) == DONE, "a receive changed after its end");
      }
    }
  }

  /** Whole packets from the beginning, and from there on what was before. */
  private void checkWrite(Message message, byte[] there) {
    int same = message.wrongKey ? 0 : sameUntil(message, message.remote);
    // The byte after the last packet may be equal by chance: go back to the packet's end.
    int written = same == message.length ? same : same / mtu * mtu;
    long wrong =
        MemorySegment.mismatch(
            MemorySegment.ofArray(there),
            written,
            there.length,
            to.memory().segment,
            message.remote + written,
            message.remote + message.length);
    check(wrong < 0, "bytes from " + written + " on of " + message + " are wrong");
  }

  private void check(boolean right, String what) {
    if (!right) {
      throw new AssertionError(what + "\n" + this);
    }
  }

  @Override
  public String toString() {
    return "UC QP "
        + senderQp.qpn()
        + " ("
        + network
        + "): "
        + completed
        + " of "
        + messages.size()
        + " messages, "
        + delivered
        + " delivered, posted "
        + posted
        + " and "
        + receivesPosted
        + ", states "
        + senderQp.state()
        + " and "
        + receiverQp.state();
  }
}
