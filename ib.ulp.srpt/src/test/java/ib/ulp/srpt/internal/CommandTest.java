// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.srp.SrpCmd;
import ib.srp.SrpIu;
import ib.srp.SrpLun;
import ib.srp.SrpRsp;
import ib.ulp.srpt.internal.FakeInitiator.Desc;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CommandTest {
  private static final int BLOCK = FakeInitiator.BLOCK;
  private static final int INVALID_FIELD_IN_IU = 0x50E;
  private static final byte[] FLUSH = {0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0};

  private Rig rig;
  private FakeHca hca;
  private FakeInitiator initiator;

  @BeforeEach
  void login() {
    rig = new Rig();
    hca = rig.plug();
    initiator = rig.login();
    new Random(1).nextBytes(initiator.memory);
  }

  @AfterEach
  void close() {
    rig.close();
  }

  private byte[] memory(int at, int bytes) {
    return Arrays.copyOfRange(initiator.memory, at, at + bytes);
  }

  private byte[] disk(int lba, int bytes) {
    return Arrays.copyOfRange(rig.disk.bytes, lba * BLOCK, lba * BLOCK + bytes);
  }

  @Test
  void shouldWriteAndReadThroughADirectDescriptor() {
    initiator.write(7, 100, 300, Desc.direct(12_345, 300 * BLOCK));
    initiator.good(7);
    assertThat(disk(100, 300 * BLOCK)).isEqualTo(memory(12_345, 300 * BLOCK));
    initiator.read(8, 100, 300, Desc.direct(2_000_001, 300 * BLOCK));
    initiator.good(8);
    assertThat(memory(2_000_001, 300 * BLOCK)).isEqualTo(disk(100, 300 * BLOCK));
    assertThat(initiator.credits.get()).isEqualTo(16);
    assertThat(rig.ledger().received()).isEqualTo(2);
    assertThat(rig.ledger().answered()).isEqualTo(2);
    assertThat(rig.ledger().failed()).isZero();
  }

  @Test
  void shouldFollowEveryDescriptorOfAnIndirectOne() {
    Desc pieces = Desc.indirect(5000, 100, 9001, 0, 70_000, 1, 80_000, 3995);
    initiator.write(1, 3, 8, pieces);
    initiator.good(1);
    assertThat(disk(3, 100)).isEqualTo(memory(5000, 100));
    assertThat(disk(3, 101)[100]).isEqualTo(initiator.memory[70_000]);
    assertThat(Arrays.copyOfRange(disk(3, 4096), 101, 4096)).isEqualTo(memory(80_000, 3995));
    byte[] before = disk(3, 4096);
    new Random(2).nextBytes(initiator.memory);
    initiator.read(2, 3, 8, pieces);
    initiator.good(2);
    assertThat(memory(5000, 100)).isEqualTo(Arrays.copyOf(before, 100));
    assertThat(memory(80_000, 3995)).isEqualTo(Arrays.copyOfRange(before, 101, 4096));
  }

  @Test
  void shouldFetchATableThatIsNotWhollyInTheUnit() {
    int[] pairs = new int[2 * 2048];
    for (int i = 0; i < 2048; i++) {
      pairs[2 * i] = 1_000_000 + i * 700;
      pairs[2 * i + 1] = 512;
    }
    Desc desc = Desc.external(3, 64, pairs);
    initiator.writeTable(desc);
    // More pieces than the send queue has entries.
    initiator.write(1, 0, 2048, desc);
    initiator.good(1);
    for (int i = 0; i < 2048; i++) {
      assertThat(disk(i, 512)).isEqualTo(memory(pairs[2 * i], 512));
    }
    new Random(3).nextBytes(rig.disk.bytes);
    initiator.read(2, 0, 2048, desc);
    initiator.good(2);
    for (int i = 0; i < 2048; i++) {
      assertThat(memory(pairs[2 * i], 512)).isEqualTo(disk(i, 512));
    }
    assertThat(initiator.credits.get()).isEqualTo(16);
  }

  @Test
  void shouldRefuseTablesThatAreTooLongOrDoNotAddUp() {
    int[] pairs = new int[2 * 2049];
    for (int i = 0; i < 2049; i++) {
      pairs[2 * i + 1] = 16;
    }
    initiator.read(1, 0, 8, Desc.external(1, 64, pairs));
    assertThat(initiator.sense()).isEqualTo(INVALID_FIELD_IN_IU);
    // The table in memory is zero: it holds less than the descriptor says.
    Arrays.fill(initiator.memory, 0, 4096, (byte) 0);
    initiator.read(2, 0, 8, Desc.external(0, 64, 1000, 2048, 5000, 2048));
    assertThat(initiator.sense()).isEqualTo(INVALID_FIELD_IN_IU);
    initiator.write(3, 0, 8, Desc.external(0, 64, 1000, 2048, 5000, 2048));
    assertThat(initiator.sense()).isEqualTo(INVALID_FIELD_IN_IU);
    assertThat(rig.disk.writes.get()).isZero();
    assertThat(initiator.credits.get()).isEqualTo(16);
  }

  @Test
  void shouldTellWhatWasOfferedAndNotMoved() {
    initiator.read(1, 0, 2, Desc.direct(0, 5000));
    MemorySegment more = initiator.good(1);
    assertThat(SrpRsp.flags(more, 0)).isEqualTo(SrpRsp.IN_UNDERFLOW);
    assertThat(SrpRsp.inResidual(more, 0)).isEqualTo(5000 - 1024);

    byte[] behind = memory(700, 100);
    initiator.read(2, 0, 2, Desc.direct(0, 700));
    MemorySegment less = initiator.good(2);
    assertThat(SrpRsp.flags(less, 0)).isEqualTo(SrpRsp.IN_OVERFLOW);
    assertThat(SrpRsp.inResidual(less, 0)).isEqualTo(324);
    assertThat(memory(0, 700)).isEqualTo(disk(0, 700));
    assertThat(memory(700, 100)).as("behind the buffer").isEqualTo(behind);

    initiator.write(3, 0, 2, Desc.direct(0, 2000));
    MemorySegment out = initiator.good(3);
    assertThat(SrpRsp.flags(out, 0)).isEqualTo(SrpRsp.OUT_UNDERFLOW);
    assertThat(SrpRsp.outResidual(out, 0)).isEqualTo(976);

    initiator.write(4, 0, 2, Desc.direct(0, 1000));
    MemorySegment tooShort = initiator.response();
    assertThat(SrpRsp.status(tooShort, 0)).isEqualTo(2);
    assertThat(SrpRsp.flags(tooShort, 0)).isEqualTo(SrpRsp.OUT_OVERFLOW | SrpRsp.SENSE_VALID);
    assertThat(SrpRsp.outResidual(tooShort, 0)).isEqualTo(24);

    byte[] ready = new byte[6];
    initiator.send(FakeInitiator.command(5, 0, ready, Desc.direct(0, 10), Desc.direct(100, 20)));
    MemorySegment both = initiator.good(5);
    assertThat(SrpRsp.flags(both, 0)).isEqualTo(SrpRsp.IN_UNDERFLOW | SrpRsp.OUT_UNDERFLOW);
    assertThat(SrpRsp.outResidual(both, 0)).isEqualTo(10);
    assertThat(SrpRsp.inResidual(both, 0)).isEqualTo(20);

    initiator.read(6, 0, 2, Desc.NONE);
    assertThat(SrpRsp.inResidual(initiator.good(6), 0)).isEqualTo(1024);
  }

  @Test
  void shouldReportMediumErrorsAsSenseWithNothingMoved() {
    rig.disk.fails = true;
    initiator.read(1, 0, 8, Desc.direct(0, 4096));
    MemorySegment read = initiator.response();
    assertThat(SrpRsp.status(read, 0)).isEqualTo(2);
    assertThat(SrpRsp.inResidual(read, 0)).isEqualTo(4096);
    assertThat(SrpRsp.flags(read, 0)).isEqualTo(SrpRsp.IN_UNDERFLOW | SrpRsp.SENSE_VALID);
    initiator.write(2, 0, 8, Desc.direct(0, 4096));
    assertThat(initiator.sense()).isEqualTo(0x30C);
    initiator.read(3, 0, 8, Desc.direct(0, 4096));
    assertThat(initiator.sense()).isEqualTo(0x311);
    initiator.send(FakeInitiator.command(4, 0, FLUSH, Desc.NONE, Desc.NONE));
    assertThat(initiator.sense()).isEqualTo(0x30C);
    rig.disk.throwing = new IllegalStateException("odd");
    initiator.read(5, 0, 8, Desc.direct(0, 4096));
    assertThat(initiator.sense()).isEqualTo(0x311);
    assertThat(initiator.credits.get()).isEqualTo(16);
    assertThat(rig.ledger().failed()).isEqualTo(5);
    rig.disk.throwing = null;
    rig.disk.fails = false;
  }

  @Test
  void shouldAnswerTaskSetFullWhenDataCanNotBeMapped() {
    hca.ops.failMaps(2);
    initiator.read(1, 0, 8, Desc.direct(0, 4096));
    assertThat(SrpRsp.status(initiator.response(), 0)).isEqualTo(0x28);
    initiator.write(2, 0, 8, Desc.direct(0, 4096));
    assertThat(SrpRsp.status(initiator.response(), 0)).isEqualTo(0x28);
    initiator.write(3, 0, 8, Desc.direct(0, 4096));
    initiator.good(3);
    assertThat(initiator.credits.get()).isEqualTo(16);
  }

  @Test
  void shouldAnswerCommandsWithImmediateDataThatWasNotAgreedOn() {
    byte[] iu = FakeInitiator.command(1, 0, new byte[6], Desc.NONE, Desc.NONE);
    byte[] longer = Arrays.copyOf(iu, SrpCmd.LENGTH + 4 + 512);
    SrpCmd.formats(MemorySegment.ofArray(longer), 0, 3, 0);
    initiator.send(longer);
    assertThat(initiator.sense()).isEqualTo(INVALID_FIELD_IN_IU);
    assertThat(initiator.credits.get()).isEqualTo(16);
  }

  @Test
  void shouldAnswerForALogicalUnitThatIsNotThere() {
    initiator.send(
        FakeInitiator.command(
            1,
            SrpLun.encode(9),
            FakeInitiator.rw10(false, 0, 1),
            Desc.NONE,
            Desc.direct(0, BLOCK)));
    assertThat(initiator.sense()).isEqualTo(0x525);
  }

  @Test
  void shouldEndTheChannelWhenTheInitiatorsKeyIsWrong() {
    byte[] iu =
        FakeInitiator.command(
            1, 0, FakeInitiator.rw10(true, 0, 1), Desc.direct(0, BLOCK), Desc.NONE);
    ib.srp.SrpDirectBuf.key(MemorySegment.ofArray(iu), SrpCmd.LENGTH, 0xBAD);
    initiator.send(iu);
    Rig.await(() -> !initiator.qp.open, "the channel ends");
    assertThat(rig.disk.writes.get()).isZero();
    rig.login();
  }

  @Test
  void shouldNotLetAFlushDelayOtherCommands() {
    CountDownLatch gate = new CountDownLatch(1);
    rig.disk.flushGate = gate;
    initiator.send(FakeInitiator.command(1, 0, FLUSH, Desc.NONE, Desc.NONE));
    byte[] fua = FakeInitiator.rw10(true, 5, 1);
    fua[1] = 0x08;
    initiator.send(FakeInitiator.command(2, 0, fua, Desc.direct(0, BLOCK), Desc.NONE));
    initiator.write(3, 0, 8, Desc.direct(0, 4096));
    initiator.good(3);
    assertThat(initiator.responseWithin(50)).isNull();
    gate.countDown();
    initiator.good(1);
    initiator.good(2);
    assertThat(rig.disk.flushes.get()).isEqualTo(2);
    assertThat(disk(5, BLOCK)).isEqualTo(memory(2560, BLOCK));
  }

  /** Thousands of commands of all sizes with too few buffers and a short send queue. */
  @Test
  void shouldNeverLoseACreditNorExceedTheLimit() {
    long seed = 20_261_122;
    try (Rig small = new Rig(16, 1 << 20, Set.of())) {
      small.target.bind(small.device(40));
      FakeInitiator busy = small.login();
      int limit = busy.credits.get();
      Random random = new Random(seed);
      random.nextBytes(busy.memory);
      Set<Long> outstanding = new HashSet<>();
      Deque<byte[]> todo = new ArrayDeque<>();
      for (int i = 0; i < 4000; i++) {
        int blocks = random.nextInt(40) == 0 ? 2048 : 1 + random.nextInt(200);
        boolean write = random.nextBoolean();
        // Reads and writes in halves of memory of their own.
        int at = write ? 0 : 2 << 20;
        Desc desc =
            random.nextBoolean()
                ? Desc.direct(at, blocks * BLOCK)
                : Desc.indirect(at, blocks * BLOCK - 100, at + (1 << 20) + 7, 100);
        byte[] cdb = FakeInitiator.rw10(write, 0, blocks);
        todo.add(
            FakeInitiator.command(i, 0, cdb, write ? desc : Desc.NONE, write ? Desc.NONE : desc));
      }
      int answered = 0;
      while (answered < 4000) {
        assertThat(busy.credits.get()).as("seed %s", seed).isLessThanOrEqualTo(limit);
        while (busy.credits.get() > 0 && !todo.isEmpty()) {
          byte[] iu = todo.poll();
          outstanding.add(SrpIu.tag(MemorySegment.ofArray(iu), 0));
          busy.send(iu);
        }
        MemorySegment rsp = busy.response();
        assertThat(SrpRsp.status(rsp, 0)).as("seed %s", seed).isZero();
        assertThat(outstanding.remove(SrpIu.tag(rsp, 0))).as("seed %s", seed).isTrue();
        answered++;
      }
      assertThat(busy.credits.get()).as("seed %s", seed).isEqualTo(limit);
      assertThat(small.ledger().received()).isEqualTo(4000);
      assertThat(small.ledger().answered()).isEqualTo(4000);
      assertThat(small.ledger().executedTwice()).isZero();
      Rig.await(() -> small.target.buffers().isIdle(), "buffers came back");
    }
  }

  /** Whatever arrives: an answer or the end of the channel, and the target lives on. */
  @Test
  void shouldSurviveMutatedUnits() {
    long seed = 4711;
    Random random = new Random(seed);
    FakeInitiator victim = initiator;
    long used = rig.pool.usedBytes();
    int ended = 0;
    int answered = 0;
    for (int round = 0; round < 1500; round++) {
      if (victim == null || !victim.qp.open || victim.credits.get() == 0) {
        victim = rig.login();
        ended++;
      }
      byte[] iu = mutated(random, round);
      victim.send(iu);
      FakeInitiator at = victim;
      byte[] rsp = at.responseWithin(1);
      Rig.await(
          () -> rsp != null || !at.qp.open || !at.responses.isEmpty() || isSilent(iu),
          "an answer or the end, seed " + seed + " round " + round);
      answered += rsp != null || !at.responses.isEmpty() ? 1 : 0;
      at.responses.clear();
    }
    assertThat(ended).isPositive();
    assertThat(answered).isPositive();
    rig.login().read(1, 0, 1, Desc.direct(0, BLOCK));
    Rig.await(() -> rig.target.buffers().isIdle(), "buffers came back");
    assertThat(rig.pool.usedBytes()).as("memory is flat").isEqualTo(used);
    assertThat(rig.log).noneMatch(line -> line.contains("failed, java"));
  }

  /** Answers of an initiator need none. */
  private static boolean isSilent(byte[] iu) {
    return iu.length >= 16 && (iu[0] == 0x41 || iu[0] == 0x42);
  }

  private static byte[] mutated(Random random, int tag) {
    Desc desc = random.nextBoolean() ? Desc.direct(64, 4096) : Desc.indirect(64, 2048, 9000, 2048);
    byte[] iu =
        switch (random.nextInt(4)) {
          case 0 -> FakeInitiator.command(tag, 0, FakeInitiator.rw10(true, 0, 8), desc, Desc.NONE);
          case 1 -> FakeInitiator.command(tag, 0, FakeInitiator.rw10(false, 0, 8), Desc.NONE, desc);
          case 2 -> FakeInitiator.task(tag, 0, 1 << random.nextInt(8), tag - 1);
          default -> FakeInitiator.command(tag, 0, new byte[] {0x12, 0, 0, 1, 0, 0}, desc, desc);
        };
    for (int i = random.nextInt(4); i > 0; i--) {
      int range = random.nextBoolean() ? Math.min(48, iu.length) : iu.length;
      iu[random.nextInt(range)] = (byte) random.nextInt();
    }
    return random.nextInt(6) == 0 ? Arrays.copyOf(iu, random.nextInt(iu.length + 1)) : iu;
  }
}
