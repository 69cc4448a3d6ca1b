// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.fault;

import ib.dma.DmaBus;
import ib.dma.IbDevice;
import ib.dma.IbDmaInterposer;
import ib.dma.IbDmaOps;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;

/**
 * Lets mappings fail while there is a configuration {@value #PID}; several may be there, as a
 * factory's. The key {@code ib.device} limits it to one device. Counting and time begin anew with
 * each attachment.
 */
@Component(
    service = IbDmaInterposer.class,
    configurationPid = FaultInterposer.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE,
    property = "service.ranking:Integer=100")
public final class FaultInterposer implements IbDmaInterposer {
  static final String PID = "ib.core.dma.fault";

  /** Configuration. */
  @interface Config {
    /** Symbolic names of bundles whose mappings fail; empty for all. */
    String[] owners() default {};

    /** Fails every n-th of the mappings that the other keys name; 1 for each. */
    long every() default 1;

    /** Fails only mappings (of a list: the whole list) longer than this. */
    long above_bytes() default 0;

    /** Fails none in the first milliseconds of an attachment. */
    long after_ms() default 0;

    /** Fails allocations of coherent memory too; drivers need some to start. */
    boolean coherent() default false;
  }

  private final Config config;
  private final Logger log;
  private final Map<String, FaultRule> rules = new TreeMap<>();

  /**
   * Made by Declarative Services.
   *
   * @param log where it says that it is there
   * @param config which mappings fail
   */
  @Activate
  public FaultInterposer(@Reference(service = LoggerFactory.class) Logger log, Config config) {
    this.config = config;
    this.log = log;
    rule(); // refuses bad values at once
    log.warn("{} is configured: DMA mappings fail on purpose", PID);
  }

  private FaultRule rule() {
    return new FaultRule(
        Set.of(config.owners()),
        config.every(),
        config.above_bytes(),
        config.after_ms(),
        System::nanoTime);
  }

  @Override
  public IbDmaOps wrapOps(IbDevice device, IbDmaOps ops) {
    FaultRule rule = rule();
    @Nullable FaultRule before;
    synchronized (rules) {
      before = rules.put(device.name(), rule);
    }
    tell(device.name(), before);
    return new FaultOps(ops, rule, config.coherent());
  }

  private void tell(String device, @Nullable FaultRule rule) {
    if (rule != null) {
      log.info("{} let {} mappings of {} fail", PID, rule.injected(), device);
    }
  }

  @Override
  public DmaBus wrapBus(IbDevice device, DmaBus bus) {
    return bus; // what is mapped can be reached
  }

  /** Tells how many mappings failed. */
  @Deactivate
  public void close() {
    synchronized (rules) {
      rules.forEach(this::tell);
    }
  }
}
