// SPDX-License-Identifier: Apache-2.0
package ib.transport.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.verbs.AccessFlags;
import ib.verbs.MemoryRegion;
import ib.verbs.MemoryWindow;
import ib.verbs.MwType;
import ib.verbs.PostResult;
import ib.verbs.QpAttributes;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.SendWr;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Memory windows of one driver between two hosts on loopback. */
public abstract class WindowConformance extends OperationsHosts {
  private PostResult bind(
      MemoryWindow window, MemoryRegion region, long at, int bytes, int rights) {
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
      assertThat(MemorySegment.mismatch(a.memory.segment(), 0, 50, b.memory.segment(), 100, 150))
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
}
