// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.transport.PortCounter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/** Operator commands: {@code ib:ports} and {@code ib:pcap}. */
@Component(
    service = PortCommands.class,
    immediate = true,
    property = {
      "osgi.command.scope=ib",
      "osgi.command.function=ports",
      "osgi.command.function=pcap"
    })
public final class PortCommands {
  private record Capture(PcapTap tap, PortStatus port, Path file) {}

  private record OpenPort(PortStatus status, UdpPort port) {}

  private final List<PortStatus> ports = new CopyOnWriteArrayList<>();

  // Guarded by this.
  private final Map<String, Capture> captures = new HashMap<>();

  /** Made by Declarative Services. */
  @Activate
  public PortCommands() {}

  @Reference(
      service = PortStatus.class,
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void addPort(PortStatus port) {
    ports.add(port);
  }

  void removePort(PortStatus port) {
    ports.remove(port);
  }

  /** Ends all captures. */
  @Deactivate
  synchronized void deactivate() {
    List.copyOf(captures.keySet()).forEach(this::stop);
  }

  /**
   * Lists the configured ports with their counters.
   *
   * @return one line for each port, and one for its counters that are not zero
   */
  public String ports() {
    if (ports.isEmpty()) {
      return "no ports; put a configuration ib.port-NAME.config with name and address into etc/";
    }
    List<PortStatus> sorted = new ArrayList<>(ports);
    sorted.sort(Comparator.comparing(PortStatus::label));
    StringBuilder text = new StringBuilder();
    for (PortStatus status : sorted) {
      describe(status, text);
    }
    return text.toString().stripTrailing();
  }

  private static void describe(PortStatus status, StringBuilder text) {
    UdpPort port = status.port();
    if (port == null) {
      text.append(String.format(Locale.ROOT, "%-8s %s%n", status.label(), status.state()));
      return;
    }
    text.append(
        String.format(
            Locale.ROOT,
            "%-8s %-15s %s  MTU %d  GUID %016x  window %d  %s%n",
            status.label(),
            port.address().getHostAddress(),
            status.state(),
            port.activeMtuBytes(),
            port.guid(),
            port.windowPackets(),
            port.description()));
    StringBuilder counters = new StringBuilder();
    for (PortCounter counter : PortCounter.values()) {
      long value = port.counter(counter);
      if (value != 0) {
        counters.append(' ').append(counter.name().toLowerCase(Locale.ROOT)).append('=');
        counters.append(value);
      }
    }
    if (!counters.isEmpty()) {
      text.append(String.format(Locale.ROOT, "        %s%n", counters));
    }
  }

  /**
   * Begins a capture that stops growing at a limit.
   *
   * @param name of the port
   * @param target file to write, which is replaced
   * @param limitMiB packets beyond so many MiB are counted, not written; at least 1
   * @return what was done
   * @throws IllegalArgumentException naming the port, file or limit and the remedy
   */
  public synchronized String pcap(String name, String target, long limitMiB) {
    if (limitMiB < 1) {
      throw new IllegalArgumentException("limit of " + limitMiB + " MiB; give 1 or more");
    }
    return start(name, target, limitMiB << 20);
  }

  /**
   * Begins or ends a capture of what a port sends and receives.
   *
   * @param name of the port
   * @param target file to write, which is replaced, or {@code stop}
   * @return what was done
   * @throws IllegalArgumentException naming the port or file and the remedy
   */
  public synchronized String pcap(String name, String target) {
    return "stop".equals(target) ? stop(name) : start(name, target, Long.MAX_VALUE);
  }

  private String start(String name, String target, long limitBytes) {
    Capture running = captures.get(name);
    if (running != null) {
      throw new IllegalArgumentException(
          "port " + name + " is being captured to " + running.file() + "; stop that first");
    }
    OpenPort found = find(name);
    try {
      Path file = Path.of(target).toAbsolutePath();
      PcapTap tap =
          new PcapTap(
              name,
              found.port().address().getAddress().length,
              Files.newOutputStream(file),
              limitBytes);
      captures.put(name, new Capture(tap, found.status(), file));
      found.status().setTap(tap);
      return "capturing port " + name + " to " + file + "; end it with: ib:pcap " + name + " stop";
    } catch (IOException | InvalidPathException e) {
      throw new IllegalArgumentException(
          "can't write " + target + ": " + e + "; give a file in a folder that exists", e);
    }
  }

  private OpenPort find(String name) {
    List<String> known = new ArrayList<>();
    for (PortStatus status : ports) {
      UdpPort port = status.port();
      if (port != null && status.label().equals(name)) {
        return new OpenPort(status, port);
      }
      known.add(status.label() + " (" + status.state() + ")");
    }
    throw new IllegalArgumentException("no open port " + name + "; there are: " + known);
  }

  private String stop(String name) {
    Capture capture = captures.remove(name);
    if (capture == null) {
      throw new IllegalArgumentException(
          "port " + name + " is not being captured; begin with: ib:pcap " + name + " FILE");
    }
    capture.port().setTap(null);
    capture.tap().close();
    IOException failure = capture.tap().failure();
    return ended(capture, failure);
  }

  private static String ended(Capture capture, @Nullable IOException failure) {
    String text =
        capture.tap().written()
            + " packets written to "
            + capture.file()
            + ", "
            + capture.tap().dropped()
            + " dropped because the file was too slow";
    if (capture.tap().beyondLimit() > 0) {
      text += ", " + capture.tap().beyondLimit() + " left out beyond its limit";
    }
    return failure == null ? text : text + "; the capture ended early: " + failure;
  }
}
