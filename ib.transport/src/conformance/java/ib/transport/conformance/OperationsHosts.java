// SPDX-License-Identifier: Apache-2.0
package ib.transport.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.DmaDirection;
import ib.dma.ScatterList;
import ib.verbs.AtomicCap;
import ib.verbs.DeviceCapabilities;
import ib.verbs.FastRegMr;
import ib.verbs.PostResult;
import ib.verbs.RdmaException;
import ib.verbs.SendWr;
import ib.verbs.WrOpcode;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Two connected hosts, and a region for fast registration with memory for it. */
abstract class OperationsHosts extends ConnectedHosts {
  static final long IOVA = 0x7_0000_0100L;
  static final int PAGE = 4096;

  ScatterList list;
  int mapped;
  FastRegMr mr;

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

  DeviceCapabilities capabilities() {
    return left.hca.query().capabilities();
  }

  boolean hasAtomics() {
    return capabilities().atomicCap() != AtomicCap.NONE;
  }

  static void post(Endpoint at, SendWr wr) {
    assertThat(at.qp.postSend(wr)).isEqualTo(PostResult.OK);
  }

  static SendWr begin(long id, WrOpcode opcode) {
    return new SendWr().reset(id, opcode);
  }

  static long longAt(Endpoint at, long offset) {
    return at.memory.segment().get(ValueLayout.JAVA_LONG, offset);
  }

  Endpoint stranger() throws RdmaException {
    Endpoint stranger = new Endpoint(right, PAGE, Endpoint.CQ_ENTRIES, null);
    Endpoint peer = new Endpoint(left, PAGE, Endpoint.CQ_ENTRIES, null);
    Endpoint.connect(stranger, peer);
    peer.close();
    return stranger;
  }

  void closeStranger(Endpoint at) {
    if (at != b) {
      at.close();
    }
  }
}
