// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.dma.BusWindow;
import ib.transport.MemoryStatus;
import ib.transport.QpBackend;
import ib.transport.RecvWqe;
import ib.transport.SendWqe;
import ib.verbs.QueuePair;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The simplest hardware: one segment of memory, one key. */
final class PortHardware implements QpBackend {
  static final int MEMORY_BYTES = 1 << 20;
  static final int KEY = 42;
  static final int QKEY = 0x1234;

  /** What is to be sent. */
  record Work(WrOpcode opcode, long local, long remote, int length) {}

  final MemorySegment memory = Arena.ofAuto().allocate(MEMORY_BYTES, 64);
  final ArrayDeque<Work> sends = new ArrayDeque<>();
  final ArrayDeque<Long> receives = new ArrayDeque<>();
  final List<String> completions = new CopyOnWriteArrayList<>();
  long groupHigh;
  long groupLow;

  @Override
  public boolean nextSend(SendWqe into) {
    Work work = sends.poll();
    if (work == null) {
      return false;
    }
    into.begin(1, work.opcode);
    into.setFlags(true, false, false);
    into.setRemote(work.remote, KEY);
    into.setDatagram(groupHigh, groupLow, QueuePair.MULTICAST_QPN, QKEY);
    into.addSge(work.local, work.length, KEY);
    return true;
  }

  @Override
  public boolean nextReceive(RecvWqe into) {
    Long at = receives.poll();
    if (at == null) {
      return false;
    }
    into.clearSges();
    into.addSge(at, MEMORY_BYTES / 4, KEY);
    return true;
  }

  @Override
  public MemoryStatus resolveLocal(
      int lkey, long address, long lengthBytes, boolean write, BusWindow window) {
    return resolve(lkey, address, lengthBytes, window);
  }

  @Override
  public MemoryStatus resolveRemote(
      int rkey, long address, long lengthBytes, int need, BusWindow window) {
    return resolve(rkey, address, lengthBytes, window);
  }

  private MemoryStatus resolve(int key, long address, long length, BusWindow window) {
    if (key != KEY) {
      return MemoryStatus.INVALID_KEY;
    }
    if (address < 0 || address + length > MEMORY_BYTES) {
      return MemoryStatus.OUT_OF_BOUNDS;
    }
    window.set(memory, address, length);
    return MemoryStatus.OK;
  }

  @Override
  public void completeSend(
      long cookie, boolean signaled, WcStatus status, WcOpcode opcode, int lengthBytes) {
    completions.add(opcode + " " + status + " " + lengthBytes);
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
    completions.add(opcode + " " + status + " " + lengthBytes);
  }

  @Override
  public void onFatal(String cause) {
    completions.add("fatal: " + cause);
  }

  byte[] bytes(long at, int length) {
    return memory.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
  }
}
