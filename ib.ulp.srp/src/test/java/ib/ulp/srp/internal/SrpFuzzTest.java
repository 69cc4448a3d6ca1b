// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.block.BlockDeviceState;
import ib.block.BlockOperation;
import ib.block.BlockStatus;
import ib.dma.DmaMemory;
import ib.srp.SrpCheck;
import ib.srp.SrpFuzzRun;
import ib.srp.SrpFuzzUnits;
import ib.srp.SrpIu;
import ib.srp.SrpOpcode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * Information units and login answers of a hostile target against the initiator, while commands are
 * in flight. {@code ./ib fuzz --srp} sends more: {@code -Dopenhca.fuzz.units=N
 * -Dopenhca.fuzz.seed=S}.
 *
 * <p>Checked: no handler throws; each request is completed once; nothing is left of a login; memory
 * stays flat; once the target is honest again, what was written is read.
 */
class SrpFuzzTest extends SrpFuzzRun {
  private static final int UNITS = 2_000;
  private static final int BATCH = 4;
  private static final int LOOK_EVERY = 256;
  private static final int BLOCKS = 8;
  private static final int OUTSTANDING = 8;
  private static final long MOST_GROWTH_BYTES = 8L << 20;

  private final AtomicInteger twice = new AtomicInteger();

  @Test
  void shouldBearWhateverATargetSends() {
    run(UNITS, this::attack);
  }

  private void attack(long seed, int count) {
    Random random = new Random(seed);
    SrpFuzzUnits units = new SrpFuzzUnits(random, 0, 0, 1);
    Random logins = new Random(seed);
    SrpFuzzUnits loginUnits = new SrpFuzzUnits(logins, 0, 0, 1);
    ArrayDeque<CompletableFuture<BlockStatus>> running = new ArrayDeque<>();
    long began = 0;
    try (Rig rig = new Rig(seed)) {
      FakeHca hca = rig.plug();
      rig.running();
      rig.target.loginAnswer =
          right ->
              logins.nextInt(8) == 0
                  ? Arrays.copyOf(loginUnits.mutate(right), right.length)
                  : right;
      DmaMemory data = rig.memory(BLOCKS * FakeTarget.BLOCK);
      for (int i = 1; i <= count; i++) {
        rig.running();
        attackOnce(rig, random, units);
        if (i % BATCH == 0) {
          settle(rig);
        }
        begin(rig, random, data, running);
        if (i % LOOK_EVERY == 0) {
          check(rig, hca);
          began = i == 2 * LOOK_EVERY ? usedBytes() : began;
        }
      }
      assertThat(usedBytes() - began).as("growth").isLessThan(MOST_GROWTH_BYTES);
      rig.target.loginAnswer = right -> right;
      restore(rig);
      running.forEach(rig::get);
      end(rig, random);
      check(rig, hca);
      assertThat(rig.disk.figures().submitted()).isEqualTo(rig.disk.finished());
      System.out.printf(
          "%d units of a target from seed %d: %d logins, %d requests%n",
          count, seed, rig.target.sessions.size(), rig.disk.finished());
      assertThat(rig.target.sessions).hasSizeGreaterThan(count / 200);
    }
  }

  /** To whoever is logged in. */
  private static void attackOnce(Rig rig, Random random, SrpFuzzUnits units) {
    long tag = random.nextInt(3) == 0 ? rig.target.lastTag : random.nextLong();
    byte[] unit = units.wrongOfTarget(tag);
    // One that ends the login is followed by a new one, which takes a while: fewer of them.
    boolean sound = SrpCheck.check(MemorySegment.ofArray(unit), 0, unit.length, 0) == null;
    boolean response =
        unit.length > 0 && sound && SrpIu.opcode(MemorySegment.ofArray(unit), 0) == SrpOpcode.RSP;
    rig.target.send(response || random.nextInt(8) == 0 ? unit : units.ofTarget(tag));
  }

  private void begin(
      Rig rig, Random random, DmaMemory data, ArrayDeque<CompletableFuture<BlockStatus>> running) {
    running.removeIf(CompletableFuture::isDone);
    if (running.size() < OUTSTANDING && rig.disk.state() == BlockDeviceState.RUNNING) {
      BlockOperation op = random.nextBoolean() ? BlockOperation.READ : BlockOperation.WRITE;
      CompletableFuture<BlockStatus> result =
          new CompletableFuture<>() {
            @Override
            public boolean complete(BlockStatus status) {
              boolean first = super.complete(status);
              twice.addAndGet(first ? 0 : 1);
              return first;
            }
          };
      int lba = random.nextInt(Rig.BLOCKS - BLOCKS);
      if (rig.disk.submit(rig.request(result, op, lba, BLOCKS, data, 1))) {
        running.add(result);
      }
    }
  }

  /** Returns when the agent has done what it was asked for before. */
  private static void settle(Rig rig) {
    CompletableFuture<Void> passed = new CompletableFuture<>();
    rig.agent.execute(() -> passed.complete(null));
    passed.join();
  }

  private void check(Rig rig, FakeHca hca) {
    noneUncaught();
    assertThat(hca.ops.misuse).isEmpty();
    assertThat(twice.get()).as("requests completed twice").isZero();
    assertThat(rig.disk.ledger().callbackFailures.sum()).isZero();
    rig.target.faults.clear();
    rig.target.tasks.clear();
    rig.log.clear();
  }

  /** A new login: in the old one the target may have taken back all credit. */
  private static void restore(Rig rig) {
    // What was sent last may still end a login.
    settle(rig);
    rig.running();
    rig.target.disconnectNewest();
    settle(rig);
    rig.running();
  }

  private static void end(Rig rig, Random random) {
    DmaMemory out = rig.memory(BLOCKS * FakeTarget.BLOCK);
    DmaMemory in = rig.memory(BLOCKS * FakeTarget.BLOCK);
    byte[] pattern = new byte[BLOCKS * FakeTarget.BLOCK];
    random.nextBytes(pattern);
    out.segment().copyFrom(MemorySegment.ofArray(pattern));
    assertThat(rig.run(BlockOperation.WRITE, 0, BLOCKS, out, 1)).isEqualTo(BlockStatus.OK);
    assertThat(rig.run(BlockOperation.READ, 0, BLOCKS, in, 1)).isEqualTo(BlockStatus.OK);
    assertThat(in.segment().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(pattern);
  }
}
