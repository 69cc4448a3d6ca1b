// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.core.internal.dma.DefaultDmaOps;
import ib.core.internal.dma.HostMemoryPool;
import ib.dma.DmaBus;
import ib.dma.DmaMemory;
import ib.dma.IbDma;
import ib.driver.ehca.internal.firmware.AdapterOptions;
import ib.driver.ehca.internal.firmware.Hypervisor;
import ib.driver.ehca.internal.firmware.RegisterPage;
import ib.driver.ehca.internal.format.Hcall;
import ib.driver.ehca.internal.format.HcallResult;
import ib.driver.ehca.internal.format.HcallStatus;
import ib.driver.ehca.internal.format.Memory;
import ib.driver.ehca.internal.format.Register;
import ib.driver.ehca.internal.format.ResourceType;
import ib.driver.ehca.internal.format.Wqe;
import ib.transport.RdmaPort;
import ib.transport.conformance.Endpoint;
import ib.transport.conformance.HcaHost;
import ib.verbs.AsyncEventType;
import ib.verbs.QpAttributes;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.SendWr;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import ib.verbs.spi.HcaContext;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ObjLongConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is between the driver and its hardware: bytes, pages, registers, hypercalls. */
class EhcaHardwareTest {
  private static final Duration WAIT = Duration.ofSeconds(30);

  private final HostMemoryPool pool = new HostMemoryPool(64L << 20);
  private HcaHost host;
  private Endpoint a;
  private Endpoint b;

  /** Both ends on one host, in the narrowest window. */
  @BeforeEach
  void start() throws Exception {
    host =
        HcaHost.start(
            "127.22.2.3",
            pool,
            new DefaultDmaOps(pool),
            port ->
                new EhcaDevice(
                    "ehca0",
                    port,
                    EhcaDevice.LEAST_DMA_MASK,
                    new AdapterOptions(0, 0, 7),
                    "ib.driver.ehca"));
    a = new Endpoint(host, 8192, 64, null);
    b = new Endpoint(host, 8192, 64, null);
    Endpoint.connect(a, b);
  }

  @AfterEach
  void stop() {
    try {
      a.close();
      b.close();
      host.hca.close();
      assertThat(host.driverMappings()).isZero();
    } finally {
      host.close();
    }
    assertThat(pool.usedBytes()).isZero();
  }

  /**
   * Posts a SEND of 100 bytes with wr_id 1, and changes the bytes of its entry before the hardware
   * reads them.
   */
  private void postTampered(ObjLongConsumer<MemorySegment> tamper) {
    WorkQueue sends = ((EhcaQp) a.qp).parts().sends();
    host.agent()
        .call(
            () -> {
              long offset = sends.claim();
              a.qp.postSend(a.request(1, WrOpcode.SEND, 100));
              tamper.accept(sends.memory.segment(), offset);
              return true;
            },
            WAIT);
  }

  @Test
  void shouldKnowOfAnEntryOnlyItsBytes() {
    b.receive(20, 8192);
    postTampered(
        (entry, at) -> {
          Memory.put64(entry, at + Wqe.WORK_REQUEST_ID, 77);
          Memory.put32(entry, at + Wqe.HEADER_BYTES + Wqe.SEGMENT_LENGTH, 33);
        });
    WorkCompletion received = b.next();
    assertThat(received.status()).isEqualTo(WcStatus.SUCCESS);
    assertThat(received.byteLength()).isEqualTo(33);
    assertThat(a.next().wrId()).isEqualTo(77);
  }

  @Test
  void shouldRefuseAnUnknownOperation() {
    postTampered((entry, at) -> Memory.put8(entry, at + Wqe.OPERATION, 0x11));
    WorkCompletion wc = a.next();
    assertThat(wc.status()).isEqualTo(WcStatus.LOC_QP_OP_ERR);
    assertThat(wc.wrId()).isEqualTo(1);
    Endpoint.await("event", () -> host.context.events().contains(AsyncEventType.QP_FATAL));
    assertThat(a.qp.state()).isEqualTo(QpState.ERR);
  }

  @Test
  void shouldRefuseMoreSegmentsThanTheQueueHas() {
    postTampered((entry, at) -> Memory.put8(entry, at + Wqe.SEGMENTS, 255));
    assertThat(a.next().status()).isEqualTo(WcStatus.LOC_QP_OP_ERR);
  }

  @Test
  void shouldRefuseANegativeLength() {
    postTampered(
        (entry, at) -> Memory.put32(entry, at + Wqe.HEADER_BYTES + Wqe.SEGMENT_LENGTH, -1));
    assertThat(a.next().status()).isEqualTo(WcStatus.LOC_QP_OP_ERR);
  }

  @Test
  void shouldFailAQueuePairThatAnnouncesMoreThanItsQueueHolds() {
    ((EhcaQp) a.qp).parts().registers().store(Register.QP_SEND_ADDER, 1000);
    Endpoint.await("error", () -> a.qp.state() == QpState.ERR);
    assertThat(host.context.events()).contains(AsyncEventType.QP_FATAL);
    assertThat(b.qp.state()).isEqualTo(QpState.RTS);
  }

  /** Events are read when the interrupt comes, or a second later if it was lost. */
  @Test
  void shouldStayInResetWhenTheEventOfAnErrorBeforeComesLate() {
    host.agent()
        .call(
            () -> {
              a.qp.modify(new QpAttributes().state(QpState.RESET));
              ((EhcaQp) a.qp).failed();
              return true;
            },
            WAIT);
    assertThat(a.qp.state()).isEqualTo(QpState.RESET);
    assertThat(host.context.events()).contains(AsyncEventType.QP_FATAL);
  }

  @Test
  void shouldReachMemoryByDmaAddressesOnly() {
    assertThat(a.address & ~EhcaDevice.LEAST_DMA_MASK).isZero();
    SendWr wr = new SendWr().reset(5, WrOpcode.SEND);
    wr.sges().add(a.memory.segment().address(), 100, a.all.lkey());
    a.qp.postSend(wr);
    assertThat(a.next().status()).isEqualTo(WcStatus.LOC_PROT_ERR);
  }

  @Test
  void shouldHaveDifferentLocalAndRemoteKeys() {
    a.qp.postSend(a.request(1, WrOpcode.RDMA_WRITE, 10).remote(b.address, b.all.lkey()));
    assertThat(a.next().status()).isEqualTo(WcStatus.REM_ACCESS_ERR);
  }

  @Test
  void shouldFindEventsWhoseInterruptWasLost() throws Exception {
    Semaphore called = new Semaphore(0);
    Endpoint receiver = new Endpoint(host, 4096, 64, cq -> called.release());
    Endpoint sender = new Endpoint(host, 4096, 64, null);
    Endpoint.connect(sender, receiver);
    EhcaHca hca = (EhcaHca) host.hca;
    host.agent()
        .call(
            () -> {
              hca.hcalls.hypervisor().connect(() -> {});
              return true;
            },
            WAIT);
    receiver.receive(1, 100);
    receiver.cq.reqNotify();
    sender.qp.postSend(sender.request(1, WrOpcode.SEND, 10));
    assertThat(called.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
    sender.close();
    receiver.close();
  }

  @Test
  void shouldWaitAsLongAsHintedAndGiveUpAtLast() {
    AtomicInteger calls = new AtomicInteger();
    EhcaHca hca = (EhcaHca) host.hca;
    Hypervisor busy =
        new Hypervisor() {
          @Override
          public HcallResult hcall(Hcall call, long... arguments) {
            boolean enough = calls.incrementAndGet() % 100 == 5;
            return HcallResult.of(
                enough && arguments[0] == 1 ? HcallStatus.H_SUCCESS : HcallStatus.H_LONG_BUSY_1_MS);
          }

          @Override
          public RegisterPage map(long handle) {
            throw new IllegalArgumentException();
          }

          @Override
          public void connect(Runnable interrupt) {}

          @Override
          public void powerOff() {}
        };
    var block = host.context.dma().allocCoherent(4096);
    Hcalls hcalls = new Hcalls(hca.commands, busy, block);
    long begunNs = System.nanoTime();
    assertThat(
            org.assertj.core.api.Assertions.catchThrowable(
                () -> hcalls.run("patience", Hcall.H_FREE_RESOURCE, 1)))
        .isNull();
    assertThat(System.nanoTime() - begunNs).isGreaterThan(4_000_000);
    assertThatThrownBy(() -> hcalls.run("no use", Hcall.H_FREE_RESOURCE, 2))
        .isInstanceOf(RdmaException.class)
        .hasMessageContainingAll("no use", "ehca0", "busy");
    host.context.dma().freeCoherent(block);
  }

  @Test
  void shouldRefuseWrongHypercallsWithAReason() {
    EhcaHca hca = (EhcaHca) host.hca;
    assertRefused(hca, "no resource 0x99", Hcall.H_FREE_RESOURCE, 0x99);
    assertRefused(hca, "unknown resource type 9", Hcall.H_ALLOC_RESOURCE, 9);
    assertRefused(hca, "region of 513 pages", Hcall.H_ALLOC_RESOURCE, ResourceType.MR, 513, 0, 1);
    assertRefused(hca, "0 pages", Hcall.H_REGISTER_RPAGES, 1, 0, 0, 0);
    assertRefused(hca, "NOT_MAPPED", Hcall.H_QUERY_HCA, 0x77_7000);
    assertRefused(hca, "queue pairs use", Hcall.H_FREE_RESOURCE, ((EhcaCq) a.cq).handle());
    assertRefused(hca, "H_PARAMETER", Hcall.H_REGISTER_SMR, ((EhcaCq) a.cq).handle(), 0, 0);
    assertThat(host.hca.portUp()).isTrue();
  }

  private static void assertRefused(EhcaHca hca, String reason, Hcall call, long... arguments) {
    assertThatThrownBy(() -> hca.hcalls.run("test", call, arguments))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining(reason);
  }

  @Test
  void shouldTakeNoMorePagesThanAskedForAndOnlyAligned() throws RdmaException {
    EhcaHca hca = (EhcaHca) host.hca;
    long handle = hca.hcalls.run("region", Hcall.H_ALLOC_RESOURCE, ResourceType.MR, 2, 0, 1).r4();
    hca.hcalls.run("place", Hcall.H_REREGISTER_PMR, handle, 0x1000, 8192, 1, 0);
    assertThat(hca.hcalls.run("page", Hcall.H_REGISTER_RPAGES, handle, 0, 0x1000, 1).status())
        .isEqualTo(HcallStatus.H_PAGE_REGISTERED);
    assertRefused(hca, "H_PARAMETER", Hcall.H_REGISTER_RPAGES, handle, 0, 0x2001, 1);
    assertThat(hca.hcalls.run("page", Hcall.H_REGISTER_RPAGES, handle, 0, 0x2000, 1).status())
        .isEqualTo(HcallStatus.H_SUCCESS);
    assertRefused(hca, "H_PARAMETER", Hcall.H_REGISTER_RPAGES, handle, 0, 0x3000, 1);
    assertRefused(hca, "does not fit", Hcall.H_REREGISTER_PMR, handle, 0, 8192, 1, 1);
    hca.hcalls.run("free", Hcall.H_FREE_RESOURCE, handle);
  }

  @Test
  void shouldUnwindAQueuePairForWhichThereIsNoMemory() throws RdmaException {
    List<QueuePair> made = new ArrayList<>();
    QpInitAttributes big = new QpInitAttributes(QpType.RC, a.cq, a.cq, 512, 512, 32, 32);
    String message = "";
    long before = 0;
    while (message.isEmpty() && made.size() < 100) {
      before = host.driverMappings();
      try {
        made.add(a.pd.createQp(big));
      } catch (RdmaException e) {
        message = String.valueOf(e.getMessage());
      }
    }
    assertThat(message).contains("coherent memory", "dma.mask");
    assertThat(host.driverMappings()).isEqualTo(before);
    assertThat(made).isNotEmpty();
    made.forEach(QueuePair::close);
    QueuePair again = a.pd.createQp(big);
    again.close();
  }

  @Test
  void shouldLeaveNoAdapterPoweredOnThatHasNoMemoryToStart() {
    Set<Object> watchers = ConcurrentHashMap.newKeySet();
    RdmaPort port =
        (RdmaPort)
            Proxy.newProxyInstance(
                RdmaPort.class.getClassLoader(),
                new Class<?>[] {RdmaPort.class},
                (proxy, method, arguments) -> {
                  switch (method.getName()) {
                    case "watch" -> watchers.add(arguments[0]);
                    case "unwatch" -> watchers.remove(arguments[0]);
                    default -> {
                      return method.invoke(host.port, arguments);
                    }
                  }
                  return null;
                });
    // Not even its first page; then that, but no event queue.
    for (int kib : new int[] {0, 16}) {
      HostMemoryPool small = new HostMemoryPool(64 << 10);
      DefaultDmaOps ops = new DefaultDmaOps(small);
      EhcaDevice device =
          new EhcaDevice(
              "ehca1", port, EhcaDevice.DMA_MASK, new AdapterOptions(0, 0, 7), "ib.driver.ehca");
      ops.attach(device);
      try (DmaMemory taken = small.allocate((64 - kib) << 10)) {
        assertThatThrownBy(() -> device.open(new Context(new IbDma(device, ops), ops.bus(device))))
            .isInstanceOf(RdmaException.class)
            .hasMessageContaining("no ");
        assertThat(taken.isClosed()).isFalse();
      }
      assertThat(watchers).as("with %d KiB", kib).isEmpty();
      assertThat(ops.usage(device).total()).isZero();
      ops.detach(device);
    }
  }

  private record Context(IbDma dma, DmaBus bus) implements HcaContext {
    @Override
    public long generation() {
      return 1;
    }

    @Override
    public void asyncEvent(AsyncEventType type, String detail) {
      // Nothing happens before it runs.
    }
  }
}
