// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.firmware;

import ib.driver.ehca.internal.format.ErrorBlock;
import ib.driver.ehca.internal.format.HcaBlock;
import ib.driver.ehca.internal.format.Hcall;
import ib.driver.ehca.internal.format.HcallResult;
import ib.driver.ehca.internal.format.HcallStatus;
import ib.driver.ehca.internal.format.Memory;
import ib.driver.ehca.internal.format.PortBlock;
import ib.driver.ehca.internal.format.QpBlock;
import ib.driver.ehca.internal.format.ResourceType;
import ib.transport.RdmaPort;
import ib.transport.hca.WindowEntry;
import ib.verbs.MwType;
import ib.verbs.QpAttributes;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** What each hypercall does. Agent thread. */
final class Calls {
  private static final int MAX_QP = 4096;
  private static final int MAX_QP_WR = 8192;
  private static final int MAX_SGE = 32;
  private static final int MAX_CQ = 4096;
  private static final int MAX_CQE = 1 << 16;
  private static final int MAX_RD_ATOMIC = 16;
  private static final int MAX_SRQ = 1024;

  /** Page addresses that one block of 4 KiB holds. */
  private static final int MAX_PAGES_A_CALL = 512;

  private static final QpType[] TYPES = {QpType.RC, QpType.UD, QpType.UC};

  private final Adapter adapter;
  private final MemorySegment block = Arena.ofAuto().allocate(Memory.PAGE, 8);
  private String lastError = "";
  private int queuePairs;
  private int completionQueues;
  private int sharedQueues;

  Calls(Adapter adapter) {
    this.adapter = adapter;
  }

  HcallResult dispatch(Hcall call, long[] a) {
    return switch (call) {
      case H_ALLOC_RESOURCE -> allocate(a);
      case H_FREE_RESOURCE -> free(a[0]);
      case H_MODIFY_QP -> modifyQp(a[0], a[1]);
      case H_QUERY_QP -> queryQp(a[0], a[1]);
      case H_REREGISTER_PMR -> reregister(a[0], a[1], a[2], a[3], (int) a[4]);
      case H_REGISTER_SMR -> share(a[0], (int) a[1], (int) a[2]);
      case H_QUERY_HCA -> queryHca(a[0]);
      case H_QUERY_PORT -> queryPort(a[0]);
      case H_REGISTER_RPAGES -> registerPages(a[0], a[1], a[2], a[3]);
      case H_ATTACH_MCQP -> multicast(a[0], a[1], a[2], true);
      case H_DETACH_MCQP -> multicast(a[0], a[1], a[2], false);
      case H_MODIFY_SRQ -> modifySrq(a[0], (int) a[1]);
      case H_QUERY_SRQ -> querySrq(a[0]);
      case H_RESIZE_CQ -> resizeCq(a[0], (int) a[1]);
      case H_ERROR_DATA -> errorData(a[0], a[1]);
    };
  }

  private HcallResult refuse(int status, String why) {
    lastError = why;
    return HcallResult.of(status);
  }

  private HcallResult allocate(long[] a) {
    if (a[0] == ResourceType.QP) {
      return allocateQp(a);
    } else if (a[0] == ResourceType.CQ) {
      return allocateCq((int) a[1], (int) a[2]);
    } else if (a[0] == ResourceType.EQ) {
      HwEq made = new HwEq(adapter.accessor, Memory.powerOfTwo((int) a[1]));
      adapter.eq = made;
      return HcallResult.success(adapter.add(made), made.queue.entries(), made.queue.pages(), 0);
    } else if (a[0] == ResourceType.SRQ) {
      return allocateSrq(a[1], a[2], (int) a[3]);
    } else if (a[0] == ResourceType.MR) {
      return allocateMr((int) a[1], (int) a[2], (int) a[3]);
    } else if (a[0] == ResourceType.MW) {
      return allocateMw(a[1] == 1 ? MwType.TYPE_1 : MwType.TYPE_2, (int) a[2]);
    }
    return refuse(HcallStatus.H_PARAMETER, "unknown resource type " + a[0]);
  }

  private HcallResult allocateCq(int entries, int token) {
    HwEq eq = adapter.eq;
    if (eq == null || entries < 1 || entries > MAX_CQE) {
      return refuse(HcallStatus.H_PARAMETER, "completion queue of " + entries + " entries");
    }
    if (completionQueues == MAX_CQ) {
      return refuse(HcallStatus.H_RESOURCE, "all " + MAX_CQ + " completion queues are in use");
    }
    completionQueues++;
    HwCq cq = new HwCq(adapter.bus, eq, Memory.powerOfTwo(entries), token);
    return HcallResult.success(adapter.add(cq), cq.queue.entries(), cq.queue.pages(), 0);
  }

  private HcallResult allocateSrq(long wanted, long segments, int token) {
    if (!fits(wanted, segments)) {
      return refuse(HcallStatus.H_PARAMETER, "shared receive queue of " + wanted + " entries");
    }
    if (sharedQueues == MAX_SRQ) {
      return refuse(HcallStatus.H_RESOURCE, "all " + MAX_SRQ + " shared receive queues are in use");
    }
    sharedQueues++;
    HwSrq srq = new HwSrq(adapter, Memory.powerOfTwo((int) wanted), (int) segments, token);
    return HcallResult.success(adapter.add(srq), srq.queue.entries(), srq.queue.pages(), 0);
  }

  private HcallResult modifySrq(long handle, int limit) {
    HwSrq srq = adapter.find(handle, HwSrq.class);
    if (srq == null || limit < 0 || limit > srq.queue.entries()) {
      return refuse(HcallStatus.H_PARAMETER, "limit " + limit + " of a shared receive queue");
    }
    srq.arm(limit);
    return HcallResult.of(HcallStatus.H_SUCCESS);
  }

  private HcallResult querySrq(long handle) {
    HwSrq srq = adapter.find(handle, HwSrq.class);
    return srq == null
        ? refuse(HcallStatus.H_PARAMETER, "no such shared receive queue")
        : HcallResult.success(srq.limit(), 0, 0, 0);
  }

  private HcallResult resizeCq(long handle, int entries) {
    HwCq cq = adapter.find(handle, HwCq.class);
    if (cq == null || entries < 0 || entries > MAX_CQE) {
      return refuse(HcallStatus.H_PARAMETER, "completion queue of " + entries + " entries");
    }
    if (entries > 0) {
      HwQueue made = cq.resize(Memory.powerOfTwo(entries));
      return HcallResult.success(handle, made.entries(), made.pages(), 0);
    }
    long first = cq.commitResize();
    return first < 0
        ? refuse(
            HcallStatus.H_RESOURCE, cq.waiting() + " entries wait, fewer would fit; poll first")
        : HcallResult.success(first, 0, 0, 0);
  }

  private HcallResult multicast(long handle, long high, long low, boolean attach) {
    HwQp qp = adapter.find(handle, HwQp.class);
    if (qp == null) {
      return refuse(HcallStatus.H_PARAMETER, "no such queue pair");
    }
    try {
      if (attach) {
        qp.transport().attachMcast(high, low);
      } else {
        qp.transport().detachMcast(high, low);
      }
      return HcallResult.of(HcallStatus.H_SUCCESS);
    } catch (RdmaException e) {
      return refuse(HcallStatus.H_PARAMETER, String.valueOf(e.getMessage()));
    }
  }

  /**
   * Arguments: type, 0 RC or 1 UD or 2 UC, pd, send CQ, receive CQ, send entries and segments,
   * receive entries and segments, shared receive queue or 0.
   */
  private HcallResult allocateQp(long[] a) {
    HwCq sendCq = adapter.find(a[3], HwCq.class);
    HwCq recvCq = adapter.find(a[4], HwCq.class);
    HwSrq srq = adapter.find(a[9], HwSrq.class);
    if (sendCq == null
        || recvCq == null
        || !isReady(sendCq)
        || !isReady(recvCq)
        || !fits(a[5], a[6])
        || !fits(a[7], a[8])
        || a[1] < 0
        || a[1] >= TYPES.length
        || (a[9] != 0 && (srq == null || !srq.queue.isReady()))) {
      return refuse(HcallStatus.H_PARAMETER, "queue pair with wrong sizes or queues");
    }
    if (queuePairs == MAX_QP) {
      return refuse(HcallStatus.H_RESOURCE, "all " + MAX_QP + " queue pairs are in use");
    }
    int qpn;
    try {
      qpn = adapter.port.allocateQpn();
    } catch (RdmaException e) {
      return refuse(HcallStatus.H_RESOURCE, String.valueOf(e.getMessage()));
    }
    HwWorkQueue sends = new HwWorkQueue(Memory.powerOfTwo((int) a[5]), (int) a[6]);
    HwWorkQueue receives = new HwWorkQueue(Memory.powerOfTwo((int) a[7]), (int) a[8]);
    HwQp qp = new HwQp(adapter, qpn, (int) a[2], sendCq, recvCq, sends, receives, srq);
    qp.start(TYPES[(int) a[1]]);
    queuePairs++;
    return HcallResult.success(adapter.add(qp), qpn, sends.queue.pages(), receives.queue.pages());
  }

  private static boolean isReady(HwCq cq) {
    return cq.queue.isReady();
  }

  private static boolean fits(long entries, long segments) {
    return entries >= 1 && entries <= MAX_QP_WR && segments >= 1 && segments <= MAX_SGE;
  }

  private HcallResult allocateMr(int maxPages, int access, int pd) {
    if (maxPages < 0 || maxPages > MAX_PAGES_A_CALL) {
      return refuse(HcallStatus.H_PARAMETER, "region of " + maxPages + " pages");
    }
    return add(new HwRegion(adapter.bus, pd, maxPages, access));
  }

  private HcallResult share(long handle, int access, int pd) {
    HwRegion region = adapter.find(handle, HwRegion.class);
    if (region == null || !region.allMemory) {
      return refuse(HcallStatus.H_PARAMETER, "no region to share");
    }
    return add(region.share(pd, access));
  }

  private HcallResult add(HwRegion region) {
    if (!adapter.keys.add(region)) {
      return refuse(HcallStatus.H_RESOURCE, "all " + Adapter.MAX_MR + " regions are in use");
    }
    return HcallResult.success(adapter.add(region), region.lkey(), region.rkey(), 0);
  }

  private HcallResult reregister(
      long handle, long address, long bytes, long mode, int offsetInPage) {
    HwRegion region = adapter.find(handle, HwRegion.class);
    if (region == null || region.allMemory) {
      return refuse(HcallStatus.H_PARAMETER, "no region for registration");
    }
    boolean prepares = mode == Hcall.PREPARE;
    if (region.boundWindows() > 0 || (prepares && region.isValid())) {
      return refuse(
          HcallStatus.H_R_STATE,
          "it is registered, with " + region.boundWindows() + " windows bound; invalidate first");
    }
    if (!region.prepare(address, bytes, offsetInPage)) {
      return refuse(HcallStatus.H_PARAMETER, "region of " + bytes + " bytes does not fit");
    }
    if (bytes == 0) {
      adapter.keys.invalidate(region);
    } else if (!prepares) {
      adapter.keys.register(region, (int) mode);
    }
    return HcallResult.success(handle, region.lkey(), region.rkey(), 0);
  }

  private HcallResult allocateMw(MwType type, int pd) {
    WindowEntry window = new WindowEntry(pd, type);
    if (!adapter.keys.add(window)) {
      return refuse(HcallStatus.H_RESOURCE, "all " + Adapter.MAX_MW + " windows are in use");
    }
    return HcallResult.success(adapter.add(window), 0, window.key(), 0);
  }

  /** One page by its address; more through a block of page addresses. */
  private HcallResult registerPages(long handle, long which, long address, long count) {
    if (count < 1 || count > MAX_PAGES_A_CALL) {
      return refuse(HcallStatus.H_PARAMETER, count + " pages in one call");
    }
    if (count == 1) {
      return HcallResult.of(registerPage(handle, which, address));
    }
    if (!adapter.accessor.read(address, block, 0, count * Long.BYTES)) {
      return refuse(HcallStatus.H_HARDWARE, "block of page addresses: " + adapter.accessor.fault());
    }
    int status = HcallStatus.H_PARAMETER;
    for (int i = 0; i < count; i++) {
      status = registerPage(handle, which, Memory.get64(block, (long) i * Long.BYTES));
      if (status < 0) {
        return refuse(status, "page " + i + " of " + count);
      }
    }
    return HcallResult.of(status);
  }

  private int registerPage(long handle, long which, long page) {
    Object resource = adapter.resources.get(handle);
    return switch (resource) {
      case HwEq eq -> eq.queue.register(page);
      case HwCq cq when which == ResourceType.QUEUE_RESIZED -> cq.registerResized(page);
      case HwCq cq -> cq.queue.register(page);
      case HwSrq srq -> srq.queue.register(page);
      case HwQp qp when which == ResourceType.QUEUE_FIRST -> qp.sends.queue.register(page);
      case HwQp qp -> qp.receives.queue.register(page);
      case HwRegion region when !region.allMemory -> region.register(page);
      case null, default -> HcallStatus.H_PARAMETER;
    };
  }

  private HcallResult modifyQp(long handle, long address) {
    HwQp qp = adapter.find(handle, HwQp.class);
    if (qp == null || !adapter.accessor.read(address, block, 0, QpBlock.BYTES)) {
      return refuse(HcallStatus.H_HARDWARE, "control block: " + adapter.accessor.fault());
    }
    QpAttributes attributes = QpBlock.read(block);
    if (attributes == null) {
      return refuse(HcallStatus.H_PARAMETER, "control block makes no sense");
    }
    try {
      qp.modify(attributes);
      return HcallResult.of(HcallStatus.H_SUCCESS);
    } catch (RdmaException e) {
      return refuse(HcallStatus.H_PARAMETER, String.valueOf(e.getMessage()));
    }
  }

  private HcallResult queryQp(long handle, long address) {
    HwQp qp = adapter.find(handle, HwQp.class);
    if (qp == null) {
      return refuse(HcallStatus.H_PARAMETER, "no such queue pair");
    }
    QpBlock.write(block, qp.transport().query());
    return answer(address, QpBlock.BYTES);
  }

  private HcallResult queryHca(long address) {
    Memory.put64(block, HcaBlock.NODE_GUID, adapter.port.guid());
    Memory.put64(block, HcaBlock.MAX_QP, MAX_QP);
    Memory.put64(block, HcaBlock.MAX_QP_WR, MAX_QP_WR);
    Memory.put64(block, HcaBlock.MAX_SGE, MAX_SGE);
    Memory.put64(block, HcaBlock.MAX_CQ, MAX_CQ);
    Memory.put64(block, HcaBlock.MAX_CQE, MAX_CQE);
    Memory.put64(block, HcaBlock.MAX_MR, Adapter.MAX_MR);
    Memory.put64(block, HcaBlock.MAX_MW, Adapter.MAX_MW);
    Memory.put64(block, HcaBlock.MAX_RD_ATOMIC, MAX_RD_ATOMIC);
    Memory.put64(block, HcaBlock.MAX_MR_PAGES, MAX_PAGES_A_CALL);
    Memory.put64(block, HcaBlock.MAX_SRQ, MAX_SRQ);
    Memory.put64(block, HcaBlock.MAX_SRQ_WR, MAX_QP_WR);
    Memory.put64(block, HcaBlock.MAX_SRQ_SGE, MAX_SGE);
    Memory.put64(block, HcaBlock.MAX_MCAST_GRP, RdmaPort.MAX_MCAST_GROUPS);
    Memory.put64(block, HcaBlock.MAX_MCAST_QP, RdmaPort.MAX_MCAST_QP_ATTACH);
    return answer(address, HcaBlock.BYTES);
  }

  private HcallResult queryPort(long address) {
    Memory.put64(block, PortBlock.UP, adapter.port.isUp() ? 1 : 0);
    Memory.put64(block, PortBlock.MTU_BYTES, adapter.port.activeMtuBytes());
    return answer(address, PortBlock.BYTES);
  }

  private HcallResult errorData(long handle, long address) {
    HwQp qp = adapter.find(handle, HwQp.class);
    ErrorBlock.write(block, qp == null ? lastError : qp.error());
    return answer(address, ErrorBlock.BYTES);
  }

  private HcallResult answer(long address, int bytes) {
    if (!adapter.accessor.write(address, block, 0, bytes)) {
      return refuse(HcallStatus.H_HARDWARE, "answer block: " + adapter.accessor.fault());
    }
    return HcallResult.of(HcallStatus.H_SUCCESS);
  }

  private HcallResult free(long handle) {
    Object resource = adapter.resources.get(handle);
    switch (resource) {
      case HwQp qp -> {
        qp.stop();
        queuePairs--;
      }
      case HwCq cq -> {
        if (inUse(cq)) {
          return refuse(HcallStatus.H_RESOURCE, "queue pairs use the completion queue");
        }
        completionQueues--;
      }
      case HwSrq srq -> {
        for (Object other : adapter.resources.values()) {
          if (other instanceof HwQp qp && srq.equals(qp.srq)) {
            return refuse(HcallStatus.H_RESOURCE, "queue pairs use the shared receive queue");
          }
        }
        sharedQueues--;
      }
      case HwRegion region -> {
        if (!adapter.keys.remove(region)) {
          return refuse(
              HcallStatus.H_R_STATE,
              "it has " + region.boundWindows() + " windows bound; close them first");
        }
      }
      case WindowEntry window -> adapter.keys.remove(window);
      case HwEq eq -> adapter.eq = null;
      case null, default -> {
        return refuse(HcallStatus.H_PARAMETER, "no resource 0x" + Long.toHexString(handle));
      }
    }
    adapter.resources.remove(handle);
    return HcallResult.of(HcallStatus.H_SUCCESS);
  }

  private boolean inUse(HwCq cq) {
    for (Object resource : adapter.resources.values()) {
      if (resource instanceof HwQp qp && qp.reportsTo(cq)) {
        return true;
      }
    }
    return false;
  }
}
