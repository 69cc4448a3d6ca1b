// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.block.BlockDeviceState;
import ib.block.BlockOperation;
import ib.block.BlockRequest;
import ib.block.BlockStatus;
import ib.dma.DmaMemory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/** A disk on fake devices and a scripted target. */
final class Rig implements AutoCloseable, EventLog, PathKeeper.Listener {
  static final int BLOCKS = 4096;

  final ScheduledExecutorService agent = Executors.newSingleThreadScheduledExecutor();
  final FakePool pool = new FakePool();
  final FakeTarget target;
  final FakeManager manager;
  final SrpDisk disk;
  final List<FakeHca> devices = new ArrayList<>();
  final List<String> log = new CopyOnWriteArrayList<>();

  final AtomicInteger ready = new AtomicInteger();
  final AtomicInteger lost = new AtomicInteger();

  /** Added to the clock by tests. */
  final AtomicLong skippedNs = new AtomicLong();

  private long generation;

  /** Far more than anything takes on a busy machine, and what only a wait without end exceeds. */
  private static final long WAIT_S = 60;

  /** Less than the 20 s that a login is waited for, and more than a busy machine needs. */
  private static final long LEAVE_NS = TimeUnit.SECONDS.toNanos(15);

  Rig(long seed, Object... settings) {
    target = new FakeTarget(agent, seed, BLOCKS);
    manager = new FakeManager(agent, target);
    Map<String, Object> config = config();
    for (int i = 0; i < settings.length; i += 2) {
      config.put((String) settings[i], settings[i + 1]);
    }
    disk = new SrpDisk(SrpConfig.of(config), () -> System.nanoTime() + skippedNs.get(), this, this);
    disk.keeper().pool(pool);
    disk.keeper().bind(manager);
    disk.keeper().start();
  }

  static Map<String, Object> config() {
    Map<String, Object> config = new HashMap<>();
    config.put("name", "disk0");
    config.put("port", "p0");
    config.put("target.address", "127.81.0.2");
    config.put("initiator.port.id", "00000000000000010000000000000002");
    config.put("target.port.id", "00000000000000030000000000000004");
    return config;
  }

  FakeHca device() {
    return device(1 << 20);
  }

  FakeHca device(int maxSegmentBytes) {
    FakeHca hca = new FakeHca("fake0", ++generation, agent, maxSegmentBytes);
    devices.add(hca);
    return hca;
  }

  FakeHca plug() {
    FakeHca hca = device();
    disk.keeper().bind(hca);
    return hca;
  }

  void unplug(FakeHca hca) {
    disk.keeper().unbind(hca);
    assertThat(hca.leftovers()).as("left over of %s: %s", hca.generation(), hca.resources).isZero();
    hca.withdrawn = true;
  }

  /** As {@link #unplug}; nothing that it could wait for comes. */
  void unplugInTime(FakeHca hca) {
    long beganNs = System.nanoTime();
    unplug(hca);
    assertThat(System.nanoTime() - beganNs).isLessThan(LEAVE_NS);
  }

  Rig running() {
    await(() -> disk.state() == BlockDeviceState.RUNNING, "running");
    return this;
  }

  void await(BooleanSupplier condition, String what) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_S);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("%s; %s; log %s", what, disk.figures(), log).isLessThan(end);
      try {
        Thread.sleep(1);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  DmaMemory memory(int bytes) {
    return pool.allocate(bytes);
  }

  BlockRequest request(
      CompletableFuture<BlockStatus> result,
      BlockOperation op,
      long lba,
      int blocks,
      DmaMemory memory,
      int pieces) {
    BlockRequest request =
        new BlockRequest(16).reset(op, lba, blocks, (r, status) -> result.complete(status));
    int piece = pieces == 0 ? 0 : blocks * FakeTarget.BLOCK / pieces;
    for (int i = 0; i < pieces; i++) {
      request.data().add(memory, (long) i * piece, piece);
    }
    return request;
  }

  CompletableFuture<BlockStatus> start(
      BlockOperation op, long lba, int blocks, DmaMemory memory, int pieces) {
    CompletableFuture<BlockStatus> result = new CompletableFuture<>();
    assertThat(disk.submit(request(result, op, lba, blocks, memory, pieces))).isTrue();
    return result;
  }

  BlockStatus run(BlockOperation op, long lba, int blocks, DmaMemory memory, int pieces) {
    return get(start(op, lba, blocks, memory, pieces));
  }

  BlockStatus get(CompletableFuture<BlockStatus> result) {
    try {
      return result.get(WAIT_S, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError("no completion; " + disk.figures() + "; log " + log, e);
    }
  }

  /** Nothing lost, nothing twice, nothing left. */
  void checkLedger() {
    assertThat(disk.figures().completedTwice()).isZero();
    assertThat(disk.figures().submitted()).isEqualTo(disk.finished());
    assertThat(disk.ledger().callbackFailures.sum()).isZero();
    assertThat(target.faults).isEmpty();
    devices.forEach(hca -> assertThat(hca.ops.misuse).isEmpty());
  }

  @Override
  public void onReady() {
    ready.incrementAndGet();
  }

  @Override
  public void onLost() {
    lost.incrementAndGet();
  }

  @Override
  public void info(String words) {
    log.add(words);
  }

  @Override
  public void warn(String words) {
    log.add("WARN " + words);
  }

  @Override
  public void close() {
    disk.keeper().stop();
    for (FakeHca hca : devices) {
      assertThat(hca.leftovers())
          .as("left over of generation %s: %s", hca.generation(), hca.resources)
          .isZero();
    }
    agent.shutdownNow();
  }
}
