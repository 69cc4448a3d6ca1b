// SPDX-License-Identifier: Apache-2.0
package ib.transport.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.DmaUsage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Two hosts on loopback with a driver's device each; nothing is left of them in the end. */
public abstract class TwoHosts {
  HcaHost left;
  HcaHost right;

  /** Starts a host with the driver's device; {@code index} is 0 or 1, for the address. */
  protected abstract HcaHost host(int index) throws Exception;

  @BeforeEach
  void startHosts() throws Exception {
    left = host(0);
    right = host(1);
  }

  /** After those that derive from this have closed what they made. */
  @AfterEach
  void stopHosts() {
    try {
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
}
