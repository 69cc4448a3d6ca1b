// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.dma.DmaCoherent;
import ib.verbs.AccessFlags;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.SendWr;
import ib.verbs.SharedReceiveQueue;
import ib.verbs.SrqInitAttributes;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A pingpong, as the {@code ibv_*_pingpong} programs play it: addresses over TCP, then messages to
 * and fro, each end sending its next when its last is sent and the peer's has come.
 */
final class PingPong {
  /** As the programs set it ({@code ud_pingpong.c}). */
  private static final int QKEY = 0x1111_1111;

  private static final int RECEIVED = 1;
  private static final int SENT = 2;
  private static final int GRH_BYTES = 40;
  private static final int PSNS = 1 << 24;
  private static final int MIN_RNR_TIMER = 12;
  private static final int ACK_TIMEOUT = 14;
  private static final int RETRIES = 7;
  private static final byte FILL = 0x7b;

  private final Run run;
  private final PingPongOptions options;
  private final PrintStream out;
  private final Channel channel;
  private final @Nullable SharedReceiveQueue srq;
  private final List<QueuePair> queuePairs = new ArrayList<>();
  private final List<PingPongAddress> mine = new ArrayList<>();
  private List<PingPongAddress> theirs = List.of();
  private final DmaCoherent memory;
  private final int receiveBytes;
  private final int rxDepth;
  private final int[] pending;
  private int posted;
  private int sent;
  private int received;

  PingPong(Run run, PingPongOptions options, PrintStream out) throws RdmaException, ToolException {
    this.run = run;
    this.options = options;
    this.out = out;
    checkSize();
    this.receiveBytes = options.sizeBytes() + (options.type() == QpType.UD ? GRH_BYTES : 0);
    int most = run.local().device().query().maxQpWr();
    this.rxDepth = Math.min(options.rxDepth(), most);
    this.pending = new int[options.queuePairs()];
    this.channel = new Channel(run, rxDepth + options.queuePairs());
    this.memory = channel.memory((long) receiveBytes + options.sizeBytes());
    memory.memory().segment().asSlice(receiveBytes, options.sizeBytes()).fill(FILL);
    this.srq =
        options.shared()
            ? run.add(channel.pd.createSrq(new SrqInitAttributes(rxDepth, 1, 0)))
            : null;
    for (int i = 0; i < options.queuePairs(); i++) {
      addQueuePair();
    }
    postReceives();
  }

  private void checkSize() throws ToolException {
    int mtu = run.local().device().query().activeMtuBytes();
    if (options.type() == QpType.UD && options.sizeBytes() > mtu) {
      throw new ToolException(
          "requested size larger than port MTU (%d); give a smaller one with -s".formatted(mtu));
    }
    if (options.type() != QpType.UD && options.mtuBytes() > mtu) {
      throw new ToolException(
          "path MTU %d is larger than the port's (%d); give a smaller one with -m"
              .formatted(options.mtuBytes(), mtu));
    }
  }

  private void addQueuePair() throws RdmaException {
    QueuePair qp = channel.queuePair(options.type(), 1, srq == null ? rxDepth : 1, srq);
    QpAttributes init = new QpAttributes().state(QpState.INIT);
    qp.modify(
        options.type() == QpType.UD ? init.qkey(QKEY) : init.accessFlags(AccessFlags.LOCAL_WRITE));
    queuePairs.add(qp);
    mine.add(
        new PingPongAddress(
            0,
            qp.qpn(),
            ThreadLocalRandom.current().nextInt(PSNS),
            run.local().manager().localAddress()));
  }

  private void postReceives() throws ToolException {
    for (; posted < rxDepth; posted++) {
      if (srq == null) {
        channel.postReceive(queuePairs.getFirst(), RECEIVED, memory.dmaAddress(), receiveBytes);
      } else {
        channel.postReceive(srq, RECEIVED, memory.dmaAddress(), receiveBytes);
      }
    }
  }

  /** Plays to the end; the summary of the programs. */
  String play() throws RdmaException, ToolException {
    mine.forEach(address -> out.println("  local address:  " + address));
    boolean client = options.host() != null;
    exchange();
    theirs.forEach(address -> out.println("  remote address: " + address));
    Arrays.fill(pending, RECEIVED);
    if (client) {
      for (int i = 0; i < queuePairs.size(); i++) {
        send(i);
      }
    }
    long beganNs = System.nanoTime();
    while (received < options.iterations() || sent < options.iterations()) {
      take(channel.next(() -> false, Common.OPERATION_NS));
    }
    return summary(System.nanoTime() - beganNs);
  }

  private void exchange() throws RdmaException, ToolException {
    String host = options.host();
    int count = options.shared() ? PingPongOptions.TOLD_QPS : 1;
    List<PingPongAddress> told = new ArrayList<>(mine);
    while (told.size() < count) {
      told.add(new PingPongAddress(0, 0, 0, null));
    }
    if (host != null) {
      SideChannel side = SideChannel.connect(run, host, options.port());
      side.write(told);
      theirs = side.read(count, queuePairs.size());
      connect();
      side.writeDone();
    } else {
      ServerSocket server = SideChannel.listen(run, options.port());
      Common.listening(run, "TCP port " + options.port(), out);
      SideChannel side = SideChannel.accept(run, server, options.timeoutS());
      theirs = side.read(count, queuePairs.size());
      connect();
      side.write(told);
      side.readDone();
    }
  }

  private void connect() throws RdmaException, ToolException {
    for (int i = 0; i < queuePairs.size(); i++) {
      QueuePair qp = queuePairs.get(i);
      PingPongAddress peer = theirs.get(i);
      QpAttributes rtr = new QpAttributes().state(QpState.RTR);
      QpAttributes rts = new QpAttributes().state(QpState.RTS).sqPsn(mine.get(i).psn());
      if (options.type() != QpType.UD) {
        rtr.pathMtuBytes(options.mtuBytes())
            .destQpn(peer.qpn())
            .rqPsn(peer.psn())
            .remoteAddress(peer.address());
      }
      if (options.type() == QpType.RC) {
        rtr.maxDestRdAtomic(1).minRnrTimer(MIN_RNR_TIMER);
        rts.timeoutCode(ACK_TIMEOUT).retryCount(RETRIES).rnrRetry(RETRIES).maxRdAtomic(1);
      }
      qp.modify(rtr);
      qp.modify(rts);
    }
  }

  private void send(int index) throws ToolException {
    SendWr request = channel.send().reset(SENT, WrOpcode.SEND);
    request.sges().add(memory.dmaAddress() + receiveBytes, options.sizeBytes(), channel.mr.lkey());
    if (options.type() == QpType.UD) {
      PingPongAddress peer = theirs.get(index);
      request.datagram(peer.address(), peer.qpn(), QKEY);
    }
    channel.post(queuePairs.get(index), request);
    pending[index] = RECEIVED | SENT;
  }

  private void take(@Nullable WorkCompletion completion) throws ToolException {
    if (completion == null) {
      return;
    }
    if (completion.status() != WcStatus.SUCCESS) {
      throw new ToolException(
          "failed status %s for wr_id %d".formatted(completion.status(), completion.wrId()));
    }
    int index = indexOf(completion.qpn());
    int what = (int) completion.wrId();
    if (what == SENT) {
      sent++;
    } else {
      received++;
      posted--;
      if (posted <= queuePairs.size()) {
        postReceives();
      }
    }
    pending[index] &= ~what;
    if (sent < options.iterations() && pending[index] == 0) {
      send(index);
    }
  }

  private int indexOf(int qpn) throws ToolException {
    for (int i = 0; i < queuePairs.size(); i++) {
      if (queuePairs.get(i).qpn() == qpn) {
        return i;
      }
    }
    throw new ToolException("a completion for unknown QPN 0x%06x".formatted(qpn));
  }

  private String summary(long spentNs) {
    double seconds = spentNs / 1e9;
    long bytes = (long) options.sizeBytes() * options.iterations() * 2;
    return String.format(
        Locale.ROOT,
        "%d bytes in %.2f seconds = %.2f Mbit/sec%n%d iters in %.2f seconds = %.2f usec/iter",
        bytes,
        seconds,
        bytes * 8 / (seconds * 1e6),
        options.iterations(),
        seconds,
        seconds * 1e6 / options.iterations());
  }
}
