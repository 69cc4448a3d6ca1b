// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.IbDevice;
import ib.dma.IbDma;
import ib.dma.ScatterList;
import ib.srp.SrpDirectBuf;
import ib.verbs.PostResult;
import ib.verbs.QueuePair;
import ib.verbs.SendWr;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests against a model that knows where each single byte belongs. */
class TransferTest {
  private static final int MAX_SGE = 3;

  /** Remote byte that each local byte was moved from or to, by index in the transfer. */
  private final List<long[]> moved = new ArrayList<>();

  private int requests;
  private int signaled;

  private QueuePair queuePair() {
    return (QueuePair)
        Proxy.newProxyInstance(
            TransferTest.class.getClassLoader(),
            new Class<?>[] {QueuePair.class},
            (proxy, method, arguments) -> {
              take((SendWr) arguments[0]);
              return PostResult.OK;
            });
  }

  private void take(SendWr request) {
    assertThat(request.sges().count()).isBetween(1, MAX_SGE);
    assertThat(request.sges().totalBytes()).isBetween(1L, Transfer.MAX_REQUEST_BYTES);
    long remote = request.remoteAddress();
    for (int i = 0; i < request.sges().count(); i++) {
      for (int b = 0; b < request.sges().length(i); b++) {
        moved.add(new long[] {request.rkey(), remote++, request.sges().address(i) + b});
      }
    }
    requests++;
    signaled += request.signaled() ? 1 : 0;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void shouldMoveEachByteOnceToItsPlace(long seed) {
    Random random = new Random(seed);
    FakePool pool = new FakePool();
    FakeDmaOps ops = new FakeDmaOps(0x1000_0000L);
    IbDma dma = new IbDma(new IbDevice("d", 1, -1, 1 << 20, -1, "test"), ops);
    for (int round = 0; round < 60; round++) {
      ScatterList local = new ScatterList(4);
      try (DmaMemory memory = pool.allocate(1 << 16)) {
        List<Long> localBytes = new ArrayList<>();
        int bytes = 0;
        for (int i = 1 + random.nextInt(6); i > 0; i--) {
          int length = 1 + random.nextInt(random.nextBoolean() ? 10 : 3000);
          local.add(memory, random.nextInt(1000), length);
          bytes += length;
        }
        int mapped = dma.mapSg(local, local.entries(), DmaDirection.TO_DEVICE);
        for (int i = 0; i < mapped; i++) {
          for (long b = 0; b < dma.dmaLen(local, i); b++) {
            localBytes.add(dma.dmaAddress(local, i) + b);
          }
        }
        RemoteBuffers remote = new RemoteBuffers();
        List<long[]> remoteBytes = remote(random, bytes, remote);
        int end = 1 + random.nextInt(bytes);
        move(random, dma, local, mapped, remote, end);
        assertThat(moved).as("seed %s round %s", seed, round).hasSize(end);
        for (int b = 0; b < end; b++) {
          assertThat(moved.get(b))
              .as("seed %s round %s byte %s", seed, round, b)
              .containsExactly(remoteBytes.get(b)[0], remoteBytes.get(b)[1], localBytes.get(b));
        }
        dma.unmapSg(local, local.entries(), DmaDirection.TO_DEVICE);
      }
      moved.clear();
    }
  }

  /** Descriptors for at least so many bytes, some of them empty. */
  private static List<long[]> remote(Random random, int bytes, RemoteBuffers into) {
    MemorySegment table = MemorySegment.ofArray(new byte[200 * SrpDirectBuf.LENGTH]);
    List<long[]> places = new ArrayList<>();
    int entries = 0;
    while (places.size() < bytes) {
      long va = random.nextLong() & 0xFFFF_FFFFL;
      boolean rest = entries == 150;
      int length = rest ? bytes : random.nextInt(4) == 0 ? 0 : 1 + random.nextInt(400);
      SrpDirectBuf.write(table, (long) entries * SrpDirectBuf.LENGTH, va, entries, length);
      for (int b = 0; b < length; b++) {
        places.add(new long[] {entries, va + b});
      }
      entries++;
    }
    into.readTable(table, 0, entries);
    return places;
  }

  /** In rounds of a few requests; exactly the last of each gives a completion. */
  private void move(
      Random random, IbDma dma, ScatterList local, int mapped, RemoteBuffers remote, int end) {
    Transfer transfer = new Transfer(MAX_SGE);
    QueuePair qp = queuePair();
    long from = 0;
    int expected = transfer.count(dma, local, mapped, remote, 0, end);
    int total = 0;
    while (from < end) {
      int left = transfer.count(dma, local, mapped, remote, from, end);
      int limit = Math.min(left, 1 + random.nextInt(5));
      requests = 0;
      signaled = 0;
      boolean ok =
          transfer.post(
              qp, dma, local, mapped, remote, from, end, limit, 1, WrOpcode.RDMA_READ, 9, true);
      assertThat(ok).isTrue();
      assertThat(requests).isEqualTo(limit);
      assertThat(signaled).isEqualTo(1);
      assertThat(transfer.reached()).isGreaterThan(from);
      from = transfer.reached();
      total += requests;
    }
    assertThat(total).as("cuts at the same places whatever the rounds").isEqualTo(expected);
  }
}
