// SPDX-License-Identifier: Apache-2.0
package ib.transport.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.DmaUsage;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Two hosts on loopback with a driver's device each, and a connection between them. */
public abstract class ConnectedHosts {
  static final int BUFFER = 1 << 20;

  HcaHost left;
  HcaHost right;
  Endpoint a;
  Endpoint b;

  /** Starts a host with the driver's device; {@code index} is 0 or 1, for the address. */
  protected abstract HcaHost host(int index) throws Exception;

  @BeforeEach
  void connect() throws Exception {
    left = host(0);
    right = host(1);
    a = new Endpoint(left, BUFFER, Endpoint.CQ_ENTRIES, null);
    b = new Endpoint(right, BUFFER, Endpoint.CQ_ENTRIES, null);
    Endpoint.connect(a, b);
  }

  @AfterEach
  void disconnect() {
    try {
      a.close();
      b.close();
      for (HcaHost host : new HcaHost[] {left, right}) {
        assertThat(host.context.resources()).isEmpty();
        assertThat(host.ops.usage(host.dma.device())).isEqualTo(DmaUsage.NONE);
        host.hca.close();
        assertThat(host.driverMappings()).isZero();
      }
    } finally {
      left.close();
      right.close();
    }
    assertThat(left.pool.usedBytes()).isZero();
    assertThat(right.pool.usedBytes()).isZero();
  }

  void assertCompletes(Endpoint at, long id, WcStatus status, WcOpcode opcode) {
    WorkCompletion wc = at.next();
    assertThat(wc.status()).isEqualTo(status);
    assertThat(wc.wrId()).isEqualTo(id);
    assertThat(wc.qpn()).isEqualTo(at.qp.qpn());
    if (status == WcStatus.SUCCESS) {
      assertThat(wc.opcode()).isEqualTo(opcode);
    }
  }
}
