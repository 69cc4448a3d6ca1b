// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import javax.inject.Inject;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;

/** The third-party runtime and our APIs stand up together. */
@RunWith(PaxExam.class)
public class RuntimeIT {
  @Inject private BundleContext context;

  @Configuration
  public Option[] container() {
    return new Option[] {
      ContainerOptions.base(), ContainerOptions.services(), ContainerOptions.apis()
    };
  }

  @Test
  public void shouldStartTheRuntimeAndTheApis() {
    List<Bundle> bundles =
        Arrays.stream(context.getBundles())
            .filter(bundle -> bundle.getHeaders().get(Constants.FRAGMENT_HOST) == null)
            .toList();

    assertThat(bundles)
        .extracting(Bundle::getSymbolicName)
        .contains("ib.dma.api", "ib.verbs.api", "ib.block.api", "org.apache.felix.scr");
    assertThat(bundles).allMatch(bundle -> bundle.getState() == Bundle.ACTIVE);
  }
}
