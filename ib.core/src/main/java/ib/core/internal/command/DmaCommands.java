// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.command;

import ib.dma.DmaCommand;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.osgi.framework.Constants;

/** The sub-commands of {@code ib:dma} that bundles offer now. Thread-safe. */
final class DmaCommands {
  private record Offer(DmaCommand command, String name, int ranking) {}

  private final List<Offer> offers = new CopyOnWriteArrayList<>();

  void add(DmaCommand command, Map<String, ?> properties) {
    String name = String.valueOf(properties.get(DmaCommand.NAME));
    int ranking = properties.get(Constants.SERVICE_RANKING) instanceof Integer number ? number : 0;
    offers.add(new Offer(command, name, ranking));
  }

  void remove(DmaCommand command) {
    offers.removeIf(offer -> offer.command.equals(command));
  }

  String run(String name, List<String> arguments) throws Exception {
    Offer best = best().get(name);
    if (best == null) {
      throw new IllegalArgumentException("ib:dma " + name + ": no such sub-command; " + list());
    }
    return best.command.run(arguments);
  }

  private String list() {
    String lines =
        best().values().stream()
            .map(offer -> "\n  ib:dma " + offer.name + " " + offer.command.usage())
            .collect(Collectors.joining());
    return lines.isEmpty() ? "no bundle offers any" : "there are:" + lines;
  }

  private Map<String, Offer> best() {
    Map<String, Offer> best = new TreeMap<>();
    for (Offer offer : offers) {
      best.merge(offer.name, offer, (a, b) -> b.ranking > a.ranking ? b : a);
    }
    return best;
  }
}
