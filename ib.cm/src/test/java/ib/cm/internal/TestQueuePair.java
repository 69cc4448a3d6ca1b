// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.dma.BusWindow;
import ib.transport.MemoryStatus;
import ib.transport.PortQp;
import ib.transport.QpBackend;
import ib.transport.RdmaPort;
import ib.transport.RecvWqe;
import ib.transport.SendWqe;
import ib.transport.agent.AgentException;
import ib.verbs.PostResult;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.RecvWr;
import ib.verbs.SendWr;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A queue pair of a port with the simplest hardware there can be: one segment of memory, one send
 * at a time, receives that are always posted.
 */
final class TestQueuePair implements QueuePair, QpBackend {
  private static final Duration WAIT = Duration.ofSeconds(30);
  private static final int BYTES = 4096;
  private static final int KEY = 7;

  private final RdmaPort port;
  private final QpType type;
  private final PortQp qp;
  private final MemorySegment memory = Arena.ofAuto().allocate(2 * BYTES);
  private final List<String> received = new CopyOnWriteArrayList<>();
  private final List<WcStatus> sent = new CopyOnWriteArrayList<>();
  private int toSend = -1;
  private volatile boolean gone;

  TestQueuePair(RdmaPort port) throws RdmaException {
    this(port, QpType.RC);
  }

  TestQueuePair(RdmaPort port, QpType type) throws RdmaException {
    this.port = port;
    this.type = type;
    int qpn = port.allocateQpn();
    this.qp = call(() -> port.createQp(qpn, type, this));
  }

  private <T> T call(Callable<T> command) throws RdmaException {
    if (gone) {
      throw new RdmaException(label() + " is gone with its device");
    }
    try {
      return port.agent().call(command, WAIT);
    } catch (AgentException e) {
      if (e.getCause() instanceof RdmaException refused) {
        throw refused;
      }
      throw e;
    }
  }

  /** As if the driver left. */
  void withdraw() throws RdmaException {
    call(
        () -> {
          qp.destroy();
          return true;
        });
    gone = true;
  }

  void send(String text) throws RdmaException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    call(
        () -> {
          MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, bytes.length);
          toSend = bytes.length;
          qp.kickSend();
          return true;
        });
  }

  List<String> received() {
    return received;
  }

  List<WcStatus> sent() {
    return sent;
  }

  // The queue pair.

  @Override
  public int qpn() {
    return qp.qpn();
  }

  @Override
  public QpType type() {
    return type;
  }

  @Override
  public QpState state() {
    return qp.state();
  }

  @Override
  public void modify(QpAttributes attributes) throws RdmaException {
    call(
        () -> {
          qp.modify(attributes);
          return true;
        });
  }

  @Override
  public QpAttributes query() {
    return qp.query();
  }

  @Override
  public PostResult postSend(SendWr request) {
    throw new UnsupportedOperationException("use send");
  }

  @Override
  public PostResult postRecv(RecvWr request) {
    throw new UnsupportedOperationException("receives are always posted");
  }

  @Override
  public String label() {
    return "qp 0x" + Integer.toHexString(qp.qpn());
  }

  @Override
  public void close() {
    try {
      withdraw();
    } catch (RdmaException e) {
      gone = true;
    }
  }

  // The hardware.

  @Override
  public boolean nextSend(SendWqe into) {
    if (toSend < 0) {
      return false;
    }
    into.begin(0, WrOpcode.SEND);
    into.setFlags(true, false, false);
    into.addSge(0, toSend, KEY);
    toSend = -1;
    return true;
  }

  @Override
  public boolean nextReceive(RecvWqe into) {
    if (qp.state() == QpState.ERR) {
      return false;
    }
    into.clearSges();
    into.addSge(BYTES, BYTES, KEY);
    return true;
  }

  @Override
  public MemoryStatus resolveLocal(
      int lkey, long address, long lengthBytes, boolean write, BusWindow window) {
    window.set(memory, address, lengthBytes);
    return MemoryStatus.OK;
  }

  @Override
  public MemoryStatus resolveRemote(
      int rkey, long address, long lengthBytes, int need, BusWindow window) {
    return MemoryStatus.INVALID_KEY;
  }

  @Override
  public void completeSend(
      long cookie, boolean signaled, WcStatus status, WcOpcode opcode, int lengthBytes) {
    sent.add(status);
  }

  @Override
  public void completeReceive(
      long cookie,
      WcStatus status,
      WcOpcode opcode,
      int lengthBytes,
      int flags,
      int immediateOrKey,
      int srcQpn,
      boolean solicited) {
    if (status == WcStatus.SUCCESS) {
      byte[] bytes = new byte[lengthBytes];
      MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, BYTES, bytes, 0, lengthBytes);
      received.add(new String(bytes, StandardCharsets.UTF_8));
    }
  }

  @Override
  public void onFatal(String cause) {
    received.add("fatal: " + cause);
  }
}
