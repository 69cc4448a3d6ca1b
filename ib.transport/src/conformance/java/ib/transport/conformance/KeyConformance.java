// SPDX-License-Identifier: Apache-2.0
package ib.transport.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.dma.DmaDirection;
import ib.dma.ScatterList;
import ib.verbs.AccessFlags;
import ib.verbs.FastRegMr;
import ib.verbs.MemoryRegion;
import ib.verbs.MemoryWindow;
import ib.verbs.MwType;
import ib.verbs.RdmaException;
import ib.verbs.SendWr;
import ib.verbs.WcFlags;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Everything that requests do to keys, and what keys guard, of one driver between two hosts on
 * loopback.
 */
public abstract class KeyConformance extends OperationsHosts {
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
