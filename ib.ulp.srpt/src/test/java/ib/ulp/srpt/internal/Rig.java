// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.block.CommandLedger.Login;
import ib.srp.LoginRejReason;
import ib.srp.SrpLoginReq;
import ib.srp.SrpLoginReqCm;
import ib.ulp.srpt.internal.scsi.LogicalUnit;
import ib.ulp.srpt.internal.scsi.LogicalUnits;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.osgi.service.log.Logger;

/** A target on devices in memory, with scripted initiators. */
final class Rig implements AutoCloseable {
  static final String TARGET_ID = "00000000000000030000000000000004";
  static final String INITIATOR_ID = "00000000000000010000000000000002";
  static final String OTHER_ID = "00000000000000010000000000000009";
  static final int MAX_TRANSFER = 1 << 20;

  final FakePool pool = new FakePool();
  final TestBacking disk = new TestBacking(8 << 20);
  final TestBacking second = new TestBacking(1 << 20);
  final List<FakeHca> devices = new ArrayList<>();
  final List<String> log = new CopyOnWriteArrayList<>();
  final Target target;

  /** Added to the target's clock. */
  final AtomicLong skippedNs = new AtomicLong();

  private long generation;

  Rig() {
    this(16, 4 << 20, Set.of());
  }

  Rig(int requestLimit, long bufferBytes, Set<String> initiators) {
    SrptConfig config =
        new SrptConfig(
            "t",
            "p0",
            5555,
            TARGET_ID,
            initiators,
            List.of(),
            FakeInitiator.BLOCK,
            requestLimit,
            MAX_TRANSFER,
            bufferBytes,
            "test");
    target =
        new Target(
            config,
            new LogicalUnits(
                List.of(
                    new LogicalUnit(0, "serial0", FakeInitiator.BLOCK, MAX_TRANSFER, disk),
                    new LogicalUnit(1, "serial1", FakeInitiator.BLOCK, MAX_TRANSFER, second))),
            pool,
            logger(),
            () -> System.nanoTime() + skippedNs.get());
  }

  private Logger logger() {
    return (Logger)
        Proxy.newProxyInstance(
            Rig.class.getClassLoader(),
            new Class<?>[] {Logger.class},
            (proxy, method, arguments) -> {
              log.add(method.getName() + " " + Arrays.deepToString(arguments));
              return null;
            });
  }

  FakeHca device() {
    return device(256);
  }

  FakeHca device(int maxQpWr) {
    FakeHca hca = new FakeHca(++generation, maxQpWr);
    devices.add(hca);
    return hca;
  }

  FakeHca plug() {
    FakeHca hca = device();
    target.bind(hca);
    return hca;
  }

  /** Leaves a device; nothing of it may be left. Returns how long that took, which has a bound. */
  long unplug(FakeHca hca) {
    long begin = System.nanoTime();
    target.unbind(hca);
    long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
    assertThat(hca.resources).as("resources of generation %s", hca.generation()).isEmpty();
    assertThat(hca.ops.live()).as("mappings of generation %s", hca.generation()).isZero();
    assertThat(tookMs).as("ms to leave").isLessThan(30_000);
    return tookMs;
  }

  static Consumer<MemorySegment> multi() {
    return iu -> SrpLoginReqCm.flags(iu, 0, SrpLoginReq.ACTION_MULTI);
  }

  FakeInitiator ask(String id, Consumer<MemorySegment> change) {
    FakeInitiator initiator = new FakeInitiator(id, change);
    initiator.hca = devices.isEmpty() ? null : devices.getLast();
    target.connectRequest(initiator);
    return initiator;
  }

  FakeInitiator login() {
    return login(INITIATOR_ID, iu -> {});
  }

  FakeInitiator login(String id, Consumer<MemorySegment> change) {
    FakeInitiator initiator = ask(id, change);
    assertThat(initiator.isRejected()).as("rejected; log %s", log).isFalse();
    initiator.hca = devices.getLast();
    return initiator;
  }

  static LoginRejReason reason(FakeInitiator initiator) {
    return LoginRejReason.of(
        ib.srp.SrpLoginRej.reason(MemorySegment.ofArray(initiator.answer()), 0));
  }

  static void await(BooleanSupplier condition, String what) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what).isLessThan(end);
      try {
        Thread.sleep(1);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Returns when the target has dealt with everything that was sent to a device before. */
  void settle(FakeHca hca) {
    for (int turn = 0; turn < 3; turn++) { // a turn of the worker may leave some for the next
      barrier(done -> hca.agent.execute(done));
      barrier(done -> await(() -> target.worker().offer(done), "the worker has room"));
    }
  }

  private static void barrier(Consumer<Runnable> queue) {
    CountDownLatch passed = new CountDownLatch(1);
    queue.accept(passed::countDown);
    try {
      assertThat(passed.await(8, TimeUnit.SECONDS)).as("barrier passed").isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  Login ledger() {
    return target.ledger().logins().getLast();
  }

  boolean logged(String text) {
    return log.stream().anyMatch(line -> line.contains(text));
  }

  @Override
  public void close() {
    target.close();
    for (FakeHca hca : devices) {
      assertThat(hca.resources).as("resources of generation %s", hca.generation()).isEmpty();
      assertThat(hca.ops.live()).as("mappings of generation %s", hca.generation()).isZero();
      assertThat(hca.misuse).isEmpty();
      assertThat(hca.ops.misuse).isEmpty();
      hca.close();
    }
    await(() -> pool.usedBytes() == 0 && disk.closed, "memory given back, media closed");
    assertThat(log).noneMatch(line -> line.startsWith("error [a job of"));
  }
}
