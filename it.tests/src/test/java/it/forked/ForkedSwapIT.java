// SPDX-License-Identifier: Apache-2.0
package it.forked;

import static org.assertj.core.api.Assertions.assertThat;

import it.ContainerOptions;
import it.fixture.Addresses;
import it.fixture.Bundles;
import it.fixture.Devices;
import it.fixture.Settings;
import it.fixture.SrpPair;
import javax.inject.Inject;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** The whole runtime under the launcher's JVM flags, in a JVM that nothing else used before. */
@RunWith(PaxExam.class)
public class ForkedSwapIT {
  private static final long SEED = 11;

  @Inject private BundleContext context;

  @Configuration
  public Option[] container() {
    return new Option[] {ContainerOptions.house(), ContainerOptions.jvmFlags()};
  }

  @Test
  public void shouldReplaceEveryDriverUnderIo() throws Exception {
    SrpPair pair = new SrpPair(context, Addresses.network(11));
    Settings settings = new Settings(context);
    Devices devices = new Devices(context);
    settings.device("ib.driver.ipath", "target0", SrpPair.TARGET);
    settings.device("ib.driver.mthca", "mthca0", SrpPair.INITIATOR);
    settings.device("ib.driver.ehca", "ehca0", SrpPair.INITIATOR);
    pair.begin(SEED);

    for (String driver : new String[] {"ib.driver.mthca", "ib.driver.ehca", "ib.driver.ipath"}) {
      Bundle bundle = Bundles.named(context, driver);
      bundle.stop();
      bundle.start();
      pair.goesOn("after " + driver + " was away");
    }

    pair.endsWell();
    assertThat(devices.untidy()).isEmpty();
  }
}
