// SPDX-License-Identifier: Apache-2.0
package ib.transport.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ib.verbs.DeviceCapFlags;
import ib.verbs.FlushLevel;
import ib.verbs.FlushPlacement;
import ib.verbs.MemoryRegion;
import ib.verbs.NotSupportedException;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.SendWr;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Atomics, FLUSH, inline data and fences of one driver between two hosts on loopback. What a device
 * has not, its query says, and the call is refused.
 */
public abstract class OperationsConformance extends OperationsHosts {
  // Atomics.

  @Test
  void shouldFetchAndAddAndCompareAndSwap() {
    assumeTrue(hasAtomics(), "the device has no atomics");
    b.memory.segment().set(ValueLayout.JAVA_LONG, 64, 1000);
    post(
        a,
        a.request(1, WrOpcode.ATOMIC_FETCH_AND_ADD, 8)
            .remote(b.address + 64, b.all.rkey())
            .fetchAdd(-1));
    WorkCompletion wc = a.next();
    assertThat(wc.status()).isEqualTo(WcStatus.SUCCESS);
    assertThat(wc.opcode()).isEqualTo(WcOpcode.FETCH_ADD);
    assertThat(wc.byteLength()).isEqualTo(8);
    assertThat(longAt(a, 0)).isEqualTo(1000);
    assertThat(longAt(b, 64)).isEqualTo(999);
    for (long compare : new long[] {998, 999}) {
      post(
          a,
          a.request(2, WrOpcode.ATOMIC_CMP_AND_SWP, 8)
              .remote(b.address + 64, b.all.rkey())
              .compareSwap(compare, 5));
      assertCompletes(a, 2, WcStatus.SUCCESS, WcOpcode.COMP_SWAP);
      assertThat(longAt(a, 0)).isEqualTo(999);
      assertThat(longAt(b, 64)).isEqualTo(compare == 999 ? 5 : 999);
    }
  }

  @Test
  void shouldBeAtomicBetweenAllQueuePairsOfADevice() throws RdmaException {
    assumeTrue(hasAtomics(), "the device has no atomics");
    Endpoint second = new Endpoint(left, PAGE, Endpoint.CQ_ENTRIES, null);
    Endpoint peer = new Endpoint(right, PAGE, Endpoint.CQ_ENTRIES, null);
    Endpoint.connect(second, peer);
    b.memory.segment().set(ValueLayout.JAVA_LONG, 0, 0);
    int rounds = 200;
    try (MemoryRegion sameMemory = peer.pd.getDmaMr(Endpoint.RIGHTS)) {
      for (int i = 0; i < rounds; i++) {
        post(
            a,
            a.request(i, WrOpcode.ATOMIC_FETCH_AND_ADD, 8)
                .remote(b.address, b.all.rkey())
                .fetchAdd(1));
        post(
            second,
            second
                .request(i, WrOpcode.ATOMIC_FETCH_AND_ADD, 8)
                .remote(b.address, sameMemory.rkey())
                .fetchAdd(1_000_000));
        assertCompletes(a, i, WcStatus.SUCCESS, WcOpcode.FETCH_ADD);
        assertCompletes(second, i, WcStatus.SUCCESS, WcOpcode.FETCH_ADD);
      }
    }
    assertThat(longAt(b, 0)).isEqualTo(rounds * 1_000_001L);
    second.close();
    peer.close();
  }

  @Test
  void shouldWriteEightBytesAtOnce() {
    assumeTrue(
        (capabilities().deviceCapFlags() & DeviceCapFlags.ATOMIC_WRITE) != 0,
        "the device has no ATOMIC WRITE");
    a.fill(8, 3);
    post(a, a.request(1, WrOpcode.ATOMIC_WRITE, 8).remote(b.address + 16, b.all.rkey()));
    assertCompletes(a, 1, WcStatus.SUCCESS, WcOpcode.ATOMIC_WRITE);
    assertThat(longAt(b, 16)).isEqualTo(longAt(a, 0));
  }

  @ParameterizedTest
  @EnumSource(names = {"ATOMIC_CMP_AND_SWP", "ATOMIC_FETCH_AND_ADD", "ATOMIC_WRITE"})
  void shouldRefuseAtomicsThatTheDeviceHasNotOrThatMakeNoSense(WrOpcode opcode) {
    SendWr wr = a.request(1, opcode, 8).remote(b.address, b.all.rkey());
    if (!hasAtomics()) {
      assertThatThrownBy(() -> a.qp.postSend(wr))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("takes no " + opcode)
          .hasMessageContaining("query");
      return;
    }
    assertThatThrownBy(() -> a.qp.postSend(wr.remote(b.address + 4, b.all.rkey())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("multiple of 8");
    assertThatThrownBy(() -> a.qp.postSend(a.request(1, opcode, 7).remote(b.address, b.all.rkey())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("7 bytes");
  }

  // FLUSH.

  @ParameterizedTest
  @CsvSource({"RANGE, 100", "RANGE, 0", "MR, 0"})
  void shouldFlushToGlobalVisibility(FlushLevel level, int bytes) {
    a.fill(100, 4);
    post(a, a.request(1, WrOpcode.RDMA_WRITE, 100).remote(b.address, b.all.rkey()));
    post(
        a,
        begin(2, WrOpcode.FLUSH)
            .remote(b.address, b.all.rkey())
            .flush(bytes, FlushPlacement.GLOBAL, level));
    assertCompletes(a, 1, WcStatus.SUCCESS, WcOpcode.RDMA_WRITE);
    assertCompletes(a, 2, WcStatus.SUCCESS, WcOpcode.FLUSH);
    assertThat(b.mismatch(100, 4)).isEqualTo(-1);
  }

  @Test
  void shouldRefuseAFlushThatNobodyAdmits() {
    assertThatThrownBy(() -> a.qp.postSend(begin(1, WrOpcode.FLUSH).flush(1, 0, FlushLevel.RANGE)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("placement");
    post(
        a,
        begin(1, WrOpcode.FLUSH)
            .remote(b.address, b.all.rkey())
            .flush(10, FlushPlacement.PERSISTENT, FlushLevel.RANGE));
    assertCompletes(a, 1, WcStatus.REM_INV_REQ_ERR, null);
  }

  // Inline data and fences.

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 12, 13, 299, 300})
  void shouldSendInlineDataThatMayBeChangedAtOnce(int bytes) {
    assumeTrue(a.inlineBytes > 0, "the device takes no inline data");
    byte[] data = new byte[bytes];
    for (int i = 0; i < bytes; i++) {
      data[i] = (byte) (i * 31 + (i >>> 8) + 7);
    }
    b.receive(20, BUFFER);
    MemorySegment heap = MemorySegment.ofArray(data);
    post(a, begin(1, WrOpcode.SEND).inline(heap, 0, bytes));
    post(a, begin(2, WrOpcode.RDMA_WRITE).inline(heap, 0, bytes).remote(b.address, b.all.rkey()));
    heap.fill((byte) 0);
    WorkCompletion wc = b.next();
    assertThat(wc.status()).isEqualTo(WcStatus.SUCCESS);
    assertThat(wc.byteLength()).isEqualTo(bytes);
    assertCompletes(a, 1, WcStatus.SUCCESS, WcOpcode.SEND);
    assertCompletes(a, 2, WcStatus.SUCCESS, WcOpcode.RDMA_WRITE);
    assertThat(b.mismatch(bytes, 7)).isEqualTo(-1);
  }

  @Test
  void shouldRefuseMoreInlineDataThanItTakes() {
    int max = capabilities().maxInlineData();
    var init = new QpInitAttributes(QpType.RC, a.cq, a.cq, 4, 4, 1, 1);
    assertThatThrownBy(() -> a.pd.createQp(init.withMaxInlineData(max + 1)))
        .isInstanceOf(max == 0 ? NotSupportedException.class : RdmaException.class)
        .hasMessageContaining("inline");
    MemorySegment data = MemorySegment.ofArray(new byte[a.inlineBytes + 1]);
    SendWr wr = begin(1, WrOpcode.SEND).inline(data, 0, a.inlineBytes + 1);
    assertThatThrownBy(() -> a.qp.postSend(wr))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("inline");
  }

  @Test
  void shouldWriteWhatItReadBehindAFence() {
    b.fill(5000, 8);
    post(a, a.request(1, WrOpcode.RDMA_READ, 5000).remote(b.address, b.all.rkey()));
    post(
        a,
        a.request(2, WrOpcode.RDMA_WRITE, 5000)
            .remote(b.address + 100_000, b.all.rkey())
            .fence(true));
    assertCompletes(a, 1, WcStatus.SUCCESS, WcOpcode.RDMA_READ);
    assertCompletes(a, 2, WcStatus.SUCCESS, WcOpcode.RDMA_WRITE);
    assertThat(
            MemorySegment.mismatch(
                b.memory.segment(), 0, 5000, b.memory.segment(), 100_000, 105_000))
        .isEqualTo(-1);
  }
}
