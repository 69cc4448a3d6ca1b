// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.dma.DmaCoherent;
import ib.verbs.AccessFlags;
import ib.verbs.ConnectParams;
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
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** One end of an rping connection: its queue pair, its messages, and what both roles do. */
class RpingEnd {
  private static final int SENDS = 16;
  private static final int RECEIVES = 2;
  private static final int ACCESS =
      AccessFlags.LOCAL_WRITE | AccessFlags.REMOTE_READ | AccessFlags.REMOTE_WRITE;

  /** What rping proposes and accepts: one READ each way, 7 retries, RNR for ever. */
  static final ConnectParams PARAMS =
      new ConnectParams(new byte[0], 1, 1, 7, 7, ConnectParams.DEFAULT_ACK_TIMEOUT_CODE, ACCESS);

  final Run run;
  final RpingOptions options;
  final PrintStream out;
  final CmLink link;
  final QueuePair qp;
  private final Channel channel;
  private final DmaCoherent messages;
  private int received;

  RpingEnd(Run run, RpingOptions options, PrintStream out) throws RdmaException, ToolException {
    this.run = run;
    this.options = options;
    this.out = out;
    this.link = new CmLink(run);
    this.channel = new Channel(run, 2 * SENDS);
    this.messages = channel.memory(2L * RpingInfo.BYTES);
    this.qp = channel.queuePair(QpType.RC, SENDS, RECEIVES);
    qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(ACCESS));
    postReceive();
  }

  final Region region() throws RdmaException, ToolException {
    return new Region(run, channel.pd, options.sizeBytes(), ACCESS);
  }

  private void postReceive() throws ToolException {
    channel.postReceive(qp, 0, messages.dmaAddress() + RpingInfo.BYTES, RpingInfo.BYTES);
  }

  /** Sends where a buffer is, or, with one that is not looked at, "go ahead". */
  final void send(RpingInfo info) throws ToolException {
    info.write(messages.memory().segment(), 0);
    SendWr request = channel.send().reset(0, WrOpcode.SEND);
    request.sges().add(messages.dmaAddress(), RpingInfo.BYTES, channel.mr.lkey());
    channel.post(qp, request);
  }

  /** An RDMA operation between a region of ours and the peer's memory; waits for its completion. */
  final boolean rdma(WrOpcode opcode, Region region, int lengthBytes, RpingInfo peer)
      throws ToolException {
    SendWr request = channel.send().reset(0, opcode).remote(peer.address(), peer.rkey());
    request.sges().add(region.address(), lengthBytes, region.lkey());
    channel.post(qp, request);
    return await(opcode.wcOpcode());
  }

  /**
   * Waits for the peer's next message.
   *
   * @return null if the peer ended the connection
   */
  final @Nullable RpingInfo receive() throws ToolException {
    if (received == 0 && !await(WcOpcode.RECV)) {
      return null;
    }
    received--;
    RpingInfo info = RpingInfo.read(messages.memory().segment(), RpingInfo.BYTES);
    postReceive();
    return info;
  }

  /** Waits for a completion of a kind; false if the peer ended the connection. */
  private boolean await(WcOpcode wanted) throws ToolException {
    while (true) {
      WorkCompletion completion = channel.next(link::isOver, Common.OPERATION_NS);
      if (completion == null || completion.status() == WcStatus.WR_FLUSH_ERR) {
        link.awaitOver(Common.OPERATION_NS);
        link.checkNotFailed();
        return false;
      }
      if (completion.status() != WcStatus.SUCCESS) {
        throw new ToolException("cq completion failed status " + completion.status());
      }
      if (completion.opcode() == WcOpcode.RECV) {
        checkLength(completion.byteLength());
        received++;
      }
      if (completion.opcode() == wanted) {
        return true;
      }
    }
  }

  private static void checkLength(int bytes) throws ToolException {
    if (bytes != RpingInfo.BYTES) {
      throw new ToolException(
          "received bogus data, size %d: rping sends %d bytes".formatted(bytes, RpingInfo.BYTES));
    }
  }

  /** Ping data as text: up to the first zero. */
  static String text(MemorySegment data) {
    long length = 0;
    while (length < data.byteSize() && data.get(ValueLayout.JAVA_BYTE, length) != 0) {
      length++;
    }
    return new String(
        data.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.US_ASCII);
  }
}
