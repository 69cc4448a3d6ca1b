// SPDX-License-Identifier: Apache-2.0
package ib.transport.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Two hosts with a connection between them. */
public abstract class ConnectedHosts extends TwoHosts {
  static final int BUFFER = 1 << 20;

  Endpoint a;
  Endpoint b;

  @BeforeEach
  void connect() throws Exception {
    a = new Endpoint(left, BUFFER, Endpoint.CQ_ENTRIES, null);
    b = new Endpoint(right, BUFFER, Endpoint.CQ_ENTRIES, null);
    Endpoint.connect(a, b);
  }

  @AfterEach
  void disconnect() {
    a.close();
    b.close();
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
