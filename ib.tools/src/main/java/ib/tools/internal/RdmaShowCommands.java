// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.DeviceInventory;
import ib.verbs.DeviceState;
import ib.verbs.DeviceStatus;
import ib.verbs.OwnerUsage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * {@code rdma:link} and {@code rdma:resource}: what {@code rdma link show} and {@code rdma resource
 * show} of iproute2 tell.
 */
@Component(
    service = RdmaShowCommands.class,
    property = {
      "osgi.command.scope=rdma",
      "osgi.command.function=link",
      "osgi.command.function=resource"
    })
public final class RdmaShowCommands {
  /** The kinds that a summary lists, in iproute2's order, which has no memory windows. */
  private static final List<String> KINDS = List.of("pd", "cq", "qp", "mr", "mw", "srq");

  private final DeviceInventory inventory;

  /** Made by Declarative Services. */
  @Activate
  public RdmaShowCommands(@Reference DeviceInventory inventory) {
    this.inventory = inventory;
  }

  /**
   * Links: {@code link [show [DEV]]}.
   *
   * @param args command and device
   * @return a line for each device
   * @throws Exception if the command is another or there is no such device
   */
  public String link(String[] args) throws Exception {
    List<String> rest = shown("link", args);
    String wanted = device(rest.isEmpty() ? null : rest.getFirst());
    List<String> lines = new ArrayList<>();
    for (DeviceStatus status : best(wanted)) {
      boolean active = status.state() == DeviceState.ACTIVE;
      lines.add(
          "link %s/1 state %s physical_state %s netdev %s"
              .formatted(
                  status.name(),
                  active ? "ACTIVE" : "DOWN",
                  active ? "LINK_UP" : "DISABLED",
                  status.portName().isEmpty() ? "-" : status.portName()));
    }
    return String.join("\n", lines);
  }

  /**
   * Resources: {@code resource [show [KIND] [DEV]]}: numbers, or those of a kind one by one.
   *
   * @param args command, kind and device
   * @return a line for each device, or for each resource
   * @throws Exception if the command is another or there is no such device
   */
  public String resource(String[] args) throws Exception {
    List<String> rest = new ArrayList<>(shown("resource", args));
    String kind = !rest.isEmpty() && KINDS.contains(rest.getFirst()) ? rest.removeFirst() : null;
    List<DeviceStatus> devices = best(device(rest.isEmpty() ? null : rest.getFirst()));
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < devices.size(); i++) {
      if (kind == null) {
        lines.add(summary(i, devices.get(i)));
      } else {
        list(lines, kind, devices.get(i));
      }
    }
    return String.join("\n", lines);
  }

  private static List<String> shown(String command, String[] args) throws ToolException {
    List<String> rest = List.of(args);
    if (!rest.isEmpty() && !"show".equals(rest.getFirst())) {
      throw new ToolException(
          "rdma:%s %s: the one command is show; usage: %s show %s[DEV]"
              .formatted(
                  command,
                  rest.getFirst(),
                  command,
                  command.equals("resource") ? KINDS + " " : ""));
    }
    return rest.isEmpty() ? rest : rest.subList(1, rest.size());
  }

  /** A device's name, without the number of its one port. */
  private static @Nullable String device(@Nullable String name) {
    return name == null ? null : name.replaceFirst("/1$", "");
  }

  /** Of each name the active candidate, or the first. */
  private List<DeviceStatus> best(@Nullable String wanted) throws ToolException {
    Map<String, DeviceStatus> byName = new TreeMap<>();
    for (DeviceStatus status : inventory.devices()) {
      byName.putIfAbsent(status.name(), status);
    }
    if (wanted == null) {
      return List.copyOf(byName.values());
    }
    DeviceStatus status = byName.get(wanted);
    if (status == null) {
      throw new ToolException(
          "no device " + wanted + "; there are: " + String.join(", ", byName.keySet()));
    }
    return List.of(status);
  }

  private static String summary(int index, DeviceStatus status) {
    StringBuilder line = new StringBuilder(index + ": " + status.name() + ":");
    for (String kind : KINDS) {
      long count =
          status.owners().stream()
              .flatMap(owner -> owner.labels().stream())
              .filter(label -> label.startsWith(kind + " "))
              .count();
      line.append(' ').append(kind).append(' ').append(count);
    }
    return line.toString();
  }

  private static void list(List<String> lines, String kind, DeviceStatus status) {
    for (OwnerUsage owner : status.owners()) {
      for (String label : owner.labels()) {
        if (label.startsWith(kind + " ")) {
          lines.add("dev %s %s comm [%s]".formatted(status.name(), label, owner.owner()));
        }
      }
    }
  }
}
