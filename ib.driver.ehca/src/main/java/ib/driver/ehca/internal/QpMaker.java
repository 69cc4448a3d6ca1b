// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.driver.ehca.internal.firmware.RegisterPage;
import ib.driver.ehca.internal.format.Hcall;
import ib.driver.ehca.internal.format.HcallResult;
import ib.driver.ehca.internal.format.ResourceType;
import ib.transport.hca.Quota;
import ib.verbs.DeviceAttributes;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.SharedReceiveQueue;
import ib.verbs.spi.ResourceBook;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Makes a queue pair: the resource, the memory of its two queues, their pages, its registers; all
 * or nothing.
 */
final class QpMaker {
  /** What a queue pair consists of. */
  record Parts(long handle, int qpn, WorkQueue sends, WorkQueue receives, RegisterPage registers) {}

  private final EhcaHca hca;
  private final EhcaPd pd;
  private final QpInitAttributes init;

  /** Entries and segments of the queue pair's own receive queue: least, if receives are shared. */
  private final int receives;

  private final int receiveSegments;

  QpMaker(EhcaHca hca, EhcaPd pd, QpInitAttributes init) {
    this.hca = hca;
    this.pd = pd;
    this.init = init;
    receives = init.srq() == null ? init.maxRecvWr() : 1;
    receiveSegments = init.srq() == null ? init.maxRecvSge() : 1;
  }

  EhcaQp make(ResourceBook book) throws RdmaException {
    checkSizes();
    EhcaCq sendCq = hca.commands.own(EhcaCq.class, init.sendCq());
    EhcaCq recvCq = hca.commands.own(EhcaCq.class, init.recvCq());
    SharedReceiveQueue shared = init.srq();
    EhcaSrq srq = shared == null ? null : hca.commands.own(EhcaSrq.class, shared);
    HcallResult made =
        hca.hcalls.run(
            "creating a queue pair",
            Hcall.H_ALLOC_RESOURCE,
            ResourceType.QP,
            code(init.type()),
            pd.number(),
            sendCq.handle(),
            recvCq.handle(),
            init.maxSendWr(),
            init.maxSendSge(),
            receives,
            receiveSegments,
            srq == null ? 0 : srq.handle());
    Set<QueueMemory> mine = ConcurrentHashMap.newKeySet();
    try {
      Parts parts = parts(made.r4(), (int) made.r5(), mine);
      EhcaQp qp = new EhcaQp(hca, pd, book, sendCq, recvCq, srq, init.type(), parts);
      qp.open();
      return qp;
    } catch (RdmaException | RuntimeException e) {
      hca.hcalls.free("a queue pair", made.r4());
      mine.forEach(QueueMemory::free);
      throw e;
    }
  }

  private void checkSizes() throws RdmaException {
    String device = hca.commands.device();
    DeviceAttributes limits = hca.query();
    Quota.checkLimit("maxSendWr on " + device, init.maxSendWr(), limits.maxQpWr());
    Quota.checkLimit("maxRecvWr on " + device, init.maxRecvWr(), limits.maxQpWr());
    Quota.checkLimit("maxSendSge on " + device, init.maxSendSge(), limits.maxSge());
    Quota.checkLimit("maxRecvSge on " + device, init.maxRecvSge(), limits.maxSge());
    Quota.checkInlineData(device, init.maxInlineData(), limits.capabilities().maxInlineData());
  }

  private static int code(QpType type) {
    return switch (type) {
      case RC -> 0;
      case UD -> 1;
      case UC -> 2;
    };
  }

  private Parts parts(long handle, int qpn, Set<QueueMemory> mine) throws RdmaException {
    String what = "qp 0x" + Integer.toHexString(qpn);
    WorkQueue sends = queue(what, init.maxSendWr(), init.maxSendSge(), mine);
    WorkQueue receives = queue(what, this.receives, receiveSegments, mine);
    sends.memory.register(hca.hcalls, what, handle, ResourceType.QUEUE_FIRST);
    receives.memory.register(hca.hcalls, what, handle, ResourceType.QUEUE_RECEIVE);
    RegisterPage registers =
        hca.commands.call("mapping " + what, () -> hca.hcalls.hypervisor().map(handle));
    return new Parts(handle, qpn, sends, receives, registers);
  }

  private WorkQueue queue(String what, int entries, int segments, Set<QueueMemory> mine)
      throws RdmaException {
    WorkQueue queue = new WorkQueue(hca, what, entries, segments, hca.queues);
    mine.add(queue.memory);
    return queue;
  }
}
