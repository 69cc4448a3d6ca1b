// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import ib.dma.IbDevice;
import ib.dma.IbDmaInterposer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.ServiceReference;

/** The interposers present. Thread-safe. */
final class Interposers {
  private final Map<ServiceReference<IbDmaInterposer>, IbDmaInterposer> present =
      new ConcurrentHashMap<>();

  void add(ServiceReference<IbDmaInterposer> reference, IbDmaInterposer interposer) {
    present.put(reference, interposer);
  }

  void remove(ServiceReference<IbDmaInterposer> reference) {
    present.remove(reference);
  }

  /** Those that wrap a device, innermost first. */
  List<IbDmaInterposer> of(String deviceName) {
    // The natural order of references is that of their ranking, lowest first.
    return present.entrySet().stream()
        .filter(entry -> concerns(entry.getKey(), deviceName))
        .sorted(Map.Entry.comparingByKey())
        .map(Map.Entry::getValue)
        .toList();
  }

  static boolean concerns(ServiceReference<?> reference, String deviceName) {
    @Nullable Object only = reference.getProperty(IbDevice.DEVICE);
    return only == null || only.equals(deviceName);
  }
}
