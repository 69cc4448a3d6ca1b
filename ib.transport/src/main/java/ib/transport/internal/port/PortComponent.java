// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.config.ConfigException;
import ib.transport.PacketTap;
import ib.transport.RdmaPort;
import ib.transport.internal.io.DatagramIoOpenException;
import ib.transport.internal.io.Interfaces;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Map;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.bundle.Capability;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;
import org.osgi.service.metatype.annotations.Designate;

/**
 * One {@code ib.port} configuration: opens the port and registers it, tries again while that fails,
 * and opens it anew when its socket stops working.
 *
 * <p>The {@link RdmaPort} is registered through the bundle context, because it comes and goes while
 * this component stays.
 */
@Component(
    service = PortStatus.class,
    immediate = true,
    configurationPid = PortComponent.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
@Capability(
    namespace = "osgi.service",
    attribute = "objectClass:List<String>=\"ib.transport.RdmaPort\"")
@Designate(ocd = PortSettings.class, factory = true)
public final class PortComponent implements PortStatus {
  /** The factory PID of ports. */
  public static final String PID = "ib.port";

  private static final long FIRST_RETRY_MS = 250;
  private static final long LAST_RETRY_MS = 8000;

  /** A port that fails sooner after it was opened is not opened anew at once. */
  private static final long SHORT_LIFE_NS = TimeUnit.MILLISECONDS.toNanos(LAST_RETRY_MS);

  /** How long the end waits for a beginning. */
  private static final long OPENING_MS = 2000;

  /** How often the interface is looked at. */
  private static final long LOOK_MS = 1000;

  private final BundleContext context;
  private final Logger log;
  private final HostAgent agent;
  private final PortNames names;
  private final @Nullable PortConfig config;
  private final String label;
  private final Predicate<InetAddress> link;
  private final long lookMs;
  private final ScheduledThreadPoolExecutor retries;
  private volatile String state;
  private volatile @Nullable UdpPort port;

  // Guarded by this.
  private @Nullable ServiceRegistration<RdmaPort> registration;
  private @Nullable ScheduledFuture<?> retry;
  private @Nullable ScheduledFuture<?> linkLook;
  private long retryMs = FIRST_RETRY_MS;
  private @Nullable PacketTap tap;
  private long openedNs;

  /** The pause before the port is opened anew, if it did not live long. */
  private long reopenMs = FIRST_RETRY_MS;

  private boolean closed;

  /** Reads the configuration and opens the port; what is wrong is logged and shown. */
  @Activate
  public PortComponent(
      BundleContext context,
      @Reference(service = LoggerFactory.class) Logger log,
      @Reference HostAgent agent,
      @Reference PortNames names,
      Map<String, Object> properties) {
    this(context, log, agent, names, properties, PortComponent::isUp, LOOK_MS);
  }

  /**
   * As above.
   *
   * @param link tells whether the interface of an address is up
   * @param lookMs how often that is asked
   */
  PortComponent(
      BundleContext context,
      Logger log,
      HostAgent agent,
      PortNames names,
      Map<String, Object> properties,
      Predicate<InetAddress> link,
      long lookMs) {
    this.link = link;
    this.lookMs = lookMs;
    this.context = context;
    this.log = log;
    this.agent = agent;
    this.names = names;
    PortConfig read = null;
    String fault = "opening";
    try {
      read = PortConfigReader.read(properties);
    } catch (ConfigException e) {
      fault = "misconfigured: " + e.getMessage();
    }
    this.config = read;
    this.state = fault;
    this.label = read == null ? PortConfigReader.where(properties) : read.name();
    this.retries = new ScheduledThreadPoolExecutor(1, this::newThread);
    retries.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    if (read == null) {
      log.error("a port is not opened: {}", fault);
    } else {
      open(read);
    }
  }

  private Thread newThread(Runnable task) {
    Thread thread = new Thread(task, "ib-port-" + label);
    thread.setDaemon(true);
    return thread;
  }

  private void open(PortConfig wanted) {
    UdpPort opened = openSocket(wanted);
    if (opened != null) {
      register(wanted, opened);
    }
  }

  private synchronized @Nullable UdpPort openSocket(PortConfig wanted) {
    if (closed || port != null) {
      return null;
    }
    String taken = names.claim(wanted);
    if (taken != null) {
      tryLater(wanted, taken);
      return null;
    }
    try {
      UdpPort opened = UdpPort.open(wanted, agent.agent(), () -> reopenSoon(wanted));
      port = opened;
      opened.setTap(tap);
      state = "up";
      retryMs = FIRST_RETRY_MS;
      openedNs = System.nanoTime();
      if (Interfaces.of(wanted.address()) != null) {
        linkLook =
            retries.scheduleWithFixedDelay(
                () -> look(wanted, opened), lookMs, lookMs, TimeUnit.MILLISECONDS);
      }
      log.info(
          "port {} is open on {} (MTU {}, {}, window of {} packets)",
          wanted.name(),
          wanted.address().getHostAddress(),
          opened.activeMtuBytes(),
          opened.description(),
          opened.windowPackets());
      return opened;
    } catch (DatagramIoOpenException e) {
      names.release(wanted);
      tryLater(wanted, wanted.source() + ": " + e.getMessage());
      return null;
    }
  }

  /** An interface that went down, or lost the address, takes the port down; and up again. */
  private void look(PortConfig wanted, UdpPort opened) {
    boolean up = link.test(wanted.address());
    opened.setLink(up, up ? "its interface is up" : "its interface is down or lost the address");
  }

  private static boolean isUp(InetAddress address) {
    NetworkInterface link = Interfaces.of(address);
    try {
      return link != null && link.isUp();
    } catch (SocketException e) {
      return false;
    }
  }

  /** Without the lock: whoever waits for the port begins to use it in this call. */
  private void register(PortConfig wanted, UdpPort opened) {
    ServiceRegistration<RdmaPort> registered =
        context.registerService(
            RdmaPort.class,
            opened,
            FrameworkUtil.asDictionary(Map.of(RdmaPort.PORT, wanted.name())));
    boolean gone;
    synchronized (this) {
      gone = closed || !opened.equals(port);
      if (!gone) {
        registration = registered;
      }
    }
    if (gone) {
      registered.unregister();
    }
  }

  /** Each new reason is logged once; the pauses grow to eight seconds. */
  private void tryLater(PortConfig wanted, String reason) {
    String text = "waiting: " + reason;
    if (!text.equals(state)) {
      log.warn("port {} is not open and will be tried again: {}", wanted.name(), reason);
    }
    state = text;
    retry = retries.schedule(() -> open(wanted), retryMs, TimeUnit.MILLISECONDS);
    retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
  }

  /** On the agent thread, where nothing may wait. */
  private void reopenSoon(PortConfig wanted) {
    retries.execute(
        () -> {
          UdpPort failed = port;
          String reason = failed == null ? "closed" : failed.failure();
          state = "waiting: " + reason;
          log.error("port {} lost its socket: {}; it is opened anew", wanted.name(), reason);
          withdraw();
          if (isShortLived(wanted)) {
            return;
          }
          open(wanted);
        });
  }

  /**
   * Whether the port failed soon after it was opened: then it is opened after a pause, or who opens
   * and closes the other end of a link in turn would keep all users of the port busy.
   */
  private synchronized boolean isShortLived(PortConfig wanted) {
    if (System.nanoTime() - openedNs >= SHORT_LIFE_NS) {
      reopenMs = FIRST_RETRY_MS;
      return false;
    }
    if (!closed) {
      retry = retries.schedule(() -> open(wanted), reopenMs, TimeUnit.MILLISECONDS);
      reopenMs = Math.min(2 * reopenMs, LAST_RETRY_MS);
    }
    return true;
  }

  /**
   * Whoever uses the port is told first and lets go of it while it still works; no lock is held
   * meanwhile.
   */
  private void withdraw() {
    ServiceRegistration<RdmaPort> registered;
    UdpPort open;
    synchronized (this) {
      registered = registration;
      open = port;
      port = null;
      registration = null;
      if (linkLook != null) {
        linkLook.cancel(false);
        linkLook = null;
      }
    }
    if (registered != null) {
      registered.unregister();
    }
    if (open != null) {
      open.close();
    }
    if (config != null) {
      names.release(config);
    }
  }

  /** Closes the port; bounded by the agent's answer, and by what it takes to be opened. */
  @Deactivate
  void deactivate() {
    synchronized (this) {
      closed = true;
      if (retry != null) {
        retry.cancel(false);
      }
    }
    retries.shutdown();
    awaitOpening();
    withdraw();
    state = "closed";
  }

  /** Who is just opening and registering the port would otherwise do so after the end. */
  private void awaitOpening() {
    try {
      if (!retries.awaitTermination(OPENING_MS, TimeUnit.MILLISECONDS)) {
        log.warn("port {} is still being opened; it goes as soon as it is there", label);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public String label() {
    return label;
  }

  @Override
  public @Nullable UdpPort port() {
    return port;
  }

  @Override
  public synchronized void setTap(@Nullable PacketTap newTap) {
    tap = newTap;
    UdpPort open = port;
    if (open != null) {
      open.setTap(newTap);
    }
  }

  @Override
  public String state() {
    return state;
  }
}
