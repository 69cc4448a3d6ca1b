// SPDX-License-Identifier: Apache-2.0
package ib.bench.stress;

import ib.bench.BenchException;
import ib.bench.runtime.BenchHost;
import ib.dma.DmaMemoryPool;
import ib.dma.debug.DmaDebug;
import ib.dma.debug.DmaReport;
import ib.dma.metrics.DmaMetrics;
import ib.verbs.DeviceInventory;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Several threads map, sync and unmap at random, take blocks of pools and map in two steps, on
 * devices in every mode and on ipath, all watched by DMA debug. Between epochs everything is
 * unmapped and the heap is read after a collection.
 */
final class DmaStress {
  private static final long EPOCH_LIMIT_MS = 600_000;
  private static final long SETTLE_NS = TimeUnit.SECONDS.toNanos(5);

  private final StressOptions options;
  private final Consumer<String> progress;
  private final List<StressReading> readings = new ArrayList<>();
  private final List<StressThread> threads = new ArrayList<>();
  private final long beganNs = System.nanoTime();

  DmaStress(StressOptions options, Consumer<String> progress) {
    this.options = options;
    this.progress = progress;
  }

  /** Runs on a host of its own. */
  StressResult run(Path runtime) throws BenchException {
    try (BenchHost host = BenchHost.start(runtime)) {
      DmaDebug debug = host.service(DmaDebug.class, null);
      debug.on("*");
      List<StressDevice> devices = StressDevice.all(host);
      progress.accept(
          "seed " + options.seed() + ", " + options.threads() + " threads on " + devices);
      String failure = epochs(host, devices, debug);
      return new StressResult(readings, failure, leave(host, devices), first(debug));
    }
  }

  private String epochs(BenchHost host, List<StressDevice> devices, DmaDebug debug)
      throws BenchException {
    DmaMemoryPool pool = host.service(DmaMemoryPool.class, null);
    DmaMetrics metrics = host.service(DmaMetrics.class, null);
    devices.forEach(StressDevice::touch);
    progress.accept(StressReading.HEAD);
    read(pool, metrics, debug);
    SplittableRandom random = new SplittableRandom(options.seed());
    for (int i = 0; i < options.threads(); i++) {
      threads.add(new StressThread(devices, pool, random.split()));
    }
    String failure = "";
    long done = 0;
    // The same threads all the time: what the operations keep for a thread is no leak.
    ExecutorService executor = Executors.newFixedThreadPool(options.threads());
    try {
      while (failure.isEmpty()
          && done < options.operations()
          && System.nanoTime() - beganNs < options.durationNs()) {
        long count = Math.min(options.epoch(), options.operations() - done);
        failure = epoch(executor, count);
        done += count;
        read(pool, metrics, debug);
      }
    } finally {
      executor.shutdown();
    }
    if (failure.isEmpty()) {
      threads.forEach(StressThread::close);
      devices.forEach(device -> device.blocks().close());
      settle(pool);
      read(pool, metrics, debug);
    }
    return failure;
  }

  /** One epoch on all threads; what failed in words, or nothing. */
  private String epoch(ExecutorService executor, long count) throws BenchException {
    List<Future<?>> running = new ArrayList<>();
    for (StressThread one : threads) {
      running.add(executor.submit(() -> one.run(count)));
    }
    String failure = "";
    for (Future<?> one : running) {
      try {
        one.get(EPOCH_LIMIT_MS, TimeUnit.MILLISECONDS);
      } catch (ExecutionException e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        cause.printStackTrace();
        failure = cause.toString();
      } catch (TimeoutException e) {
        throw new BenchException("an epoch did not end in " + EPOCH_LIMIT_MS / 1000 + " s", e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new BenchException("interrupted", e);
      }
    }
    return failure;
  }

  /** What was unmapped lazily is given back a little later. */
  private void settle(DmaMemoryPool pool) throws BenchException {
    long before = readings.getFirst().poolBytes();
    long deadlineNs = System.nanoTime() + SETTLE_NS;
    while (pool.usedBytes() > before && System.nanoTime() - deadlineNs < 0) {
      BenchHost.pause(TimeUnit.MILLISECONDS.toNanos(1));
    }
  }

  private void read(DmaMemoryPool pool, DmaMetrics metrics, DmaDebug debug) {
    System.gc();
    StressReading reading =
        new StressReading(
            (System.nanoTime() - beganNs) / 1e9,
            threads.stream().mapToLong(StressThread::operations).sum(),
            threads.stream().mapToLong(StressThread::refusals).sum(),
            ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(),
            metrics.attachments().stream().mapToLong(of -> of.statistics().live().total()).sum(),
            pool.usedBytes(),
            debug.total(),
            debug.dropped());
    readings.add(reading);
    progress.accept(reading.toString());
  }

  /** Takes the devices away; what core counted as left over. */
  private static long leave(BenchHost host, List<StressDevice> devices) throws BenchException {
    DeviceInventory inventory = host.service(DeviceInventory.class, null);
    for (StressDevice device : devices) {
      host.removeDevice(device.driver(), device.name());
    }
    return inventory.leftOverTotal();
  }

  private static String first(DmaDebug debug) {
    List<DmaReport> reports = debug.reports();
    return reports.isEmpty() ? "" : reports.getFirst().toString();
  }
}
