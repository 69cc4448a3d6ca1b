// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.dma.DmaCoherent;
import ib.verbs.AccessFlags;
import ib.verbs.ConnectParams;
import ib.verbs.ConnectRequest;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.SendWr;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * perftest's line with {@code -R}: messages over a connection of its own, made by the connection
 * manager, before the one that is measured, to the same port.
 */
final class CmPerfLine implements PerfLine {
  private static final int SLOT_BYTES = 64;
  private static final int RECEIVES = 2;
  private static final int RETRIES = 7;

  /** As a Linux client tries. */
  private static final int TRIES = 10;

  private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final ConnectParams PARAMS =
      new ConnectParams(
          new byte[0],
          0,
          0,
          RETRIES,
          RETRIES,
          ConnectParams.DEFAULT_ACK_TIMEOUT_CODE,
          AccessFlags.LOCAL_WRITE);

  private final Run run;
  private final PerfOptions options;
  private final @Nullable Inbox<ConnectRequest> inbox;
  private final Channel channel;
  private final QueuePair qp;
  private final DmaCoherent memory;
  private final CmLink link;
  private final byte[][] received = new byte[RECEIVES][];
  private int next;
  private int taken;
  private boolean sent;
  private boolean broken;

  /**
   * Meets the peer.
   *
   * @param inbox the server's
   */
  CmPerfLine(Run run, PerfOptions options, @Nullable Inbox<ConnectRequest> inbox)
      throws RdmaException, ToolException {
    this.run = run;
    this.options = options;
    this.inbox = inbox;
    this.channel = new Channel(run, 2 + RECEIVES);
    this.memory = channel.memory((RECEIVES + 1L) * SLOT_BYTES);
    this.qp = channel.queuePair(QpType.RC, 2, RECEIVES);
    qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(AccessFlags.LOCAL_WRITE));
    for (int i = 0; i < RECEIVES; i++) {
      postReceive(i);
    }
    this.link = new CmLink(run);
    join(qp, PARAMS, link);
  }

  private void postReceive(int slot) throws ToolException {
    channel.postReceive(
        qp, slot, memory.dmaAddress() + (slot + 1L) * SLOT_BYTES, PerfDest.STRUCT_BYTES);
  }

  /** Connects the queue pair that is measured with the peer's, in our role. */
  void join(QueuePair pair, ConnectParams params) throws RdmaException, ToolException {
    CmLink data = new CmLink(run);
    for (int i = 1; i < TRIES; i++) {
      try {
        join(pair, params, data);
        return;
      } catch (ToolException e) {
        // A Linux server listens for this connection only once it has been told to expect it.
        if (!data.isUnheard()) {
          throw e;
        }
        data = new CmLink(run);
        run.await(PAUSE_NS);
      }
    }
    join(pair, params, data);
  }

  private void join(QueuePair pair, ConnectParams params, CmLink to)
      throws RdmaException, ToolException {
    String host = options.host;
    if (inbox != null) {
      to.endWithRun(inbox.next(options.timeoutS).accept(pair, params, to));
    } else {
      to.endWithRun(
          run.local()
              .manager()
              .connect(
                  pair,
                  new InetSocketAddress(Arguments.resolve(String.valueOf(host)), options.port),
                  params,
                  to));
    }
    to.awaitEstablished();
  }

  @Override
  public byte[] swap(String what, byte[] mine) throws ToolException {
    if (options.isClient()) {
      send(mine);
    }
    byte[] theirs = receive(what, mine.length);
    if (!options.isClient()) {
      send(mine);
    }
    return theirs;
  }

  @Override
  public PerfDest shake(PerfDest mine) throws ToolException {
    return PerfDest.parseStruct(swap("address", mine.toStruct()));
  }

  private void send(byte[] message) throws ToolException {
    MemorySegment.copy(
        message, 0, memory.memory().segment(), ValueLayout.JAVA_BYTE, 0, message.length);
    SendWr request = channel.send().reset(0, WrOpcode.SEND);
    request.sges().add(memory.dmaAddress(), message.length, channel.mr.lkey());
    sent = false;
    channel.post(qp, request);
    while (!sent) {
      take(channel.next(link::isOver, Common.OPERATION_NS), "couldn't send");
    }
  }

  private byte[] receive(String what, int bytes) throws ToolException {
    while (taken == next) {
      take(channel.next(link::isOver, Common.OPERATION_NS), "couldn't read the peer's " + what);
    }
    int slot = taken++ % RECEIVES;
    byte[] message = received[slot];
    if (message.length != bytes) {
      throw new ToolException(
          "the peer's %s has %d bytes instead of %d: it is no perftest 5.70 or later"
              .formatted(what, message.length, bytes));
    }
    postReceive(slot);
    return message;
  }

  private void take(@Nullable WorkCompletion completion, String what) throws ToolException {
    if (completion == null || completion.status() != WcStatus.SUCCESS) {
      broken = true;
      link.checkNotFailed();
      throw new ToolException(
          what
              + ": it closed the connection"
              + (completion == null ? "" : ", " + completion.status()));
    }
    if (completion.opcode() == WcOpcode.RECV) {
      long at = (completion.wrId() + 1) * SLOT_BYTES;
      received[next++ % RECEIVES] =
          memory
              .memory()
              .segment()
              .asSlice(at, completion.byteLength())
              .toArray(ValueLayout.JAVA_BYTE);
    } else {
      sent = true;
    }
  }

  @Override
  public void awaitClient(int timeoutS) throws ToolException {
    String what = "the client does not come to its end";
    if (taken == next) {
      take(channel.next(link::isOver, TimeUnit.SECONDS.toNanos(timeoutS)), what);
    }
  }

  @Override
  public SideChannel.Peer peer() {
    WorkCompletion completion = channel.poll();
    try {
      if (completion != null) {
        take(completion, "the peer");
      }
    } catch (ToolException e) {
      broken = true;
    }
    if (taken != next) {
      return SideChannel.Peer.SPOKE;
    }
    return broken || link.isOver() ? SideChannel.Peer.GONE : SideChannel.Peer.SILENT;
  }

  @Override
  public void done() {
    // The end of the connection says it.
  }
}
