// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.transport.PortCounter;
import ib.transport.RdmaPort;
import ib.verbs.DeviceInventory;
import ib.verbs.DeviceState;
import ib.verbs.DeviceStatus;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/**
 * {@code rdma:statistic}: the counters of ports as {@code rdma statistic show} of iproute2 shows
 * those of soft-RoCE, under its names ({@code rxe_hw_counters.c}). They count per port: devices
 * that share one show the same.
 */
@Component(
    service = StatisticCommand.class,
    property = {"osgi.command.scope=rdma", "osgi.command.function=statistic"})
public final class StatisticCommand {
  /** rxe's names, in its order. */
  private static final Map<String, List<PortCounter>> NAMES = new LinkedHashMap<>();

  static {
    NAMES.put("sent_pkts", List.of(PortCounter.SENT_PKTS));
    NAMES.put("rcvd_pkts", List.of(PortCounter.RCVD_PKTS));
    NAMES.put("duplicate_request", List.of(PortCounter.DUPLICATE_REQUEST));
    NAMES.put("out_of_seq_request", List.of(PortCounter.OUT_OF_SEQ_REQUEST));
    NAMES.put("rcvd_rnr_err", List.of(PortCounter.RCVD_RNR_ERR));
    NAMES.put("send_rnr_err", List.of(PortCounter.SEND_RNR_ERR));
    NAMES.put("rcvd_seq_err", List.of(PortCounter.RCVD_SEQ_ERR));
    // rxe counts responses that wait for its completer behind others. Here each is handled as it is
    // taken from the socket, so none is ever put off: 0 is what happened.
    NAMES.put("ack_deferred", List.of());
    NAMES.put("retry_exceeded_err", List.of(PortCounter.RETRY_EXCEEDED_ERR));
    NAMES.put("retry_rnr_exceeded_err", List.of(PortCounter.RETRY_RNR_EXCEEDED_ERR));
    NAMES.put("completer_retry_err", List.of(PortCounter.COMPLETER_RETRY_ERR));
    NAMES.put("send_err", List.of(PortCounter.SEND_ERRORS, PortCounter.MTU_CLAMPED));
    NAMES.put("link_downed", List.of(PortCounter.LINK_DOWNED));
    NAMES.put("rdma_sends", List.of(PortCounter.RDMA_SENDS));
    NAMES.put("rdma_recvs", List.of(PortCounter.RDMA_RECVS));
  }

  private final List<RdmaPort> ports = new CopyOnWriteArrayList<>();
  private volatile @Nullable DeviceInventory inventory;

  /** Made by Declarative Services. */
  @Activate
  public StatisticCommand() {}

  @Reference(
      service = RdmaPort.class,
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void addPort(RdmaPort port) {
    ports.add(port);
  }

  void removePort(RdmaPort port) {
    ports.remove(port);
  }

  @Reference(
      service = DeviceInventory.class,
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void setInventory(DeviceInventory devices) {
    inventory = devices;
  }

  void unsetInventory(DeviceInventory devices) {
    if (devices.equals(inventory)) {
      inventory = null;
    }
  }

  /**
   * Counters: {@code statistic [show [link DEV[/1]]] [-d]}.
   *
   * @param args {@code -d} adds those that rxe has not, under our names
   * @return a line for each device, and for each port that has none
   * @throws IllegalArgumentException if the command is another or there is no such device
   */
  public String statistic(String[] args) {
    List<String> rest = new ArrayList<>(List.of(args));
    boolean all = rest.remove("-d");
    if (!rest.isEmpty() && "show".equals(rest.getFirst())) {
      rest.removeFirst();
    }
    if (!rest.isEmpty() && "link".equals(rest.getFirst())) {
      rest.removeFirst();
    }
    if (rest.size() > 1) {
      throw new IllegalArgumentException(
          "rdma:statistic " + rest + "; usage: statistic [show [link DEV]] [-d]");
    }
    String wanted = rest.isEmpty() ? null : rest.getFirst().replaceFirst("/1$", "");
    List<String> lines = new ArrayList<>();
    List<String> known = new ArrayList<>();
    ports.stream()
        .sorted(Comparator.comparing(RdmaPort::name))
        .forEach(
            port -> {
              for (String link : links(port)) {
                known.add(link);
                if (wanted == null || wanted.equals(link)) {
                  lines.add(line(link, port, all));
                }
              }
            });
    if (wanted != null && lines.isEmpty()) {
      throw new IllegalArgumentException("no device or port " + wanted + "; there are: " + known);
    }
    return String.join("\n", lines);
  }

  /** The devices on a port, or its own name. */
  private List<String> links(RdmaPort port) {
    DeviceInventory devices = inventory;
    List<String> names =
        devices == null
            ? List.of()
            : devices.devices().stream()
                .filter(status -> status.state() == DeviceState.ACTIVE)
                .filter(status -> status.portName().equals(port.name()))
                .map(DeviceStatus::name)
                .toList();
    return names.isEmpty() ? List.of(port.name()) : names;
  }

  private static String line(String link, RdmaPort port, boolean all) {
    StringBuilder line = new StringBuilder("link " + link + "/1");
    NAMES.forEach(
        (name, counters) ->
            line.append(' ')
                .append(name)
                .append(' ')
                .append(counters.stream().mapToLong(port::counter).sum()));
    if (all) {
      for (PortCounter counter : PortCounter.values()) {
        if (NAMES.values().stream().noneMatch(counters -> counters.contains(counter))) {
          line.append(' ')
              .append(counter.name().toLowerCase(Locale.ROOT))
              .append(' ')
              .append(port.counter(counter));
        }
      }
    }
    return line.toString();
  }
}
