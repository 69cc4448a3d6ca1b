// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.demo;

import ib.block.BlockDevice;
import ib.block.CommandLedger;
import ib.block.DiskFigures;
import ib.block.DiskStatistics;
import ib.dma.DmaMemoryPool;
import ib.dma.debug.DmaDebug;
import ib.dma.metrics.DmaMetrics;
import ib.verbs.DeviceInventory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.util.tracker.ServiceTracker;

/** The demonstration: sets up target and disk on the running host, copies, swaps, reports. */
final class Demo {
  private static final String DISK = "demo";
  private static final String INITIATOR_PORT_ID = "0002c903000e8acd0002c903000e8acd";
  private static final String TARGET_PORT_ID = "0002c903000e8ace0002c903000e8ace";
  private static final long READY_S = 30;
  private static final long QUIET_MS = 1500;
  private static final long END_S = 240;
  private static final long MIB = 1 << 20;

  private final BundleContext context;
  private final DemoOptions options;
  private final Path home;
  private final Path work;
  private final GapMonitor gaps = new GapMonitor();
  private final Side initiator = new Side("initiator", "p0", "ib.driver.mthca", "mthca0");
  private final Side target = new Side("target", "p1", "ib.driver.ehca", "ehca0");

  /**
   * Creates the demonstration.
   *
   * @param home runtime directory, for the drivers' jars as built
   * @param work its own folder, with {@code etc} and {@code deploy} watched by the host
   */
  Demo(BundleContext context, DemoOptions options, Path home, Path work) {
    this.context = context;
    this.options = options;
    this.home = home;
    this.work = work;
  }

  DemoReport run() throws DemoException, IOException {
    Folders folders =
        new Folders(
            work.resolve("deploy"),
            work.resolve("etc"),
            Files.createDirectories(work.resolve("staging")));
    DmaMemoryPool pool = await(DmaMemoryPool.class, null);
    DeviceInventory inventory = await(DeviceInventory.class, null);
    Stage stage = new Stage(context, inventory, folders, home.resolve("deploy"));
    stage.awaitActive(initiator, 0);
    stage.awaitActive(target, 0);
    DmaSetup dma =
        new DmaSetup(
            context, options.dma(), await(DmaMetrics.class, null), await(DmaDebug.class, null));
    dma.apply(stage, initiator, target);
    try (Capture _ = Capture.start(context, initiator.port, options.pcap())) {
      // The capture begins before the first login.
      configureTarget(folders);
      await(CommandLedger.class, null);
      configureInitiator(folders);
      return copy(stage, pool, inventory, dma);
    }
  }

  private DemoReport copy(Stage stage, DmaMemoryPool pool, DeviceInventory inventory, DmaSetup dma)
      throws DemoException, IOException {
    BlockDevice disk = await(BlockDevice.class, "(" + BlockDevice.NAME + "=" + DISK + ")");
    DiskStatistics statistics =
        await(DiskStatistics.class, "(" + BlockDevice.NAME + "=" + DISK + ")");
    SwapRun swaps =
        new SwapRun(stage, initiator, target, statistics, gaps, options.seed(), this::show);
    try (Workload load = new Workload(disk, pool, options.file(), options.depth(), gaps)) {
      long beganNs = System.nanoTime();
      double quietGapMs = runLoad(load, stage, swaps);
      double seconds = (System.nanoTime() - beganNs) / 1e9;
      DiskFigures figures = statistics.figures();
      leave(stage);
      return new DemoReport(
          options,
          swaps.timeline(),
          quietGapMs,
          load.fileSha256(),
          load.readBackSha256(),
          load.passes(),
          load.bytesMoved(),
          seconds,
          load.lost(),
          load.completedTwice() + figures.completedTwice(),
          load.failed() + figures.failed() - load.retried(),
          load.mismatches(),
          inventory.leftOverTotal(),
          inventory.detachCount(),
          figures,
          logins(),
          dma.outcome(load));
    }
  }

  /**
   * Ends the disk in order, so that its last detach counts too and the target leaves nobody
   * waiting.
   */
  private void leave(Stage stage) throws DemoException, IOException {
    stage.folders().unconfigure("ib.ulp.srp", DISK);
    stage.await(
        "the disk did not end", () -> context.getServiceReference(DiskStatistics.class) == null);
  }

  /**
   * Runs the workload on a thread of its own and the swaps on this one; returns the longest gap of
   * the quiet window before them.
   */
  private double runLoad(Workload load, Stage stage, SwapRun swaps)
      throws DemoException, IOException {
    AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
    Thread thread = Thread.ofPlatform().name("openhca-demo").start(() -> loadThread(load, failure));
    double quietGapMs;
    try {
      stage.await("the copy did not begin", () -> load.completions() > options.depth());
      gaps.begin();
      stage.pause(QUIET_MS);
      quietGapMs = gaps.longestNs() / 1e6;
      swaps.run(options.swaps());
    } finally {
      load.end();
      join(thread);
    }
    Exception cause = failure.get();
    if (cause != null) {
      throw new DemoException("the copy failed: " + cause.getMessage(), cause);
    }
    return quietGapMs;
  }

  private static void loadThread(Workload load, AtomicReference<@Nullable Exception> failure) {
    try {
      load.run();
    } catch (DemoException | RuntimeException e) {
      failure.set(e);
    }
  }

  private static void join(Thread thread) throws DemoException {
    try {
      if (!thread.join(java.time.Duration.ofSeconds(END_S))) {
        throw new DemoException("the copy did not end within " + END_S + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DemoException("interrupted", e);
    }
  }

  private void configureTarget(Folders folders) throws IOException {
    long lunBytes = (Files.size(options.file()) + MIB) / MIB * MIB;
    folders.configure(
        "ib.ulp.srpt",
        DISK,
        Map.of(
            "name",
            DISK,
            "port",
            target.port,
            "target.port.id",
            TARGET_PORT_ID,
            "luns",
            new String[] {"0=file:" + work.resolve("lun0.img") + "," + lunBytes}));
  }

  private void configureInitiator(Folders folders) throws IOException {
    folders.configure(
        "ib.ulp.srp",
        DISK,
        Map.of(
            "name", DISK,
            "port", initiator.port,
            "target.address", targetAddress(),
            "initiator.port.id", INITIATOR_PORT_ID,
            "target.port.id", TARGET_PORT_ID));
  }

  /** The target's port has its address from the configuration that the host started with. */
  private String targetAddress() throws IOException {
    for (String line :
        Files.readAllLines(work.resolve("etc").resolve("ib.port-" + target.port + ".config"))) {
      String[] parts = line.split("=", 2);
      if (parts.length == 2 && parts[0].strip().equals("address")) {
        return parts[1].strip().replace("\"", "");
      }
    }
    throw new IOException("ib.port-" + target.port + ".config gives no address");
  }

  private void show(SwapRecord swap) {
    if (!options.json()) {
      System.out.println(DemoReport.line(swap));
    }
  }

  private List<CommandLedger.Login> logins() {
    List<CommandLedger.Login> all = new ArrayList<>();
    try {
      for (ServiceReference<CommandLedger> reference :
          context.getServiceReferences(CommandLedger.class, null)) {
        CommandLedger ledger = context.getService(reference);
        if (ledger != null) {
          all.addAll(ledger.logins());
        }
      }
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException("a null filter is valid", e);
    }
    return all;
  }

  private <T> T await(Class<T> type, @Nullable String filter) throws DemoException {
    String what = "(" + Constants.OBJECTCLASS + "=" + type.getName() + ")";
    ServiceTracker<T, T> tracker;
    try {
      tracker =
          new ServiceTracker<>(
              context,
              FrameworkUtil.createFilter(filter == null ? what : "(&" + what + filter + ")"),
              null);
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException("filter of " + type, e);
    }
    tracker.open();
    try {
      T service = tracker.waitForService(TimeUnit.SECONDS.toMillis(READY_S));
      if (service == null) {
        throw new DemoException(
            "no "
                + type.getSimpleName()
                + " within "
                + READY_S
                + " s; see the log above for what is missing");
      }
      return service;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DemoException("interrupted", e);
    }
  }
}
