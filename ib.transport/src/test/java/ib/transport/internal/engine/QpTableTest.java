// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class QpTableTest {
  @Test
  void shouldHoldWhatAMapHolds() {
    EngineCore core = new EngineCore(SimHost.options());
    SimBackend backend = new SimBackend(new SimMemory(64));
    QpTable table = new QpTable();
    Map<Integer, EngineQp> model = new HashMap<>();
    Random random = new Random(11);
    for (int i = 0; i < 20_000; i++) {
      int qpn = random.nextInt(400);
      if (model.containsKey(qpn)) {
        table.remove(qpn);
        model.remove(qpn);
      } else if (random.nextInt(400) > model.size()) {
        EngineQp qp = new UdQp(core, qpn, backend);
        table.put(qp);
        model.put(qpn, qp);
      } else {
        table.remove(qpn);
      }
      int probe = random.nextInt(400);
      assertThat(table.get(probe)).isSameAs(model.get(probe));
      assertThat(table.count()).isEqualTo(model.size());
    }
    for (int qpn = 0; qpn < 400; qpn++) {
      assertThat(table.get(qpn)).isSameAs(model.get(qpn));
    }
  }
}
