// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.block.BlockDeviceState;
import org.junit.jupiter.api.Test;

class RemotePortTest {
  private final RemotePort port = new RemotePort(15, 600);

  @Test
  void shouldStayBlockedUntilTheFirstLoginHoweverLongItTakes() {
    assertThat(port.state()).isEqualTo(BlockDeviceState.BLOCKED);
    assertThat(port.onPathLost(0)).isFalse();
    assertThat(port.tick(1_000_000)).isFalse();
    assertThat(port.state()).isEqualTo(BlockDeviceState.BLOCKED);
  }

  @Test
  void shouldGoFromRunningToBlockedToFailFastToLostByTime() {
    assertThat(port.onLogin()).isTrue();
    assertThat(port.onPathLost(100)).isTrue();
    assertThat(port.tick(114)).isFalse();
    assertThat(port.tick(115)).isTrue();
    assertThat(port.state()).isEqualTo(BlockDeviceState.FAIL_FAST);
    assertThat(port.isFailing()).isTrue();
    assertThat(port.tick(699)).isFalse();
    assertThat(port.tick(700)).isTrue();
    assertThat(port.state()).isEqualTo(BlockDeviceState.LOST);
  }

  @Test
  void shouldNotBlockAPortThatFailsFast() {
    port.onLogin();
    port.onPathLost(0);
    port.tick(15);
    assertThat(port.onPathLost(20)).isFalse();
    assertThat(port.state()).isEqualTo(BlockDeviceState.FAIL_FAST);
    // The device loss time goes on from the first loss.
    assertThat(port.tick(600)).isTrue();
  }

  @Test
  void shouldRunAgainFromFailFastButNotFromLost() {
    port.onLogin();
    port.onPathLost(0);
    port.tick(15);
    assertThat(port.onLogin()).isTrue();
    assertThat(port.tick(10_000)).isFalse();
    port.onPathLost(10_000);
    port.tick(10_600);
    assertThat(port.onLogin()).isFalse();
    assertThat(port.state()).isEqualTo(BlockDeviceState.LOST);
  }

  @Test
  void shouldNeverFailFastOrBeLostWhenThatIsOff() {
    RemotePort patient = new RemotePort(-1, -1);
    patient.onLogin();
    patient.onPathLost(0);
    assertThat(patient.tick(Long.MAX_VALUE)).isFalse();
    assertThat(patient.state()).isEqualTo(BlockDeviceState.BLOCKED);
  }
}
