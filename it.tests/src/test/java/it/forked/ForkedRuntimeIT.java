// SPDX-License-Identifier: Apache-2.0
package it.forked;

import static org.assertj.core.api.Assertions.assertThat;

import it.ContainerOptions;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import javax.inject.Inject;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** A runtime in a JVM of its own, with the flags of the launcher. */
@RunWith(PaxExam.class)
public class ForkedRuntimeIT {
  @Inject private BundleContext context;

  @Configuration
  public Option[] container() {
    return new Option[] {
      ContainerOptions.base(),
      ContainerOptions.jvmFlags(),
      ContainerOptions.services(),
      ContainerOptions.apis()
    };
  }

  @Test
  public void shouldRunWithTheFlagsOfTheLauncher() {
    assertThat(ManagementFactory.getRuntimeMXBean().getInputArguments())
        .contains("--enable-native-access=ALL-UNNAMED");
    assertThat(Arrays.stream(context.getBundles()).map(Bundle::getSymbolicName))
        .contains("ib.dma.api");
    assertThat(context.getBundles()).allMatch(bundle -> bundle.getState() == Bundle.ACTIVE);
  }
}
