// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DisksCommandTest {
  @Test
  void shouldShowStatePathAndCounters() {
    try (Rig rig = new Rig(40)) {
      rig.plug();
      rig.running();
      assertThat(DisksCommand.describe(rig.disk))
          .startsWith("disk0")
          .contains("running", "2 MiB", "127.81.0.2:5555 LUN 0 by fake0 generation 1")
          .contains(
              "submitted 0, completed 0, failed 0, completed twice 0, in flight 0, held 0, resent 0")
          .contains("logins 1,")
          .contains("last: ");
    }
  }

  @Test
  void shouldShowADiskThatNeverFoundItsTarget() {
    try (Rig rig = new Rig(41)) {
      assertThat(DisksCommand.describe(rig.disk)).contains("blocked", "unknown", "no path yet");
    }
  }

  @Test
  void shouldSayThatThereIsNoDisk() {
    assertThat(new DisksCommand().disks()).contains("ib.ulp.srp");
  }
}
