// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Component;

/** Which names and addresses the configured ports have taken. Thread-safe. */
@Component(service = PortNames.class, immediate = true)
public final class PortNames {
  private final Map<String, PortConfig> byName = new HashMap<>();
  private final Map<InetAddress, PortConfig> byAddress = new HashMap<>();

  /**
   * Takes the name and address of a configuration.
   *
   * @return null if they are its own now, else whose they are, with the remedy
   */
  @SuppressWarnings("ReferenceEquality") // two configurations may say the same
  synchronized @Nullable String claim(PortConfig config) {
    PortConfig sameName = byName.get(config.name());
    if (sameName != null && sameName != config) {
      return taken(config, PortConfigReader.NAME, config.name(), sameName);
    }
    PortConfig sameAddress = byAddress.get(config.address());
    if (sameAddress != null && sameAddress != config) {
      return taken(
          config, PortConfigReader.ADDRESS, config.address().getHostAddress(), sameAddress);
    }
    byName.put(config.name(), config);
    byAddress.put(config.address(), config);
    return null;
  }

  private static String taken(PortConfig config, String key, String value, PortConfig by) {
    return config.source()
        + ": key '"
        + key
        + "' is '"
        + value
        + "', which is taken by "
        + by.source()
        + " (port "
        + by.name()
        + "); change one of the two or remove it";
  }

  synchronized void release(PortConfig config) {
    byName.remove(config.name(), config);
    byAddress.remove(config.address(), config);
  }
}
