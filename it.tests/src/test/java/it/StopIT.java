// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import it.fixture.Addresses;
import it.fixture.Bundles;
import it.fixture.Eventually;
import it.fixture.FelixHost;
import it.fixture.Jars;
import it.fixture.faulty.HangingDriver;
import it.fixture.faulty.ThrowingDriver;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.ServiceReference;

/** Whatever a driver does, a host stops within a bound. */
class StopIT {
  /** A driver's close has 3 s, once; the rest takes no noticeable time. */
  private static final Duration BOUND = Duration.ofSeconds(15);

  @TempDir private Path folder;

  @Test
  void shouldStopWithADriverWhoseCloseNeverReturns() throws Exception {
    try (FelixHost host = new FelixHost(folder)) {
      host.install(
          Jars.of("it.fixture.faulty", "Bundle-Activator", HangingDriver.class.getName()),
          ContainerOptions.DEPLOY_LEVEL);
      isBound(host, HangingDriver.DEVICE);

      assertThat(host.stop()).isLessThan(BOUND);
    }
  }

  @Test
  void shouldStartAndStopWithADriverThatThrowsInActivate() throws Exception {
    try (FelixHost host = new FelixHost(folder)) {
      Bundle faulty = host.install(Jars.of("it.fixture.faulty"), ContainerOptions.DEPLOY_LEVEL);
      host.configure("ib.port", "p0", "name=\"p0\"", "address=\"" + Addresses.of(7, 1) + "\"");
      host.configure(
          "ib.driver.ipath", "ipath0", "ib.device=\"ipath0\"", "port.target=\"(ib.port\\=p0)\"");

      isBound(host, "ipath0");
      assertThat(ThrowingDriver.class.getPackageName()).isEqualTo(faulty.getSymbolicName());
      assertThat(faulty.getRegisteredServices())
          .as("its component is described, and throws when it is asked for")
          .hasSize(1);
      assertThat(host.context().getService(faulty.getRegisteredServices()[0])).isNull();
      assertThat(Bundles.named(host.context(), "ib.core").getState()).isEqualTo(Bundle.ACTIVE);

      assertThat(host.stop()).isLessThan(BOUND);
    }
  }

  private static void isBound(FelixHost host, String device) {
    Eventually.holds(
        device + " is published",
        () -> {
          ServiceReference<?>[] published =
              host.context()
                  .getAllServiceReferences("ib.verbs.RdmaDevice", "(ib.device=" + device + ")");
          return published != null;
        });
  }
}
