// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.AccessFlags;
import ib.verbs.ConnectParams;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.SendWr;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import org.jspecify.annotations.Nullable;

/**
 * One end of a measurement: a connection with memory that the peer may reach, of which the second
 * half takes the messages that arrive.
 */
final class PerfEnd {
  private static final int ACCESS =
      AccessFlags.LOCAL_WRITE | AccessFlags.REMOTE_READ | AccessFlags.REMOTE_WRITE;
  private static final int MAX_READS = 16;
  private static final int RETRIES = 7;

  final Channel channel;
  final QueuePair qp;
  final CmLink link;
  final Region region;
  private final int access;
  private final int sizeBytes;
  private final int reads;

  /**
   * Makes it.
   *
   * @param depth sends and receives outstanding
   * @param sizeBytes largest message
   * @param atomics whether the peer may change memory atomically
   */
  PerfEnd(Run run, int depth, int sizeBytes, boolean atomics) throws RdmaException, ToolException {
    this.access = atomics ? ACCESS | AccessFlags.REMOTE_ATOMIC : ACCESS;
    this.sizeBytes = sizeBytes;
    this.reads = Math.min(MAX_READS, run.local().device().query().maxQpRdAtom());
    this.link = new CmLink(run);
    this.channel = new Channel(run, 2 * depth);
    this.region = new Region(run, channel.pd, 2 * sizeBytes, access);
    this.qp = channel.queuePair(QpType.RC, depth, depth);
    qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(access));
  }

  ConnectParams params(byte[] privateData) {
    return new ConnectParams(
        privateData,
        reads,
        reads,
        RETRIES,
        RETRIES,
        ConnectParams.DEFAULT_ACK_TIMEOUT_CODE,
        access);
  }

  void postReceive() throws ToolException {
    channel.postReceive(qp, 0, region.address() + sizeBytes, sizeBytes, region.lkey());
  }

  /** Sends back what arrived. */
  void postReply(int lengthBytes) throws ToolException {
    SendWr request = channel.send().reset(0, WrOpcode.SEND);
    request.sges().add(region.address() + sizeBytes, lengthBytes, region.lkey());
    channel.post(qp, request);
  }

  /** Takes a completion that must be a success; false if the peer ended the connection. */
  boolean isGood(@Nullable WorkCompletion completion) throws ToolException {
    if (completion == null || completion.status() == WcStatus.WR_FLUSH_ERR) {
      link.awaitOver(Common.OPERATION_NS);
      link.checkNotFailed();
      return false;
    }
    if (completion.status() != WcStatus.SUCCESS) {
      throw new ToolException("completion with status " + completion.status());
    }
    return true;
  }
}
