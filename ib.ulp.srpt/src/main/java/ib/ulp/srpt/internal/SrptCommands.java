// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** Shell commands of the target. */
@Component(
    service = SrptCommands.class,
    property = {"osgi.command.scope=srpt", "osgi.command.function=targets"})
public final class SrptCommands {
  private final List<SrptComponent> targets = new CopyOnWriteArrayList<>();

  /** Made by SCR. */
  public SrptCommands() {}

  @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
  void addTarget(SrptComponent target) {
    targets.add(target);
  }

  void removeTarget(SrptComponent target) {
    targets.remove(target);
  }

  /**
   * {@code srpt:targets}: targets, their logical units and logins.
   *
   * @return text
   */
  public String targets() {
    if (targets.isEmpty()) {
      return "no targets; configure one with ib.ulp.srpt-NAME.config";
    }
    return String.join(
        System.lineSeparator(),
        targets.stream().flatMap(target -> target.describe().stream()).toList());
  }
}
