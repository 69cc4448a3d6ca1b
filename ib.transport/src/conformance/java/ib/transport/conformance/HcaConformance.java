// SPDX-License-Identifier: Apache-2.0
package ib.transport.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ib.dma.DmaAccess;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.ScatterList;
import ib.verbs.AccessFlags;
import ib.verbs.AsyncEventType;
import ib.verbs.AtomicCap;
import ib.verbs.FastRegMr;
import ib.verbs.MemoryRegion;
import ib.verbs.PostResult;
import ib.verbs.QpState;
import ib.verbs.RdmaException;
import ib.verbs.SendWr;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The verbs of one driver between two hosts on loopback. */
public abstract class HcaConformance extends ConnectedHosts {
  /** Whether a mapping's direction guards it. */
  protected abstract boolean checksDirection();

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1000, 4096, 4097, 100_000, BUFFER})
  void shouldSendAndReceive(int bytes) {
    a.fill(bytes, 1);
    assertThat(b.receive(20, BUFFER)).isEqualTo(PostResult.OK);
    SendWr wr = a.request(10, WrOpcode.SEND_WITH_IMM, bytes).immediate(0xCAFE);
    assertThat(a.qp.postSend(wr)).isEqualTo(PostResult.OK);
    WorkCompletion wc = b.next();
    assertThat(wc.status()).isEqualTo(WcStatus.SUCCESS);
    assertThat(wc.opcode()).isEqualTo(WcOpcode.RECV);
    assertThat(wc.wrId()).isEqualTo(20);
    assertThat(wc.byteLength()).isEqualTo(bytes);
    assertThat(wc.hasImmediate()).isTrue();
    assertThat(wc.immediate()).isEqualTo(0xCAFE);
    assertThat(b.mismatch(bytes, 1)).isEqualTo(-1);
    assertCompletes(a, 10, WcStatus.SUCCESS, WcOpcode.SEND);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5000, BUFFER})
  void shouldWriteAndRead(int bytes) {
    a.fill(bytes, 2);
    a.qp.postSend(a.request(1, WrOpcode.RDMA_WRITE, bytes).remote(b.address, b.all.rkey()));
    assertCompletes(a, 1, WcStatus.SUCCESS, WcOpcode.RDMA_WRITE);
    assertThat(b.mismatch(bytes, 2)).isEqualTo(-1);
    b.fill(bytes, 3);
    a.qp.postSend(a.request(2, WrOpcode.RDMA_READ, bytes).remote(b.address, b.all.rkey()));
    assertCompletes(a, 2, WcStatus.SUCCESS, WcOpcode.RDMA_READ);
    assertThat(a.mismatch(bytes, 3)).isEqualTo(-1);
  }

  /** Memory is the device's from the post to the completion, and only what the work names. */
  @Test
  void shouldTouchOnlyWhatWorkNamesAndOnlyInItsDirection() {
    int bytes = 5000;
    a.fill(bytes, 6);
    left.bus.begin();
    right.bus.begin();
    assertThat(b.receive(20, bytes + 100)).isEqualTo(PostResult.OK);
    assertThat(left.bus.seen()).as("before anything is posted").isEmpty();
    assertThat(right.bus.seen(DmaAccess.WRITE, b.address, BUFFER))
        .as("before it is sent")
        .isEmpty();
    assertThat(a.qp.postSend(a.request(10, WrOpcode.SEND, bytes))).isEqualTo(PostResult.OK);
    assertCompletes(b, 20, WcStatus.SUCCESS, WcOpcode.RECV);
    assertCompletes(a, 10, WcStatus.SUCCESS, WcOpcode.SEND);

    for (HcaHost host : new HcaHost[] {left, right}) {
      assertThat(host.bus.seen()).allMatch(one -> one.fault() == DmaFault.NONE);
    }
    assertThat(left.bus.seen(DmaAccess.READ, a.address, bytes)).isNotEmpty();
    assertThat(left.bus.seen(DmaAccess.READ, a.address + bytes, BUFFER - bytes)).isEmpty();
    assertThat(left.bus.seen(DmaAccess.WRITE, a.address, BUFFER)).isEmpty();
    assertThat(right.bus.seen(DmaAccess.WRITE, b.address, bytes)).isNotEmpty();
    assertThat(right.bus.seen(DmaAccess.WRITE, b.address + bytes, BUFFER - bytes)).isEmpty();
    assertThat(right.bus.seen(DmaAccess.READ, b.address, BUFFER)).isEmpty();
  }

  /** Doorbell, descriptor, data; and the data before the completion that tells of them. */
  @Test
  void shouldReadDescriptorsAfterTheDoorbellAndCompleteAfterTheData() {
    a.fill(5000, 7);
    assertThat(b.receive(20, 5000)).isEqualTo(PostResult.OK);
    left.bus.begin();
    right.bus.begin();
    assertThat(left.bus.seen()).as("before the doorbell").isEmpty();
    assertThat(a.qp.postSend(a.request(10, WrOpcode.SEND, 5000))).isEqualTo(PostResult.OK);
    assertCompletes(b, 20, WcStatus.SUCCESS, WcOpcode.RECV);
    assertCompletes(a, 10, WcStatus.SUCCESS, WcOpcode.SEND);

    List<BusWitness.Seen> sender = left.bus.seen();
    List<BusWitness.Seen> descriptors = left.bus.beside(DmaAccess.READ, a.address, BUFFER);
    List<BusWitness.Seen> payload = left.bus.seen(DmaAccess.READ, a.address, BUFFER);
    if (!descriptors.isEmpty()) { // a device whose queues are in memory
      assertThat(sender.indexOf(descriptors.getFirst()))
          .isLessThan(sender.indexOf(payload.getFirst()));
    }
    List<BusWitness.Seen> receiver = right.bus.seen();
    List<BusWitness.Seen> data = right.bus.seen(DmaAccess.WRITE, b.address, BUFFER);
    List<BusWitness.Seen> completions = right.bus.beside(DmaAccess.WRITE, b.address, BUFFER);
    if (!completions.isEmpty()) {
      assertThat(receiver.lastIndexOf(data.getLast()))
          .isLessThan(receiver.indexOf(completions.getFirst()));
    }
  }

  @Test
  void shouldGatherAndScatterOverSeveralElements() {
    a.fill(10_000, 4);
    for (int i = 0; i < 100; i++) {
      b.receive(200 + i, 10_000);
      SendWr wr = new SendWr().reset(100 + i, WrOpcode.SEND);
      wr.sges().add(a.address, 1, a.all.lkey());
      wr.sges().add(a.address + 1, 4999, a.all.lkey());
      wr.sges().add(a.address + 5000, 5000, a.all.lkey());
      assertThat(a.qp.postSend(wr)).isEqualTo(PostResult.OK);
      assertCompletes(b, 200 + i, WcStatus.SUCCESS, WcOpcode.RECV);
      assertThat(b.mismatch(10_000, 4)).isEqualTo(-1);
      assertCompletes(a, 100 + i, WcStatus.SUCCESS, WcOpcode.SEND);
    }
  }

  @Test
  void shouldStreamManyMessagesThroughFullQueues() {
    int total = 2000;
    int received = 0;
    int sent = 0;
    int acknowledged = 0;
    int posted = 0;
    WorkCompletion[] wc = WorkCompletion.array(16);
    a.fill(64, 5);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (received < total || acknowledged < total) {
      while (posted < total && b.receive(posted, 64) == PostResult.OK) {
        posted++;
      }
      // Unsignalled but for every fourth, whose completion frees the others too.
      while (sent < Math.min(posted, total)
          && a.qp.postSend(a.request(sent, WrOpcode.SEND, 64).signaled(sent % 4 == 3))
              == PostResult.OK) {
        sent++;
      }
      for (int n = b.cq.poll(wc), i = 0; i < n; i++) {
        assertThat(wc[i].status()).isEqualTo(WcStatus.SUCCESS);
        assertThat(wc[i].wrId()).isEqualTo(received++);
      }
      for (int n = a.cq.poll(wc), i = 0; i < n; i++) {
        assertThat(wc[i].status()).isEqualTo(WcStatus.SUCCESS);
        assertThat(wc[i].wrId()).isEqualTo(acknowledged + 3);
        acknowledged += 4;
      }
      assertThat(System.nanoTime()).as("received " + received).isLessThan(end);
    }
  }

  @Test
  void shouldRefuseAWrongLocalKey() {
    SendWr wr = new SendWr().reset(1, WrOpcode.SEND);
    wr.sges().add(a.address, 100, a.all.lkey() ^ 1);
    a.qp.postSend(wr);
    assertCompletes(a, 1, WcStatus.LOC_PROT_ERR, WcOpcode.SEND);
    Endpoint.await("error", () -> a.qp.state() == QpState.ERR);
    Endpoint.await("event", () -> left.context.events().contains(AsyncEventType.QP_FATAL));
  }

  @Test
  void shouldRefuseAWrongDmaAddressOfOurOwn() {
    SendWr wr = new SendWr().reset(1, WrOpcode.SEND);
    wr.sges().add(0x123_4567, 100, a.all.lkey());
    a.qp.postSend(wr);
    assertCompletes(a, 1, WcStatus.LOC_PROT_ERR, WcOpcode.SEND);
  }

  @Test
  void shouldRefuseAnAddressOfAnotherDevice() {
    a.qp.postSend(a.request(1, WrOpcode.SEND, 100));
    SendWr wr = new SendWr().reset(1, WrOpcode.SEND);
    wr.sges().add(~b.address, 100, a.all.lkey());
    b.receive(2, 100);
    a.qp.postSend(wr);
    assertCompletes(a, 1, WcStatus.SUCCESS, WcOpcode.SEND);
    assertCompletes(a, 1, WcStatus.LOC_PROT_ERR, WcOpcode.SEND);
  }

  @Test
  void shouldRefuseAWrongDirection() {
    assumeTrue(checksDirection(), "these ops keep no table of mappings");
    DmaMemory memory = left.memory(4096);
    long address = left.dma.mapSingle(memory, 0, 4096, DmaDirection.FROM_DEVICE);
    SendWr wr = new SendWr().reset(1, WrOpcode.SEND);
    wr.sges().add(address, 100, a.all.lkey());
    a.qp.postSend(wr);
    assertCompletes(a, 1, WcStatus.LOC_PROT_ERR, WcOpcode.SEND);
    left.dma.unmapSingle(address, 4096, DmaDirection.FROM_DEVICE);
    memory.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"FROM_DEVICE", "TO_DEVICE"})
  void shouldRefuseAnAtomicOnMemoryThatIsMappedOneWay(DmaDirection way) {
    assumeTrue(checksDirection(), "these ops keep no table of mappings");
    assumeTrue(left.hca.query().capabilities().atomicCap() != AtomicCap.NONE, "it has no atomics");
    DmaMemory memory = right.memory(4096);
    long address = right.dma.mapSingle(memory, 0, 4096, way);
    SendWr wr = a.request(1, WrOpcode.ATOMIC_FETCH_AND_ADD, 8).remote(address, b.all.rkey());
    a.qp.postSend(wr.fetchAdd(1));
    assertCompletes(a, 1, WcStatus.REM_ACCESS_ERR, null);
    right.dma.unmapSingle(address, 4096, way);
    memory.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"RDMA_WRITE", "RDMA_READ"})
  void shouldRefuseAWrongRemoteKey(String opcode) {
    a.qp.postSend(a.request(1, WrOpcode.valueOf(opcode), 100).remote(b.address, b.all.rkey() ^ 1));
    assertCompletes(a, 1, WcStatus.REM_ACCESS_ERR, null);
    Endpoint.await("error", () -> a.qp.state() == QpState.ERR);
  }

  @Test
  void shouldRefuseAWrongRemoteDmaAddress() {
    a.qp.postSend(a.request(1, WrOpcode.RDMA_WRITE, 100).remote(0x123_4567, b.all.rkey()));
    assertThat(a.next().status()).isIn(WcStatus.REM_ACCESS_ERR, WcStatus.REM_OP_ERR);
  }

  @Test
  void shouldRefuseWhatTheRegionDoesNotAllow() throws RdmaException {
    try (MemoryRegion readOnly = b.pd.getDmaMr(AccessFlags.REMOTE_READ)) {
      a.qp.postSend(a.request(1, WrOpcode.RDMA_READ, 100).remote(b.address, readOnly.rkey()));
      assertCompletes(a, 1, WcStatus.SUCCESS, WcOpcode.RDMA_READ);
      a.qp.postSend(a.request(2, WrOpcode.RDMA_WRITE, 100).remote(b.address, readOnly.rkey()));
      assertCompletes(a, 2, WcStatus.REM_ACCESS_ERR, null);
    }
  }

  @Test
  void shouldRefuseAKeyOfAnotherProtectionDomain() throws RdmaException {
    try (var other = left.hca.allocPd(left.context);
        var region = other.getDmaMr(AccessFlags.LOCAL_WRITE)) {
      SendWr wr = new SendWr().reset(1, WrOpcode.SEND);
      wr.sges().add(a.address, 100, region.lkey());
      a.qp.postSend(wr);
      assertCompletes(a, 1, WcStatus.LOC_PROT_ERR, WcOpcode.SEND);
    }
  }

  @Test
  void shouldKillTheKeyOfADeregisteredRegion() throws RdmaException {
    MemoryRegion region = b.pd.getDmaMr(AccessFlags.LOCAL_WRITE | AccessFlags.REMOTE_WRITE);
    int rkey = region.rkey();
    a.qp.postSend(a.request(1, WrOpcode.RDMA_WRITE, 100).remote(b.address, rkey));
    assertCompletes(a, 1, WcStatus.SUCCESS, WcOpcode.RDMA_WRITE);
    region.close();
    a.qp.postSend(a.request(2, WrOpcode.RDMA_WRITE, 100).remote(b.address, rkey));
    assertCompletes(a, 2, WcStatus.REM_ACCESS_ERR, null);
  }

  @Test
  void shouldReachMappedListsThroughFastRegistration() throws RdmaException {
    int pages = 20;
    int first = 1000;
    int bytes = pages * 4096 - first - 100;
    ScatterList list = new ScatterList(pages);
    list.add(b.memory, first, 4096 - first);
    for (int i = 1; i < pages; i++) {
      list.add(b.memory, i * 4096L, i == pages - 1 ? 3996 : 4096);
    }
    int mapped = right.dma.mapSg(list, pages, DmaDirection.BIDIRECTIONAL);
    assertThat(mapped).isPositive();
    long iova = 0x5_0000_0123L;
    try (FastRegMr mr = b.pd.allocMr(pages)) {
      mr.register(list, mapped, iova, AccessFlags.LOCAL_WRITE | AccessFlags.REMOTE_WRITE);
      final int rkey = mr.rkey();
      b.memory.segment().fill((byte) 0);
      a.fill(bytes, 6);
      a.qp.postSend(a.request(1, WrOpcode.RDMA_WRITE, bytes).remote(iova, rkey));
      assertCompletes(a, 1, WcStatus.SUCCESS, WcOpcode.RDMA_WRITE);
      assertThat(
              a.memory
                  .segment()
                  .asSlice(0, bytes)
                  .mismatch(b.memory.segment().asSlice(first, bytes)))
          .isEqualTo(-1);
      assertThat(
              b.memory.segment().asSlice(0, first).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE))
          .containsOnly(0);
      mr.invalidate();
      assertThat(mr.rkey()).as("a dead key is not the key").isNotZero();
      a.qp.postSend(a.request(2, WrOpcode.RDMA_WRITE, 1).remote(iova, rkey));
      assertCompletes(a, 2, WcStatus.REM_ACCESS_ERR, null);
    }
    right.dma.unmapSg(list, pages, DmaDirection.BIDIRECTIONAL);
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 5000})
  void shouldRefuseWhatLiesOutsideARegion(long offset) throws RdmaException {
    ScatterList list = new ScatterList(1).add(b.memory, 0, 8192);
    int mapped = right.dma.mapSg(list, 1, DmaDirection.BIDIRECTIONAL);
    try (FastRegMr mr = b.pd.allocMr(2)) {
      mr.register(list, mapped, 0x10000, AccessFlags.REMOTE_READ);
      a.qp.postSend(a.request(1, WrOpcode.RDMA_READ, 3192).remote(0x10000 + 5000, mr.rkey()));
      assertCompletes(a, 1, WcStatus.SUCCESS, WcOpcode.RDMA_READ);
      a.qp.postSend(a.request(2, WrOpcode.RDMA_READ, 3193).remote(0x10000 + offset, mr.rkey()));
      assertCompletes(a, 2, WcStatus.REM_ACCESS_ERR, null);
    }
    right.dma.unmapSg(list, 1, DmaDirection.BIDIRECTIONAL);
  }

  @Test
  void shouldGiveANewKeyAtEachRegistrationAndRefuseListsThatBreakThePageRule()
      throws RdmaException {
    ScatterList list = new ScatterList(2).add(b.memory, 0, 100).add(b.memory, 8192, 100);
    int mapped = right.dma.mapSg(list, 2, DmaDirection.BIDIRECTIONAL);
    try (FastRegMr mr = b.pd.allocMr(1)) {
      assertThatThrownBy(() -> mr.register(list, mapped, 0, AccessFlags.REMOTE_READ))
          .isInstanceOf(RdmaException.class)
          .hasMessageContaining("entry 0");
      right.dma.unmapSg(list, 2, DmaDirection.BIDIRECTIONAL);
      list.clear();
      list.add(b.memory, 0, 4097);
      int again = right.dma.mapSg(list, 1, DmaDirection.BIDIRECTIONAL);
      assertThatThrownBy(() -> mr.register(list, again, 0, AccessFlags.REMOTE_READ))
          .isInstanceOf(RdmaException.class)
          .hasMessageContaining("2 pages");
      right.dma.unmapSg(list, 1, DmaDirection.BIDIRECTIONAL);
      list.clear();
      list.add(b.memory, 0, 4096);
      int fits = right.dma.mapSg(list, 1, DmaDirection.BIDIRECTIONAL);
      mr.register(list, fits, 0, AccessFlags.REMOTE_READ);
      int rkey = mr.rkey();
      mr.register(list, fits, 0, AccessFlags.REMOTE_READ);
      assertThat(mr.rkey()).isNotEqualTo(rkey);
      right.dma.unmapSg(list, 1, DmaDirection.BIDIRECTIONAL);
    }
  }
}
