// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.SendWqe;
import ib.verbs.WcFlags;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/**
 * What one end of a reliable connection posts, and what must become of each: for work whose steps
 * follow from what arrives. Messages arrive once, in order, with the bytes that were sent.
 */
final class WorldPoster {
  static final int MOST_MESSAGE_BYTES = 128;
  private static final int LATEST_RECEIVE_NS = 100_000;

  private record Post(
      WrOpcode opcode, int length, boolean signaled, WcStatus wanted, Runnable then) {}

  /** What arrives at the other end; {@code written} is where if not in a receive. */
  private record Message(
      WrOpcode opcode,
      int length,
      int from,
      int written,
      int immediateOrKey,
      boolean solicited,
      Runnable then) {}

  final WorldEnd end;
  final SimPlaces places;
  private final WorldActivity link;
  private final Random random;
  private final ArrayDeque<Post> posts = new ArrayDeque<>();
  private final ArrayDeque<Message> messages = new ArrayDeque<>();
  private final List<Integer> receives = new ArrayList<>();
  private WorldPoster other;
  private int completed;
  private int locals;

  /** The status of the first that failed. */
  private WcStatus failed = WcStatus.SUCCESS;

  /** Whether something failed that was right. */
  private boolean interrupted;

  WorldPoster(WorldActivity link, WorldEnd end, SimPlaces places) {
    this.link = link;
    this.end = end;
    this.places = places;
    random = end.host.world.random;
    end.backend.onSend = this::onSendDone;
    end.backend.onReceive = this::onReceiveDone;
  }

  void meets(WorldPoster peer) {
    other = peer;
    peer.other = this;
  }

  /** Runs something once the engine has returned, if the end is still there. */
  void later(Runnable what) {
    end.host.later(
        () -> {
          if (!end.closed) {
            what.run();
          }
        });
  }

  boolean isIdle() {
    return posts.isEmpty() && other.messages.isEmpty();
  }

  /** Whether all that it posted was done, but for what was to fail. */
  boolean isWhole() {
    return posts.isEmpty() && !interrupted;
  }

  /** Posts what must succeed; then runs something from inside the engine. */
  void post(WrOpcode opcode, int length, Consumer<SendWqe> fill, Runnable then) {
    post(opcode, length, WcStatus.SUCCESS, fill, then);
  }

  /** Posts what must end in a status; runs something from inside the engine if it does. */
  void post(WrOpcode opcode, int length, WcStatus wanted, Consumer<SendWqe> fill, Runnable then) {
    boolean signaled = random.nextBoolean();
    locals += opcode.isLocal() ? 1 : 0;
    posts.add(new Post(opcode, length, signaled, wanted, then));
    end.backend.post(
        opcode,
        0,
        0,
        wqe -> {
          wqe.setFlags(signaled, wqe.solicited(), wqe.fence());
          fill.accept(wqe);
          if (wqe.fence()) {
            link.world.happened(Happening.FENCED);
          }
          wqe.setFlags(signaled, wqe.solicited(), wqe.fence());
        });
    end.qp.kickSend();
  }

  /** Posts a SEND of some bytes of the end's memory; the other end then runs something. */
  void send(
      WrOpcode opcode,
      int from,
      int length,
      int lkey,
      int invalidates,
      boolean fence,
      Runnable then) {
    boolean solicited = random.nextBoolean();
    int value = opcode == WrOpcode.SEND_WITH_INV ? invalidates : random.nextInt();
    announce(new Message(opcode, length, from, -1, value, solicited, then));
    post(
        opcode,
        length,
        wqe -> {
          wqe.setFlags(false, solicited, fence);
          wqe.setImmediate(value);
          wqe.setInvalidate(invalidates);
          addSges(wqe, SimMemory.BASE + from, length, lkey);
        },
        () -> {});
  }

  /** A SEND of bytes by a local key that becomes valid before it in the queue. */
  void sendBy(WrOpcode opcode, int from, long address, int length, int lkey, Runnable then) {
    int value = random.nextInt();
    announce(new Message(opcode, length, from, -1, value, false, then));
    post(
        opcode,
        length,
        wqe -> {
          wqe.setImmediate(value);
          addSges(wqe, address, length, lkey);
        },
        () -> {});
  }

  /** The other end has a receive for what it will refuse. */
  void willRefuse() {
    if (!other.end.backend.isShared()) {
      other.postReceive();
    }
  }

  /** A WRITE with immediate data is posted next, whose bytes come from and go to these places. */
  void announceWrite(int from, int to, int length, int immediate) {
    announce(
        new Message(WrOpcode.RDMA_WRITE_WITH_IMM, length, from, to, immediate, false, () -> {}));
  }

  private void announce(Message message) {
    messages.add(message);
    if (!other.end.backend.isShared()) {
      end.host.world.at(random.nextInt(LATEST_RECEIVE_NS), other::postReceive);
    }
  }

  private void postReceive() {
    if (!end.closed) {
      int place = places.take(MOST_MESSAGE_BYTES);
      receives.add(place);
      end.backend.postReceive(place, MOST_MESSAGE_BYTES);
    }
  }

  /** Elements for a range, one or two. */
  void addSges(SendWqe wqe, long address, int length, int lkey) {
    int split = length > 1 ? random.nextInt(length) : 0;
    if (split > 0) {
      wqe.addSge(address, split, lkey);
    }
    if (length > 0) {
      wqe.addSge(address + split, length - split, lkey);
    }
  }

  private void onSendDone(SimBackend.SendDone done) {
    check(done.cookie() == completed++, "out of order: " + done);
    Post post = posts.remove();
    check(
        done.signaled() == post.signaled && done.opcode() == post.opcode.wcOpcode(),
        done + " for " + post);
    if (done.status() != WcStatus.SUCCESS) {
      onError(done.status(), post);
      return;
    }
    check(failed == WcStatus.SUCCESS, "success after an error: " + done);
    check(post.wanted == WcStatus.SUCCESS, done + " of what must end in " + post.wanted);
    check(done.lengthBytes() == post.length, "length of " + done + " for " + post);
    post.then.run();
  }

  private void onError(WcStatus status, Post post) {
    check(link.mayBreak[0], status + " without a fault: " + post);
    boolean lossy = link.world.promise != SimMessages.Network.PERFECT;
    boolean first = failed == WcStatus.SUCCESS;
    // A NAK may have been lost, and its sender is then silent.
    boolean silent =
        status == WcStatus.RETRY_EXC_ERR
            && (post.wanted == WcStatus.SUCCESS || (lossy && isRemote(post.wanted)));
    check(
        status == WcStatus.WR_FLUSH_ERR || (first && (status == post.wanted || silent)),
        status + " of " + post + " after " + failed);
    if (first && status == post.wanted) {
      post.then.run();
    }
    failed = first ? status : failed;
    interrupted |= post.wanted == WcStatus.SUCCESS;
  }

  private static boolean isRemote(WcStatus status) {
    return status == WcStatus.REM_ACCESS_ERR || status == WcStatus.REM_INV_REQ_ERR;
  }

  private void onReceiveDone(SimBackend.ReceiveDone done) {
    if (done.status() != WcStatus.SUCCESS) {
      check(link.mayBreak[0] || end.closed, "receive with " + done.status() + " without a fault");
      return;
    }
    check(!other.messages.isEmpty(), done + " though nothing was sent");
    Message message = other.messages.remove();
    WrOpcode opcode = message.opcode;
    boolean isSend = opcode.isSend();
    int flags =
        opcode.hasImmediate()
            ? WcFlags.WITH_IMM
            : opcode == WrOpcode.SEND_WITH_INV ? WcFlags.WITH_INV : 0;
    check(
        done.opcode() == (isSend ? WcOpcode.RECV : WcOpcode.RECV_RDMA_WITH_IMM)
            && done.lengthBytes() == message.length
            && done.flags() == flags
            && (flags == 0 || done.immediateOrKey() == message.immediateOrKey)
            && done.solicited() == message.solicited
            && done.srcQpn() == other.end.qpn,
        done + " for " + message);
    int place = isSend ? placeOf(done.cookie()) : message.written;
    check(same(other.end, message.from, end, place, message.length), "bytes of " + message);
    message.then.run();
  }

  private int placeOf(long cookie) {
    return end.backend.isShared() ? end.backend.srq.place(cookie) : receives.get((int) cookie);
  }

  private static boolean same(WorldEnd a, int from, WorldEnd b, int to, int length) {
    return MemorySegment.mismatch(
            a.memory.segment, from, from + length, b.memory.segment, to, to + length)
        < 0;
  }

  void checkClosed() {
    check(end.backend.executed.size() <= locals, "a local operation was done twice");
    check(!end.flushed || posts.isEmpty(), "completions missing: " + posts);
  }

  private void check(boolean right, String what) {
    end.host.world.check(right, link + ": " + end.host + ": " + what);
  }

  @Override
  public String toString() {
    return end.host + " has posted " + posts + " and sent " + messages + ", " + end.qp.state();
  }
}
