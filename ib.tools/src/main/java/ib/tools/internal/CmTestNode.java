// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.dma.DmaCoherent;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.SendWr;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** One queue pair of ucmatose or udaddy, with its messages. */
final class CmTestNode {
  /** What the header of a datagram takes of its receive. */
  static final int GRH_BYTES = 40;

  private static final byte FILL = 0x5a;

  private final CmTestOptions options;
  private final Channel channel;
  private final DmaCoherent memory;
  private final int receiveBytes;
  final QueuePair qp;
  private int sent;
  private int received;

  /** Immediate data of the last message that had some: in datagrams the sender's QPN. */
  private int immediate;

  CmTestNode(Run run, CmTestOptions options, QpType type) throws RdmaException, ToolException {
    this.options = options;
    int depth = Math.max(1, options.messages());
    this.channel = new Channel(run, 2 * depth);
    this.qp = channel.queuePair(type, depth, depth);
    this.receiveBytes = options.sizeBytes() + (type == QpType.UD ? GRH_BYTES : 0);
    this.memory = channel.memory((long) receiveBytes + options.sizeBytes() + 1);
    memory.memory().segment().asSlice(receiveBytes, options.sizeBytes()).fill(FILL);
  }

  int immediate() {
    return immediate;
  }

  void postReceives() throws ToolException {
    for (int i = 0; i < options.messages(); i++) {
      channel.postReceive(qp, i, memory.dmaAddress(), receiveBytes);
    }
  }

  /** Posts all sends, each made as {@code request} says. */
  void postSends(Sending request) throws ToolException {
    for (int i = 0; i < options.messages(); i++) {
      SendWr send = request.prepare(channel.send(), i);
      send.sges().add(memory.dmaAddress() + receiveBytes, options.sizeBytes(), channel.mr.lkey());
      channel.post(qp, send);
    }
  }

  /** How a send begins: opcode, and destination of a datagram. */
  @FunctionalInterface
  interface Sending {
    SendWr prepare(SendWr send, int number);
  }

  void awaitSends(BooleanSupplier over) throws ToolException {
    while (sent < options.messages()) {
      take(channel.next(over, Common.OPERATION_NS), "sends");
    }
  }

  void awaitReceives(BooleanSupplier over) throws ToolException {
    while (received < options.messages()) {
      take(channel.next(over, Common.OPERATION_NS), "messages");
    }
  }

  private void take(@Nullable WorkCompletion completion, String what) throws ToolException {
    if (completion == null || completion.status() == WcStatus.WR_FLUSH_ERR) {
      throw new ToolException(
          "the peer disconnected after %d messages and %d sends of %d; %s are missing"
              .formatted(received, sent, options.messages(), what));
    }
    if (completion.status() != WcStatus.SUCCESS) {
      throw new ToolException("a completion has status " + completion.status());
    }
    if (completion.opcode() == WcOpcode.RECV) {
      received++;
      if (completion.byteLength() != receiveBytes) {
        throw new ToolException(
            "a message of %d bytes instead of %d; give both ends the same -S"
                .formatted(
                    completion.byteLength() - receiveBytes + options.sizeBytes(),
                    options.sizeBytes()));
      }
      if (completion.hasImmediate()) {
        immediate = completion.immediate();
      }
    } else {
      sent++;
    }
  }
}
