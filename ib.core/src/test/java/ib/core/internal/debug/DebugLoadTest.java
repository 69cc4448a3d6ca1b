// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.BusAccessor;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import ib.dma.IbDma;
import ib.dma.ScatterList;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whoever keeps to the rules is never reported, and finds the data where it belongs. */
class DebugLoadTest {
  private static final DmaDirection[] DIRECTIONS = {
    DmaDirection.BIDIRECTIONAL, DmaDirection.TO_DEVICE, DmaDirection.FROM_DEVICE
  };
  private static final int SLOT = 16_384;

  /** A user with one mapping in each of its slots of memory, and a device that does as it says. */
  private static final class User {
    private final Rig rig;
    private final IbDma dma;
    private final Random random;
    private final BusAccessor device;
    private final MemorySegment deviceBytes = Arena.ofAuto().allocate(SLOT);
    private final DmaMemory memory;
    private final List<Runnable> undo = new ArrayList<>();
    private final String seed;

    User(Rig rig, String owner, long seed) {
      this.rig = rig;
      this.seed = "seed " + seed;
      dma = rig.user(owner);
      random = new Random(seed);
      device = new BusAccessor(rig.bus);
      memory = rig.pool.allocate(8 * SLOT);
      for (int i = 0; i < 8; i++) {
        undo.add(null);
      }
    }

    void step() {
      int slot = random.nextInt(8);
      Runnable end = undo.set(slot, null);
      if (end != null) {
        end.run();
        return;
      }
      DmaDirection direction = DIRECTIONS[random.nextInt(3)];
      int length = 1 + random.nextInt(SLOT / 2);
      long offset = (long) slot * SLOT + random.nextInt(SLOT / 2);
      undo.set(
          slot,
          switch (random.nextInt(3)) {
            case 0 -> single(offset, length, direction);
            case 1 -> list(offset, length, direction);
            default -> coherent(length);
          });
    }

    private Runnable single(long offset, int length, DmaDirection direction) {
      byte mark = (byte) random.nextInt();
      MemorySegment mine = memory.segment().asSlice(offset, length).fill(mark);
      long address = dma.mapSingle(memory, offset, length, direction);
      assertThat(dma.mappingError(address)).as(seed).isFalse();
      for (int i = random.nextInt(4); i > 0; i--) {
        int from = random.nextInt(length);
        int part = 1 + random.nextInt(length - from);
        dma.syncSingleRangeForCpu(address, from, part, direction);
        if (direction.deviceMayRead()) {
          mine.asSlice(from, part).fill((byte) (mark + i));
        }
        dma.syncSingleRangeForDevice(address, from, part, direction);
      }
      byte expected = use(address, length, direction, mine);
      return () -> {
        dma.unmapSingle(address, length, direction);
        assertThat(mine.get(ValueLayout.JAVA_BYTE, length - 1)).as(seed).isEqualTo(expected);
      };
    }

    /** The device reads or writes all of a mapping; gives the last byte as it has to be then. */
    private byte use(long address, int length, DmaDirection direction, MemorySegment mine) {
      if (direction.deviceMayRead()) {
        assertThat(device.read(address, deviceBytes, 0, length)).as(seed).isTrue();
        assertThat(deviceBytes.asSlice(0, length).mismatch(mine)).as(seed).isEqualTo(-1);
      }
      if (!direction.deviceMayWrite()) {
        return mine.get(ValueLayout.JAVA_BYTE, length - 1);
      }
      byte written = (byte) random.nextInt();
      deviceBytes.fill(written);
      assertThat(device.write(address, deviceBytes, 0, length)).as(seed).isTrue();
      return written;
    }

    private Runnable list(long offset, int length, DmaDirection direction) {
      ScatterList list = new ScatterList(4);
      long at = offset;
      for (long left = length; left > 0; ) {
        long part = Math.min(left, 1 + random.nextInt(8192));
        list.add(memory, at, part);
        at += part;
        left -= part;
      }
      int entries = list.entries();
      int mapped = dma.mapSg(list, entries, direction);
      assertThat(mapped).as(seed).isPositive();
      for (int i = 0; i < mapped; i++) {
        long bytes = dma.dmaLen(list, i);
        boolean moved =
            direction.deviceMayRead()
                ? device.read(dma.dmaAddress(list, i), deviceBytes, 0, bytes)
                : device.write(dma.dmaAddress(list, i), deviceBytes, 0, bytes);
        assertThat(moved).as(seed).isTrue();
      }
      dma.syncSgForCpu(list, entries, direction);
      dma.syncSgForDevice(list, entries, direction);
      return () -> dma.unmapSg(list, entries, direction);
    }

    private Runnable coherent(int length) {
      DmaCoherent block = dma.allocCoherent(length);
      assertThat(block).as(seed).isNotNull();
      block.memory().segment().fill((byte) 1);
      assertThat(device.read(block.dmaAddress(), deviceBytes, 0, length)).as(seed).isTrue();
      return () -> dma.freeCoherent(block);
    }

    void end() {
      undo.stream().filter(end -> end != null).forEach(Runnable::run);
      assertThat(rig.ops.detach(dma.device())).as(seed).isEqualTo(DmaUsage.NONE);
      memory.close();
    }
  }

  @ParameterizedTest
  @CsvSource({"1,false", "2,false", "3,false", "4,true", "5,true"})
  void shouldNotReportLegalHistories(long seed, boolean identity) {
    Rig rig = new Rig(DebugSettings.DEFAULT, identity, -1);
    if (identity) {
      // Identity ops have no coherent memory and no bus that guards; streaming is what is left.
      IbDma dma = rig.dma;
      Random random = new Random(seed);
      DmaMemory memory = rig.pool.allocate(1 << 16);
      for (int step = 0; step < 3000; step++) {
        DmaDirection direction = DIRECTIONS[random.nextInt(3)];
        int length = 1 + random.nextInt(1 << 15);
        long address = dma.mapSingle(memory, random.nextInt(1 << 15), length, direction);
        assertThat(dma.mappingError(address)).isFalse();
        dma.syncSingleForCpu(address, length, direction);
        dma.unmapSingle(address, length, direction);
      }
    } else {
      User user = new User(rig, "ib.ulp.a", seed);
      for (int step = 0; step < 4000; step++) {
        user.step();
      }
      user.end();
    }
    assertThat(rig.findings.reports()).as("seed " + seed).isEmpty();
  }

  @Test
  void shouldNotReportSeveralUsersAtOnceAndLeakNothing() throws Exception {
    Rig rig = new Rig();
    long before = rig.pool.usedBytes();
    try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
      List<Future<?>> runs = new ArrayList<>();
      for (int t = 0; t < 3; t++) {
        long seed = 100 + t;
        runs.add(
            threads.submit(
                () -> {
                  User user = new User(rig, "ib.ulp.t" + seed, seed);
                  for (int step = 0; step < 2500; step++) {
                    user.step();
                  }
                  user.end();
                }));
      }
      for (Future<?> run : runs) {
        run.get();
      }
    }
    assertThat(rig.findings.reports()).isEmpty();
    assertThat(rig.findings.dropped()).isZero();
    assertThat(rig.pool.usedBytes()).isEqualTo(before);
  }
}
