// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.fault;

import ib.config.ConfigException;
import ib.config.ConfigReader;
import ib.dma.DmaBus;
import ib.dma.IbDevice;
import ib.dma.IbDmaInterposer;
import ib.dma.IbDmaOps;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
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

  private static final String OWNERS = "owners";
  private static final String EVERY = "every";
  private static final String ABOVE_BYTES = "above.bytes";
  private static final String AFTER_MS = "after.ms";
  private static final String COHERENT = "coherent";
  private static final List<String> KEYS =
      List.of(IbDevice.DEVICE, OWNERS, EVERY, ABOVE_BYTES, AFTER_MS, COHERENT);
  private static final long MOST_MS = TimeUnit.DAYS.toMillis(365);

  /** What a configuration says. */
  private record Config(
      Set<String> owners, long every, long aboveBytes, long afterMs, boolean coherent) {
    static Config read(Map<String, Object> properties) {
      ConfigReader in = new ConfigReader(PID, properties, KEYS);
      return new Config(
          Set.copyOf(in.list(OWNERS)),
          in.number(EVERY, 1, 1, Long.MAX_VALUE),
          in.number(ABOVE_BYTES, 0, 0, Long.MAX_VALUE),
          in.number(AFTER_MS, 0, 0, MOST_MS),
          in.flag(COHERENT, false));
    }

    FaultRule rule() {
      return new FaultRule(owners, every, aboveBytes, afterMs, System::nanoTime);
    }
  }

  /** Null where the configuration is wrong: then no mapping fails on purpose. */
  private final @Nullable Config config;

  private final Logger log;
  private final Map<String, FaultRule> rules = new TreeMap<>();

  /**
   * Made by Declarative Services. A wrong configuration is told in one line, and lets nothing fail.
   *
   * @param log where it says that it is there
   * @param properties which mappings fail
   */
  @Activate
  public FaultInterposer(
      @Reference(service = LoggerFactory.class) Logger log, Map<String, Object> properties) {
    this.log = log;
    Config read = null;
    try {
      read = Config.read(properties);
      log.warn("{} is configured: DMA mappings fail on purpose", PID);
    } catch (ConfigException e) {
      log.error("no DMA mapping fails on purpose: {}", e.getMessage());
    }
    config = read;
  }

  @Override
  public IbDmaOps wrapOps(IbDevice device, IbDmaOps ops) {
    Config wanted = config;
    if (wanted == null) {
      return ops;
    }
    FaultRule rule = wanted.rule();
    @Nullable FaultRule before;
    synchronized (rules) {
      before = rules.put(device.name(), rule);
    }
    tell(device.name(), before);
    return new FaultOps(ops, rule, wanted.coherent());
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
