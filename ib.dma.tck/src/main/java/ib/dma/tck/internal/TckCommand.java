// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck.internal;

import ib.dma.DmaCommand;
import ib.dma.DmaMemoryPool;
import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import ib.dma.tck.DmaTck;
import ib.dma.tck.TckOptions;
import ib.dma.tck.TckReport;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code ib:dma tck DEVICE [SEED]}: the kit over the ops that a driver registered. */
@Component(property = DmaCommand.NAME + "=tck")
public final class TckCommand implements DmaCommand {
  private final BundleContext context;
  private final DmaMemoryPool pool;

  /**
   * Made by Declarative Services.
   *
   * @param context where devices and ops are looked up
   * @param pool memory
   */
  @Activate
  public TckCommand(BundleContext context, @Reference DmaMemoryPool pool) {
    this.context = context;
    this.pool = pool;
  }

  @Override
  public String usage() {
    return "DEVICE [SEED] - runs the conformance kit over the device's DMA operations";
  }

  @Override
  public String run(List<String> arguments) throws InvalidSyntaxException {
    if (arguments.isEmpty() || arguments.size() > 2) {
      throw new IllegalArgumentException("ib:dma tck " + usage());
    }
    TckOptions options = TckOptions.defaults();
    if (arguments.size() == 2) {
      options = options.withSeed(Long.parseLong(arguments.get(1)));
    }
    TckReport report = run(arguments.getFirst(), options);
    if (!report.passed()) {
      throw new IllegalStateException("conformance cases failed\n" + report.text());
    }
    return report.text();
  }

  private TckReport run(String name, TckOptions options) throws InvalidSyntaxException {
    ServiceReference<IbDevice> device = best(name);
    ServiceReference<IbDmaOps> ops = device == null ? null : opsOf(device, name);
    if (device == null || ops == null) {
      throw new IllegalArgumentException(
          "ib:dma tck %s: no driver offers that device and its ops; there are: %s"
              .formatted(name, names()));
    }
    IbDevice limits = context.getService(device);
    IbDmaOps table = context.getService(ops);
    try {
      if (limits == null || table == null) {
        throw new IllegalStateException("ib:dma tck " + name + ": its driver is leaving");
      }
      return DmaTck.run(limits, table, pool, options);
    } finally {
      context.ungetService(ops);
      context.ungetService(device);
    }
  }

  /** Like core: the ops that the same bundle registered for its device. */
  private @Nullable ServiceReference<IbDmaOps> opsOf(ServiceReference<IbDevice> device, String name)
      throws InvalidSyntaxException {
    for (ServiceReference<IbDmaOps> ops : all(IbDmaOps.class, name)) {
      if (ops.getBundle() != null && ops.getBundle().equals(device.getBundle())) {
        return ops;
      }
    }
    return null;
  }

  private @Nullable ServiceReference<IbDevice> best(String name) throws InvalidSyntaxException {
    return all(IbDevice.class, name).stream().max(Comparator.naturalOrder()).orElse(null);
  }

  private <T> Collection<ServiceReference<T>> all(Class<T> type, String name)
      throws InvalidSyntaxException {
    String escaped = name.replaceAll("[\\\\*()]", "\\\\$0");
    return context.getServiceReferences(type, "(" + IbDevice.DEVICE + "=" + escaped + ")");
  }

  private Set<String> names() throws InvalidSyntaxException {
    Set<String> names = new TreeSet<>();
    for (ServiceReference<IbDevice> device : context.getServiceReferences(IbDevice.class, null)) {
      names.add(String.valueOf(device.getProperty(IbDevice.DEVICE)));
    }
    return names;
  }
}
