// SPDX-License-Identifier: Apache-2.0
package ib.transport.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ib.dma.DmaDirection;
import ib.dma.ScatterList;
import ib.verbs.AccessFlags;
import ib.verbs.AtomicCap;
import ib.verbs.DeviceCapFlags;
import ib.verbs.DeviceCapabilities;
import ib.verbs.FastRegMr;
import ib.verbs.FlushLevel;
import ib.verbs.FlushPlacement;
import ib.verbs.MemoryRegion;
import ib.verbs.MemoryWindow;
import ib.verbs.MwType;
import ib.verbs.NotSupportedException;
import ib.verbs.PostResult;
import ib.verbs.QpAttributes;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.SendWr;
import ib.verbs.WcFlags;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Atomics, FLUSH, inline data, and everything that requests do to keys, of one driver between two
 * hosts on loopback. What a device has not, its query says, and the call is refused.
 */
public abstract class OperationsConformance extends ConnectedHosts {
  private static final long IOVA = 0x7_0000_0100L;
  private static final int PAGE = 4096;

  private ScatterList list;
  private int mapped;
  private FastRegMr mr;

  @BeforeEach
  void allocate() throws RdmaException {
    list = new ScatterList(2).add(b.memory, 0, 2 * PAGE);
    mapped = right.dma.mapSg(list, 1, DmaDirection.BIDIRECTIONAL);
    mr = b.pd.allocMr(4);
  }

  @AfterEach
  void free() {
    mr.close();
    right.dma.unmapSg(list, 1, DmaDirection.BIDIRECTIONAL);
  }

  private DeviceCapabilities capabilities() {
    return left.hca.query().capabilities();
  }

  private boolean hasAtomics() {
    return capabilities().atomicCap() != AtomicCap.NONE;
  }

  private static void post(Endpoint at, SendWr wr) {
    assertThat(at.qp.postSend(wr)).isEqualTo(PostResult.OK);
  }

  private static SendWr begin(long id, WrOpcode opcode) {
    return new SendWr().reset(id, opcode);
  }

  private static long longAt(Endpoint at, long offset) {
    return at.memory.segment().get(ValueLayout.JAVA_LONG, offset);
  }

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
    assertThatThrownBy(
            () -> a.qp.postSend(a.request(1, opcode, 7).remote(b.address, b.all.rkey())))
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

  // Invalidation and registration.

  @ParameterizedTest
  @ValueSource(ints = {0, 100, 10_000})
  void shouldMakeAKeyOfTheReceiverInvalidWithASend(int bytes) throws RdmaException {
    mr.register(list, mapped, IOVA, AccessFlags.LOCAL_WRITE | AccessFlags.REMOTE_WRITE);
    int rkey = mr.rkey();
    post(a, a.request(1, WrOpcode.RDMA_WRITE, 100).remote(IOVA, rkey));
    assertCompletes(a, 1, WcStatus.SUCCESS, WcOpcode.RDMA_WRITE);
    b.receive(20, BUFFER);
    post(a, a.request(2, WrOpcode.SEND_WITH_INV, bytes).invalidate(rkey));
    WorkCompletion wc = b.next();
    assertThat(wc.status()).isEqualTo(WcStatus.SUCCESS);
    assertThat(wc.flags()).isEqualTo(WcFlags.WITH_INV);
    assertThat(wc.invalidatedRkey()).isEqualTo(rkey);
    assertThat(wc.hasImmediate()).isFalse();
    assertThat(wc.byteLength()).isEqualTo(bytes);
    assertCompletes(a, 2, WcStatus.SUCCESS, WcOpcode.SEND);
    post(a, a.request(3, WrOpcode.RDMA_WRITE, 100).remote(IOVA, rkey));
    assertCompletes(a, 3, WcStatus.REM_ACCESS_ERR, null);
  }

  @Test
  void shouldNotLetThePeerMakeAllMemoryInvalid() {
    b.receive(20, 100);
    post(a, a.request(1, WrOpcode.SEND_WITH_INV, 10).invalidate(b.all.rkey()));
    assertCompletes(a, 1, WcStatus.REM_ACCESS_ERR, null);
    assertCompletes(b, 20, WcStatus.REM_INV_REQ_ERR, null);
  }

  @Test
  void shouldRegisterAndInvalidateByWorkRequests() throws RdmaException {
    Set<Integer> keys = new HashSet<>();
    for (int i = 0; i < 5; i++) {
      mr.map(list, mapped, IOVA + i);
      int rkey = mr.rkey();
      assertThat(keys.add(rkey)).as("a new key each time").isTrue();
      post(b, begin(10, WrOpcode.REG_MR).registerMr(mr, AccessFlags.REMOTE_READ));
      assertCompletes(b, 10, WcStatus.SUCCESS, WcOpcode.REG_MR);
      b.fill(2 * PAGE, i);
      post(a, a.request(1, WrOpcode.RDMA_READ, 2 * PAGE).remote(IOVA + i, rkey));
      assertCompletes(a, 1, WcStatus.SUCCESS, WcOpcode.RDMA_READ);
      assertThat(a.mismatch(2 * PAGE, i)).isEqualTo(-1);
      post(b, begin(11, WrOpcode.LOCAL_INV).invalidate(rkey));
      assertCompletes(b, 11, WcStatus.SUCCESS, WcOpcode.LOCAL_INV);
    }
    post(a, a.request(2, WrOpcode.RDMA_READ, 1).remote(IOVA + 4, mr.rkey()));
    assertCompletes(a, 2, WcStatus.REM_ACCESS_ERR, null);
  }

  @Test
  void shouldUseAndInvalidateALocalKeyInTheOrderOfTheQueue() throws RdmaException {
    mr.map(list, mapped, IOVA);
    b.fill(2 * PAGE, 9);
    a.receive(30, 2 * PAGE);
    SendWr send = begin(2, WrOpcode.SEND);
    send.sges().add(IOVA, 2 * PAGE, mr.lkey());
    post(b, begin(1, WrOpcode.REG_MR).registerMr(mr, 0));
    post(b, send);
    post(b, begin(3, WrOpcode.LOCAL_INV).invalidate(mr.rkey()));
    assertCompletes(b, 1, WcStatus.SUCCESS, WcOpcode.REG_MR);
    assertCompletes(b, 2, WcStatus.SUCCESS, WcOpcode.SEND);
    assertCompletes(b, 3, WcStatus.SUCCESS, WcOpcode.LOCAL_INV);
    assertCompletes(a, 30, WcStatus.SUCCESS, WcOpcode.RECV);
    assertThat(a.mismatch(2 * PAGE, 9)).isEqualTo(-1);
    post(b, send);
    assertCompletes(b, 2, WcStatus.LOC_PROT_ERR, null);
  }

  @Test
  void shouldRefuseToMapWhatIsRegistered() throws RdmaException {
    mr.register(list, mapped, IOVA, AccessFlags.REMOTE_READ);
    assertThatThrownBy(() -> mr.map(list, mapped, IOVA))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("registered");
    mr.invalidate();
    mr.map(list, mapped, IOVA);
  }

  private enum BadKeyRequest {
    REGISTER_TWICE,
    REGISTER_WHAT_IS_NOT_MAPPED,
    INVALIDATE_A_DEAD_KEY,
    INVALIDATE_ALL_MEMORY,
    INVALIDATE_OF_ANOTHER_DOMAIN
  }

  @ParameterizedTest
  @EnumSource
  void shouldFailRequestsThatDoNotFitTheStateOfAKey(BadKeyRequest bad) throws RdmaException {
    SendWr register = begin(1, WrOpcode.REG_MR).registerMr(mr, AccessFlags.REMOTE_READ);
    Endpoint at = bad == BadKeyRequest.INVALIDATE_OF_ANOTHER_DOMAIN ? stranger() : b;
    switch (bad) {
      case REGISTER_TWICE -> {
        mr.map(list, mapped, IOVA);
        post(b, register);
        assertCompletes(b, 1, WcStatus.SUCCESS, WcOpcode.REG_MR);
        post(b, register);
      }
      case REGISTER_WHAT_IS_NOT_MAPPED -> post(b, register);
      case INVALIDATE_A_DEAD_KEY -> {
        mr.register(list, mapped, IOVA, 0);
        int dead = mr.rkey();
        mr.register(list, mapped, IOVA, 0);
        post(b, begin(1, WrOpcode.LOCAL_INV).invalidate(dead));
      }
      case INVALIDATE_ALL_MEMORY -> post(b, begin(1, WrOpcode.LOCAL_INV).invalidate(b.all.rkey()));
      case INVALIDATE_OF_ANOTHER_DOMAIN -> {
        mr.register(list, mapped, IOVA, 0);
        post(at, begin(1, WrOpcode.LOCAL_INV).invalidate(mr.rkey()));
      }
    }
    assertCompletes(at, 1, WcStatus.LOC_QP_OP_ERR, null);
    closeStranger(at);
  }

  private Endpoint stranger() throws RdmaException {
    Endpoint stranger = new Endpoint(right, PAGE, Endpoint.CQ_ENTRIES, null);
    Endpoint peer = new Endpoint(left, PAGE, Endpoint.CQ_ENTRIES, null);
    Endpoint.connect(stranger, peer);
    peer.close();
    return stranger;
  }

  private void closeStranger(Endpoint at) {
    if (at != b) {
      at.close();
    }
  }

  @Test
  void shouldRefuseRegionsAndWindowsOfAnotherDevice() throws RdmaException {
    SendWr register = begin(1, WrOpcode.REG_MR).registerMr(mr, 0);
    assertThatThrownBy(() -> a.qp.postSend(register))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("another device");
    try (MemoryWindow window = b.pd.allocMw(MwType.TYPE_2)) {
      SendWr bind = begin(1, WrOpcode.BIND_MW).bindMw(window, b.all, b.address, 10, 0);
      assertThatThrownBy(() -> a.qp.postSend(bind))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("another device");
    }
    assertThatThrownBy(() -> a.qp.postSend(begin(1, WrOpcode.REG_MR)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("registerMr");
  }

  // Windows.

  private PostResult bind(MemoryWindow window, MemoryRegion region, long at, int bytes, int rights) {
    SendWr wr = begin(50, WrOpcode.BIND_MW).bindMw(window, region, at, bytes, rights);
    return window.type() == MwType.TYPE_1 ? window.bind(b.qp, wr) : b.qp.postSend(wr);
  }

  @ParameterizedTest
  @EnumSource
  void shouldOpenAPartOfARegionByAWindow(MwType type) throws RdmaException {
    try (MemoryWindow window = b.pd.allocMw(type)) {
      int unbound = window.rkey();
      int rights = AccessFlags.REMOTE_WRITE | AccessFlags.REMOTE_READ;
      assertThat(bind(window, b.all, b.address + 100, 50, rights)).isEqualTo(PostResult.OK);
      assertThat(window.rkey()).isNotEqualTo(unbound);
      assertCompletes(b, 50, WcStatus.SUCCESS, WcOpcode.BIND_MW);
      a.fill(50, 6);
      post(a, a.request(1, WrOpcode.RDMA_WRITE, 50).remote(b.address + 100, window.rkey()));
      assertCompletes(a, 1, WcStatus.SUCCESS, WcOpcode.RDMA_WRITE);
      assertThat(
              MemorySegment.mismatch(
                  a.memory.segment(), 0, 50, b.memory.segment(), 100, 150))
          .isEqualTo(-1);
      post(a, a.request(2, WrOpcode.RDMA_READ, 51).remote(b.address + 100, window.rkey()));
      assertCompletes(a, 2, WcStatus.REM_ACCESS_ERR, null);
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldAdmitOnlyTheRightsOfTheWindow(MwType type) throws RdmaException {
    try (MemoryWindow window = b.pd.allocMw(type)) {
      bind(window, b.all, b.address, 100, AccessFlags.REMOTE_READ);
      assertCompletes(b, 50, WcStatus.SUCCESS, WcOpcode.BIND_MW);
      post(a, a.request(1, WrOpcode.RDMA_READ, 100).remote(b.address, window.rkey()));
      assertCompletes(a, 1, WcStatus.SUCCESS, WcOpcode.RDMA_READ);
      post(a, a.request(2, WrOpcode.RDMA_WRITE, 100).remote(b.address, window.rkey()));
      assertCompletes(a, 2, WcStatus.REM_ACCESS_ERR, null);
    }
  }

  @Test
  void shouldRebindAWindowOfTypeOneAndKillItsOldKey() throws RdmaException {
    try (MemoryWindow window = b.pd.allocMw(MwType.TYPE_1)) {
      bind(window, b.all, b.address, 100, AccessFlags.REMOTE_READ);
      int old = window.rkey();
      bind(window, b.all, b.address + 100, 100, AccessFlags.REMOTE_READ);
      assertCompletes(b, 50, WcStatus.SUCCESS, WcOpcode.BIND_MW);
      assertCompletes(b, 50, WcStatus.SUCCESS, WcOpcode.BIND_MW);
      post(a, a.request(1, WrOpcode.RDMA_READ, 100).remote(b.address + 100, window.rkey()));
      assertCompletes(a, 1, WcStatus.SUCCESS, WcOpcode.RDMA_READ);
      post(a, a.request(2, WrOpcode.RDMA_READ, 10).remote(b.address, old));
      assertCompletes(a, 2, WcStatus.REM_ACCESS_ERR, null);
    }
  }

  @Test
  void shouldUnbindAWindowOfTypeOneWithLengthZero() throws RdmaException {
    try (MemoryWindow window = b.pd.allocMw(MwType.TYPE_1)) {
      bind(window, b.all, b.address, 100, AccessFlags.REMOTE_READ);
      bind(window, b.all, b.address, 0, 0);
      assertCompletes(b, 50, WcStatus.SUCCESS, WcOpcode.BIND_MW);
      assertCompletes(b, 50, WcStatus.SUCCESS, WcOpcode.BIND_MW);
      post(a, a.request(1, WrOpcode.RDMA_READ, 1).remote(b.address, window.rkey()));
      assertCompletes(a, 1, WcStatus.REM_ACCESS_ERR, null);
    }
  }

  @Test
  void shouldBindAWindowOfTypeTwoToOneQueuePair() throws RdmaException {
    var init = new QpInitAttributes(QpType.RC, b.cq, b.cq, 4, 4, 1, 1);
    try (MemoryWindow window = b.pd.allocMw(MwType.TYPE_2);
        var other = b.pd.createQp(init)) {
      Endpoint second = new Endpoint(left, PAGE, Endpoint.CQ_ENTRIES, null);
      Endpoint.connectTo(second, other, right.port.address());
      bind(window, b.all, b.address, 100, AccessFlags.REMOTE_READ);
      assertCompletes(b, 50, WcStatus.SUCCESS, WcOpcode.BIND_MW);
      post(a, a.request(1, WrOpcode.RDMA_READ, 10).remote(b.address, window.rkey()));
      assertCompletes(a, 1, WcStatus.SUCCESS, WcOpcode.RDMA_READ);
      post(second, second.request(2, WrOpcode.RDMA_READ, 10).remote(b.address, window.rkey()));
      assertCompletes(second, 2, WcStatus.REM_ACCESS_ERR, null);
      second.close();
    }
  }

  @Test
  void shouldEndAWindowOfTypeTwoWithTheLifeOfItsQueuePair() throws RdmaException {
    try (MemoryWindow window = b.pd.allocMw(MwType.TYPE_2)) {
      bind(window, b.all, b.address, 100, AccessFlags.REMOTE_READ);
      assertCompletes(b, 50, WcStatus.SUCCESS, WcOpcode.BIND_MW);
      for (Endpoint end : new Endpoint[] {a, b}) {
        end.qp.modify(new QpAttributes().state(QpState.RESET));
      }
      Endpoint.connect(a, b);
      post(a, a.request(1, WrOpcode.RDMA_READ, 10).remote(b.address, window.rkey()));
      assertCompletes(a, 1, WcStatus.REM_ACCESS_ERR, null);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shouldInvalidateAWindowOfTypeTwoAndBindItAgain(boolean byPeer) throws RdmaException {
    try (MemoryWindow window = b.pd.allocMw(MwType.TYPE_2)) {
      for (int i = 0; i < 3; i++) {
        bind(window, b.all, b.address, 100, AccessFlags.REMOTE_READ);
        assertCompletes(b, 50, WcStatus.SUCCESS, WcOpcode.BIND_MW);
        post(a, a.request(1, WrOpcode.RDMA_READ, 10).remote(b.address, window.rkey()));
        assertCompletes(a, 1, WcStatus.SUCCESS, WcOpcode.RDMA_READ);
        if (byPeer) {
          b.receive(20, 10);
          post(a, a.request(2, WrOpcode.SEND_WITH_INV, 10).invalidate(window.rkey()));
          assertCompletes(b, 20, WcStatus.SUCCESS, WcOpcode.RECV);
          assertCompletes(a, 2, WcStatus.SUCCESS, WcOpcode.SEND);
        } else {
          post(b, begin(3, WrOpcode.LOCAL_INV).invalidate(window.rkey()));
          assertCompletes(b, 3, WcStatus.SUCCESS, WcOpcode.LOCAL_INV);
        }
      }
      post(a, a.request(4, WrOpcode.RDMA_READ, 10).remote(b.address, window.rkey()));
      assertCompletes(a, 4, WcStatus.REM_ACCESS_ERR, null);
    }
  }

  private enum BadBind {
    REGION_OF_ANOTHER_DOMAIN,
    REGION_WITHOUT_MW_BIND,
    REGION_WITHOUT_LOCAL_WRITE,
    BELOW_THE_REGION,
    BEYOND_THE_REGION,
    BOUND_ALREADY,
    LENGTH_ZERO
  }

  @ParameterizedTest
  @EnumSource
  void shouldRefuseABindThatBreaksARule(BadBind bad) throws RdmaException {
    int all = AccessFlags.LOCAL_WRITE | AccessFlags.MW_BIND;
    mr.register(list, mapped, IOVA, all);
    try (MemoryWindow window = b.pd.allocMw(MwType.TYPE_2);
        var otherPd = right.hca.allocPd(right.context);
        MemoryRegion other = otherPd.getDmaMr(all);
        MemoryRegion noBind = b.pd.getDmaMr(AccessFlags.LOCAL_WRITE);
        MemoryRegion readOnly = b.pd.getDmaMr(AccessFlags.MW_BIND)) {
      int write = AccessFlags.REMOTE_WRITE;
      switch (bad) {
        case REGION_OF_ANOTHER_DOMAIN -> bind(window, other, b.address, 10, write);
        case REGION_WITHOUT_MW_BIND -> bind(window, noBind, b.address, 10, write);
        case REGION_WITHOUT_LOCAL_WRITE -> bind(window, readOnly, b.address, 10, write);
        case BELOW_THE_REGION -> bind(window, mr, IOVA - 1, 10, write);
        case BEYOND_THE_REGION -> bind(window, mr, IOVA + 1, 2 * PAGE, write);
        case BOUND_ALREADY -> {
          bind(window, mr, IOVA, 10, write);
          assertCompletes(b, 50, WcStatus.SUCCESS, WcOpcode.BIND_MW);
          bind(window, mr, IOVA, 10, write);
        }
        case LENGTH_ZERO -> bind(window, mr, IOVA, 0, write);
      }
      assertCompletes(b, 50, WcStatus.MW_BIND_ERR, null);
    }
  }

  @Test
  void shouldKeepARegionWhileWindowsAreBoundToIt() throws RdmaException {
    mr.register(list, mapped, IOVA, AccessFlags.LOCAL_WRITE | AccessFlags.MW_BIND);
    MemoryWindow window = b.pd.allocMw(MwType.TYPE_2);
    bind(window, mr, IOVA, 100, AccessFlags.REMOTE_WRITE);
    assertCompletes(b, 50, WcStatus.SUCCESS, WcOpcode.BIND_MW);
    assertThatThrownBy(() -> mr.close())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("window");
    assertThatThrownBy(() -> mr.invalidate())
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("window");
    assertThatThrownBy(() -> mr.register(list, mapped, IOVA, 0))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("window");
    post(a, a.request(1, WrOpcode.RDMA_WRITE, 100).remote(IOVA, window.rkey()));
    assertCompletes(a, 1, WcStatus.SUCCESS, WcOpcode.RDMA_WRITE);
    window.close();
    mr.invalidate();
  }

  @Test
  void shouldRefuseToBindWindowsTheWrongWay() throws RdmaException {
    try (MemoryWindow second = b.pd.allocMw(MwType.TYPE_2)) {
      SendWr wr = begin(1, WrOpcode.BIND_MW).bindMw(second, b.all, b.address, 10, 0);
      assertThatThrownBy(() -> second.bind(b.qp, wr))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("TYPE_2");
    }
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

  // Keys.

  @Test
  void shouldGiveKeysThatDoNotFollowOneAnother() throws RdmaException {
    MemoryRegion[] regions = new MemoryRegion[60];
    Map<Integer, Integer> steps = new HashMap<>();
    Set<Integer> seen = new HashSet<>();
    for (int i = 0; i < regions.length; i++) {
      regions[i] = b.pd.getDmaMr(0);
      assertThat(seen.add(regions[i].rkey())).isTrue();
      if (i > 0) {
        steps.merge((regions[i].rkey() - regions[i - 1].rkey()) >>> 8, 1, Integer::sum);
      }
    }
    for (MemoryRegion region : regions) {
      region.close();
    }
    assertThat(steps.values()).as("steps from key to key: " + steps).allMatch(n -> n < 10);
  }

  private enum BadAccess {
    UNKNOWN_KEY(WcStatus.REM_ACCESS_ERR),
    KEY_ZERO(WcStatus.REM_ACCESS_ERR),
    OTHER_DOMAIN(WcStatus.REM_ACCESS_ERR),
    CLOSED(WcStatus.REM_ACCESS_ERR),
    INVALIDATED(WcStatus.REM_ACCESS_ERR),
    NOT_REGISTERED(WcStatus.REM_ACCESS_ERR),
    BELOW(WcStatus.REM_ACCESS_ERR),
    BEYOND(WcStatus.REM_ACCESS_ERR),
    AROUND_THE_END_OF_ADDRESSES(WcStatus.REM_ACCESS_ERR),
    NO_RIGHT(WcStatus.REM_ACCESS_ERR);

    private final WcStatus status;

    BadAccess(WcStatus status) {
      this.status = status;
    }
  }

  private static int closedKey(Endpoint at, ScatterList pages, int n) throws RdmaException {
    try (FastRegMr region = at.pd.allocMr(4)) {
      region.register(pages, n, IOVA, Endpoint.RIGHTS);
      return region.rkey();
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldCheckEveryRemoteAccess(BadAccess bad) throws RdmaException {
    for (WrOpcode opcode : new WrOpcode[] {WrOpcode.RDMA_READ, WrOpcode.RDMA_WRITE}) {
      Endpoint from = new Endpoint(left, BUFFER, Endpoint.CQ_ENTRIES, null);
      Endpoint to = new Endpoint(right, BUFFER, Endpoint.CQ_ENTRIES, null);
      Endpoint.connect(from, to);
      ScatterList pages = new ScatterList(1).add(to.memory, 0, 2 * PAGE);
      int n = right.dma.mapSg(pages, 1, DmaDirection.BIDIRECTIONAL);
      long wrong = 0;
      int rkey;
      try (FastRegMr region = to.pd.allocMr(4);
          var otherPd = right.hca.allocPd(right.context);
          MemoryRegion other = otherPd.getDmaMr(Endpoint.RIGHTS)) {
        int unregistered = region.rkey();
        region.register(pages, n, IOVA, bad == BadAccess.NO_RIGHT ? 0 : Endpoint.RIGHTS);
        from.qp.postSend(from.request(1, opcode, 0).remote(IOVA, region.rkey()));
        assertCompletes(from, 1, WcStatus.SUCCESS, opcode.wcOpcode());
        rkey = region.rkey();
        switch (bad) {
          case UNKNOWN_KEY -> rkey ^= 0x5500_0000;
          case KEY_ZERO -> rkey = 0;
          case OTHER_DOMAIN -> rkey = other.rkey();
          case CLOSED -> rkey = closedKey(to, pages, n);
          case INVALIDATED -> region.invalidate();
          case NOT_REGISTERED -> rkey = unregistered;
          case BELOW -> wrong = -1;
          case BEYOND -> wrong = 2 * PAGE - 99;
          case AROUND_THE_END_OF_ADDRESSES -> wrong = -IOVA - 50;
          case NO_RIGHT -> {
            // As registered.
          }
        }
        from.qp.postSend(from.request(2, opcode, 100).remote(IOVA + wrong, rkey));
        assertCompletes(from, 2, bad.status, null);
      }
      right.dma.unmapSg(pages, 1, DmaDirection.BIDIRECTIONAL);
      from.close();
      to.close();
    }
  }
}
