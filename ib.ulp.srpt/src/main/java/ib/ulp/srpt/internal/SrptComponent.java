// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.config.ConfigException;
import ib.dma.DmaMemoryPool;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;
import org.osgi.service.metatype.annotations.Designate;

/**
 * A target out of a configuration {@code ib.ulp.srpt}; one that can't work stands with its reason,
 * for {@code srpt:targets}.
 */
@Component(
    name = SrptComponent.PID,
    service = SrptComponent.class,
    configurationPolicy = ConfigurationPolicy.REQUIRE,
    immediate = true)
@Designate(ocd = SrptOcd.class, factory = true)
public final class SrptComponent {
  static final String PID = "ib.ulp.srpt";

  private final @Nullable TargetService running;
  private final String problem;

  /** Made by SCR. */
  @Activate
  public SrptComponent(
      BundleContext context,
      @Reference DmaMemoryPool pool,
      @Reference(service = LoggerFactory.class) Logger log,
      Map<String, Object> properties)
      throws InvalidSyntaxException {
    TargetService made = null;
    String wrong = "";
    try {
      made = new TargetService(context, pool, log, SrptConfig.parse(properties));
    } catch (ConfigException e) {
      wrong = String.valueOf(e.getMessage());
      log.error("a target is not started: {}", wrong);
    }
    running = made;
    problem = wrong;
  }

  /** Lines for operators. */
  List<String> describe() {
    return running != null ? running.describe() : List.of("not started: " + problem);
  }

  /** Ended by SCR. */
  @Deactivate
  void deactivate() {
    if (running != null) {
      running.close();
    }
  }
}
