// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.demo;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How memory is mapped while the demonstration runs.
 *
 * @param mode mode of the shared DMA operations of all devices, or null for what {@code etc/} says
 * @param debug whether DMA debug watches all devices
 * @param fault keys and values of the injected mapping failures; empty for none
 */
record DmaOptions(@Nullable String mode, boolean debug, Map<String, String> fault) {
  /** Nothing out of the ordinary. */
  static final DmaOptions NONE = new DmaOptions(null, false, Map.of());

  private static final List<String> MODES =
      List.of("iommu-strict", "iommu-lazy", "direct", "swiotlb", "auto");
  private static final List<String> FAULT_KEYS =
      List.of("every", "above.bytes", "after.ms", "owners", "coherent");

  DmaOptions {
    fault = Map.copyOf(fault);
  }

  DmaOptions withMode(String name) throws DemoException {
    if (!MODES.contains(name)) {
      throw new DemoException(
          "demo: --mode " + name + " is no mode; use one of " + String.join(", ", MODES));
    }
    return new DmaOptions(name, debug, fault);
  }

  DmaOptions withDebug() {
    return new DmaOptions(mode, true, fault);
  }

  /** Reads {@code KEY=VALUE,KEY=VALUE}: the keys of {@code ib.core.dma.fault}. */
  DmaOptions withFault(String text) throws DemoException {
    Map<String, String> keys = new TreeMap<>();
    for (String pair : text.split(",", -1)) {
      String[] parts = pair.split("=", 2);
      if (parts.length != 2 || parts[1].isEmpty() || !FAULT_KEYS.contains(parts[0])) {
        throw new DemoException(
            "demo: --fault "
                + pair
                + " is not KEY=VALUE; e.g. every=50,above.bytes=4096; keys are "
                + String.join(", ", FAULT_KEYS));
      }
      keys.put(parts[0], parts[1]);
    }
    return new DmaOptions(mode, debug, keys);
  }

  boolean isFaulty() {
    return !fault.isEmpty();
  }

  /** In words, for the report. */
  String words() {
    StringBuilder words = new StringBuilder(mode == null ? "mode as configured" : "mode " + mode);
    words.append(debug ? ", debug on" : "");
    if (isFaulty()) {
      words.append(", failing ");
      words.append(Arrays.toString(new TreeMap<>(fault).entrySet().toArray()));
    }
    return words.toString();
  }
}
