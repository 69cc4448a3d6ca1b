// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.CmId;
import ib.verbs.ConnectionManager;
import ib.verbs.DeviceInventory;
import ib.verbs.DeviceState;
import ib.verbs.DeviceStatus;
import ib.verbs.OwnerUsage;
import ib.verbs.RdmaException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

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
  private static final String CM_ID = "cm_id";

  /** The kinds that a summary lists, in iproute2's order, which has no memory windows. */
  private static final List<String> KINDS = List.of("pd", "cq", "qp", CM_ID, "mr", "mw", "srq");

  private final DeviceInventory inventory;
  private final List<ConnectionManager> managers = new CopyOnWriteArrayList<>();

  /** Made by Declarative Services. */
  @Activate
  public RdmaShowCommands(@Reference DeviceInventory inventory) {
    this.inventory = inventory;
  }

  @Reference(
      service = ConnectionManager.class,
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void addManager(ConnectionManager manager) {
    managers.add(manager);
  }

  void removeManager(ConnectionManager manager) {
    managers.remove(manager);
  }

  /**
   * Links: {@code link [show [DEV]]}.
   *
   * @param args command and device
   * @return a line for each device
   * @throws Exception if the command is another or there is no such device
   */
  public String link(String[] args) throws Exception {
    String wanted = device(shown("link", args));
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
    List<DeviceStatus> devices = best(device(rest));
    Map<String, List<String>> cmIds = cmIds(devices);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < devices.size(); i++) {
      DeviceStatus status = devices.get(i);
      List<String> ofDevice = cmIds.getOrDefault(status.name(), List.of());
      if (kind == null) {
        lines.add(summary(i, status, ofDevice.size()));
      } else if (kind.equals(CM_ID)) {
        lines.addAll(ofDevice);
      } else {
        list(lines, kind, status);
      }
    }
    return String.join("\n", lines);
  }

  /**
   * Lines about connections and listeners, by device: that of the queue pair, else, since listeners
   * are the port's, the first on the port.
   */
  private Map<String, List<String>> cmIds(List<DeviceStatus> devices) throws RdmaException {
    Map<String, List<String>> lines = new TreeMap<>();
    for (ConnectionManager manager : managers) {
      List<DeviceStatus> onPort =
          devices.stream().filter(d -> d.portName().equals(manager.portName())).toList();
      if (onPort.isEmpty()) {
        continue;
      }
      for (CmId id : manager.cmIds()) {
        DeviceStatus device = onPort.getFirst();
        String owner = "";
        for (DeviceStatus each : onPort) {
          String user = owner(each, id.localQpn());
          if (!user.isEmpty()) {
            device = each;
            owner = user;
          }
        }
        lines.computeIfAbsent(device.name(), _ -> new ArrayList<>()).add(line(device, id, owner));
      }
    }
    return lines;
  }

  /** Who holds a queue pair on a device; empty if nobody does. */
  private static String owner(DeviceStatus status, int qpn) {
    String label = "qp 0x" + Integer.toHexString(qpn) + " ";
    for (OwnerUsage owner : status.owners()) {
      if (owner.labels().stream().anyMatch(l -> l.startsWith(label))) {
        return owner.owner();
      }
    }
    return "";
  }

  private static String line(DeviceStatus status, CmId id, String owner) {
    StringBuilder line = new StringBuilder("link ").append(status.name()).append("/1");
    line.append(" lqpn ").append(id.localQpn());
    if (id.type() != null) {
      line.append(" qp-type ").append(id.type());
    }
    line.append(" state ").append(id.state()).append(" ps ").append(id.portSpace());
    if (!owner.isEmpty()) {
      line.append(" comm [").append(owner).append(']');
    }
    line.append(" src-addr ").append(text(id.source()));
    if (id.destination() != null) {
      line.append(" dst-addr ").append(text(id.destination()));
    }
    return line.toString();
  }

  private static String text(InetSocketAddress address) {
    String ip = address.getAddress().getHostAddress();
    return (ip.contains(":") ? "[" + ip + "]" : ip) + ":" + address.getPort();
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

  /** The device that is named, without the number of its one port; null if none is. */
  private static @Nullable String device(List<String> rest) throws ToolException {
    if (rest.size() > 1) {
      throw new ToolException("one device at most, not " + rest);
    }
    return rest.isEmpty() ? null : rest.getFirst().replaceFirst("/1$", "");
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

  private static String summary(int index, DeviceStatus status, int cmIds) {
    StringBuilder line = new StringBuilder(index + ": " + status.name() + ":");
    for (String kind : KINDS) {
      long count =
          kind.equals(CM_ID)
              ? cmIds
              : status.owners().stream()
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
