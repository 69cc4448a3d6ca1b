// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.PortQp;
import ib.transport.SendWqe;
import ib.transport.wire.Opcode;
import ib.verbs.AccessFlags;
import ib.verbs.FlushLevel;
import ib.verbs.FlushPlacement;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.WcFlags;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Atomics, ATOMIC WRITE, FLUSH, invalidation, local operations, fences and inline data. */
class OperationsTest {
  private static final int CELL = 4096;
  private static final int RESULT = 8192;
  private static final int TO = 500_000;

  private static long longAt(SimMemory memory, int offset) {
    return memory.segment.get(ValueLayout.JAVA_LONG, offset);
  }

  private static void atomic(Pair pair, WrOpcode opcode, long compareAdd, long swap) {
    pair.backendA.post(
        opcode,
        RESULT,
        8,
        wqe -> {
          wqe.setRemote(SimMemory.BASE + CELL, pair.b.memory.allKey);
          wqe.setAtomic(compareAdd, swap);
        });
    pair.qpA.kickSend();
  }

  private static void post(Pair pair, WrOpcode opcode, int length, Consumer<SendWqe> more) {
    pair.backendA.post(opcode, 0, length, more);
    pair.qpA.kickSend();
  }

  private static Consumer<SendWqe> remote(Pair pair) {
    return wqe -> wqe.setRemote(SimMemory.BASE + TO, pair.b.memory.allKey);
  }

  private static void assertStatuses(Pair pair, WcStatus... expected) {
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(expected);
  }

  // Atomics.

  @Test
  void shouldFetchAndAdd() throws Exception {
    Pair pair = Pair.connected(a -> a);
    long there = longAt(pair.b.memory, CELL);
    atomic(pair, WrOpcode.ATOMIC_FETCH_AND_ADD, -5, 0);
    pair.settle();
    assertThat(pair.backendA.sendDone)
        .containsExactly(new SimBackend.SendDone(0, true, WcStatus.SUCCESS, WcOpcode.FETCH_ADD, 8));
    assertThat(longAt(pair.a.memory, RESULT)).isEqualTo(there);
    assertThat(longAt(pair.b.memory, CELL)).isEqualTo(there - 5);
    assertThat(pair.log)
        .extracting(SimPacket::opcode)
        .containsExactly(Opcode.FETCH_ADD, Opcode.ATOMIC_ACK);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shouldCompareAndSwap(boolean equal) throws Exception {
    Pair pair = Pair.connected(a -> a);
    long there = longAt(pair.b.memory, CELL);
    atomic(pair, WrOpcode.ATOMIC_CMP_AND_SWP, equal ? there : there + 1, 77);
    pair.settle();
    assertStatuses(pair, WcStatus.SUCCESS);
    assertThat(pair.backendA.sendDone.getFirst().opcode()).isEqualTo(WcOpcode.COMP_SWAP);
    assertThat(longAt(pair.a.memory, RESULT)).isEqualTo(there);
    assertThat(longAt(pair.b.memory, CELL)).isEqualTo(equal ? 77 : there);
  }

  @Test
  void shouldWorkWhereTheBytesLieInPiecesOrNotAligned() throws Exception {
    Pair pair = Pair.connected(a -> a);
    // 8-byte aligned in the region, neither aligned nor in one run behind it.
    int key = 0x77;
    pair.b.memory.put(key, 0x1000, 1995, 64, SimMemory.ALL, false);
    long there = pair.b.memory.segment.get(ValueLayout.JAVA_LONG_UNALIGNED, 1995);
    pair.backendA.post(
        WrOpcode.ATOMIC_FETCH_AND_ADD,
        RESULT,
        8,
        wqe -> {
          wqe.setRemote(0x1000, key);
          wqe.setAtomic(9, 0);
        });
    pair.backendA.post(WrOpcode.ATOMIC_WRITE, CELL, 8, wqe -> wqe.setRemote(0x1008, key));
    pair.qpA.kickSend();
    pair.settle();
    assertStatuses(pair, WcStatus.SUCCESS, WcStatus.SUCCESS);
    assertThat(longAt(pair.a.memory, RESULT)).isEqualTo(there);
    assertThat(pair.b.memory.segment.get(ValueLayout.JAVA_LONG_UNALIGNED, 1995))
        .isEqualTo(there + 9);
    assertThat(Pair.bytes(pair.b.memory, 2003, 8)).isEqualTo(Pair.bytes(pair.a.memory, CELL, 8));
  }

  @ParameterizedTest
  @ValueSource(ints = {Opcode.ATOMIC_ACK, Opcode.FETCH_ADD})
  void shouldNotExecuteAnAtomicTwiceWhateverIsLost(int lost) throws Exception {
    Pair pair = Pair.connected(a -> a);
    int[] dropped = {0};
    pair.drop = packet -> packet.opcode() == lost && dropped[0]++ < 3;
    long there = longAt(pair.b.memory, CELL);
    atomic(pair, WrOpcode.ATOMIC_FETCH_AND_ADD, 1, 0);
    atomic(pair, WrOpcode.ATOMIC_FETCH_AND_ADD, 10, 0);
    pair.run();
    assertStatuses(pair, WcStatus.SUCCESS, WcStatus.SUCCESS);
    assertThat(longAt(pair.b.memory, CELL)).isEqualTo(there + 11);
    assertThat(longAt(pair.a.memory, RESULT)).isEqualTo(there + 1);
  }

  @Test
  void shouldAnswerADuplicateFromItsSavedResourceAndDropOneThatIsNotSaved() throws Exception {
    Pair pair = Pair.connected(a -> a.maxRdAtomic(2).maxDestRdAtomic(2));
    for (int i = 0; i < 3; i++) {
      atomic(pair, WrOpcode.ATOMIC_FETCH_AND_ADD, 1, 0);
    }
    pair.settle();
    long now = longAt(pair.b.memory, CELL);
    SimPacket[] requests =
        pair.log.stream().filter(p -> p.opcode() == Opcode.FETCH_ADD).toArray(SimPacket[]::new);
    SimPacket[] answers =
        pair.log.stream().filter(p -> p.opcode() == Opcode.ATOMIC_ACK).toArray(SimPacket[]::new);
    pair.log.clear();
    pair.b.receive(requests[2], true, pair.nowNs);
    pair.b.receive(requests[1], true, pair.nowNs);
    pair.b.receive(requests[0], true, pair.nowNs);
    pair.settle();
    assertThat(longAt(pair.b.memory, CELL)).isEqualTo(now);
    assertThat(pair.log)
        .extracting(SimPacket::psn)
        .containsExactly(requests[1].psn(), requests[2].psn());
    int original = answers[1].bytes().length - 12;
    assertThat(java.util.Arrays.copyOfRange(pair.log.getFirst().bytes(), original, original + 8))
        .isEqualTo(java.util.Arrays.copyOfRange(answers[1].bytes(), original, original + 8));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void shouldHaveNoMoreAnswersOutstandingThanAllowed(int max) throws Exception {
    Pair pair = Pair.connected(a -> a.maxRdAtomic(max));
    pair.drop = packet -> Opcode.isResponse(packet.opcode());
    for (int i = 0; i < 3; i++) {
      atomic(pair, WrOpcode.ATOMIC_FETCH_AND_ADD, 1, 0);
      post(pair, WrOpcode.RDMA_READ, 10, remote(pair));
    }
    pair.settle();
    assertThat(pair.log.stream().filter(p -> Opcode.isRequest(p.opcode()))).hasSize(max);
    pair.drop = packet -> false;
    pair.run();
    assertThat(pair.backendA.sendDone)
        .hasSize(6)
        .allMatch(done -> done.status() == WcStatus.SUCCESS);
  }

  @ParameterizedTest
  @CsvSource({"ATOMIC_FETCH_AND_ADD", "ATOMIC_CMP_AND_SWP", "ATOMIC_WRITE", "FLUSH", "RDMA_READ"})
  void shouldRefuseWhatNeedsAnAnswerWhenNoneMayBeOutstanding(WrOpcode opcode) throws Exception {
    Pair pair = Pair.connected(a -> a.maxRdAtomic(0));
    post(pair, opcode, 8, remote(pair));
    pair.settle();
    assertStatuses(pair, WcStatus.LOC_QP_OP_ERR);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 7, 9, 16})
  void shouldRefuseAnAtomicWhoseElementIsNotEightBytes(int length) throws Exception {
    Pair pair = Pair.connected(a -> a);
    post(pair, WrOpcode.ATOMIC_FETCH_AND_ADD, length, remote(pair));
    pair.settle();
    assertStatuses(pair, WcStatus.LOC_LEN_ERR);
  }

  @Test
  void shouldBeAtomicBetweenTwoQueuePairsOfADevice() throws Exception {
    Pair pair = Pair.connected(a -> a);
    SimBackend secondA = new SimBackend(pair.a.memory);
    SimBackend secondB = new SimBackend(pair.b.memory);
    PortQp qpA = pair.a.engine.createQp(0x333, QpType.RC, secondA);
    PortQp qpB = pair.b.engine.createQp(0x444, QpType.RC, secondB);
    Pair.connect(qpA, pair.b.address, 0x444, a -> a);
    Pair.connect(qpB, pair.a.address, 0x333, a -> a);
    long there = longAt(pair.b.memory, CELL);
    for (int i = 0; i < 50; i++) {
      atomic(pair, WrOpcode.ATOMIC_FETCH_AND_ADD, 1, 0);
      secondA.post(
          WrOpcode.ATOMIC_FETCH_AND_ADD,
          RESULT + 8,
          8,
          wqe -> {
            wqe.setRemote(SimMemory.BASE + CELL, pair.b.memory.allKey);
            wqe.setAtomic(1000, 0);
          });
    }
    qpA.kickSend();
    pair.run();
    assertThat(pair.backendA.sendDone).hasSize(50);
    assertThat(secondA.sendDone).hasSize(50);
    assertThat(longAt(pair.b.memory, CELL)).isEqualTo(there + 50 + 50_000);
  }

  // ATOMIC WRITE and FLUSH.

  @Test
  void shouldWriteEightBytesAtOnce() throws Exception {
    Pair pair = Pair.connected(a -> a);
    post(pair, WrOpcode.ATOMIC_WRITE, 8, remote(pair));
    pair.settle();
    assertThat(pair.backendA.sendDone)
        .containsExactly(
            new SimBackend.SendDone(0, true, WcStatus.SUCCESS, WcOpcode.ATOMIC_WRITE, 8));
    assertThat(Pair.bytes(pair.b.memory, TO, 8)).isEqualTo(Pair.bytes(pair.a.memory, 0, 8));
    assertThat(pair.log)
        .extracting(SimPacket::opcode)
        .containsExactly(Opcode.ATOMIC_WRITE, Opcode.READ_RESPONSE_ONLY);
  }

  @ParameterizedTest
  @ValueSource(ints = {Opcode.ATOMIC_WRITE, Opcode.FLUSH})
  void shouldAnswerDuplicatesOfAtomicWriteAndFlushWithoutExecutingThem(int opcode)
      throws Exception {
    Pair pair = Pair.connected(a -> a.accessFlags(SimMemory.ALL));
    int[] lost = {0};
    pair.drop = packet -> packet.opcode() == Opcode.READ_RESPONSE_ONLY && lost[0]++ == 0;
    boolean flush = opcode == Opcode.FLUSH;
    post(
        pair,
        flush ? WrOpcode.FLUSH : WrOpcode.ATOMIC_WRITE,
        flush ? 0 : 8,
        wqe -> {
          remote(pair).accept(wqe);
          wqe.setFlush(FlushPlacement.GLOBAL, FlushLevel.RANGE, 100);
        });
    pair.settle();
    pair.b.memory.segment.asSlice(TO, 8).fill((byte) 3);
    pair.run();
    assertStatuses(pair, WcStatus.SUCCESS);
    assertThat(Pair.bytes(pair.b.memory, TO, 8)).containsOnly(3);
    assertThat(pair.b.engine.counter(ib.transport.PortCounter.DUPLICATE_REQUEST)).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({"RANGE, 100", "RANGE, 0", "MR, 0"})
  void shouldFlushToGlobalVisibility(FlushLevel level, int bytes) throws Exception {
    Pair pair = Pair.connected(a -> a.accessFlags(SimMemory.ALL));
    post(pair, WrOpcode.RDMA_WRITE, 100, remote(pair));
    post(
        pair,
        WrOpcode.FLUSH,
        0,
        wqe -> {
          remote(pair).accept(wqe);
          wqe.setFlush(FlushPlacement.GLOBAL, level, bytes);
        });
    pair.settle();
    assertStatuses(pair, WcStatus.SUCCESS, WcStatus.SUCCESS);
    assertThat(pair.backendA.sendDone.getLast().opcode()).isEqualTo(WcOpcode.FLUSH);
  }

  @Test
  void shouldFlushToAFileAndRefuseMemoryThatPersistsNowhere(@TempDir Path folder) throws Exception {
    Pair pair = Pair.connected(a -> a.accessFlags(SimMemory.ALL));
    Path file = folder.resolve("memory");
    try (Arena arena = Arena.ofShared()) {
      SimMemory mapped = new SimMemory(mapped(file, arena));
      SimHost host =
          new SimHost(2, SimHost.options(), mapped, packet -> pair.a.receive(packet, true, 1));
      SimBackend backend = new SimBackend(mapped);
      MemoryMover mover = new MemoryMover();
      int need = AccessFlags.FLUSH_PERSISTENT;
      mapped.segment.asSlice(10_000, 3000).fill((byte) 5);
      assertThat(mover.flush(backend, mapped.allKey, SimMemory.BASE + 10_000, 3000, need).ok())
          .isTrue();
      assertThat(mover.flushRegion(backend, mapped.allKey, need).ok()).isTrue();
      byte[] saved = Files.readAllBytes(file);
      assertThat(saved[10_000]).isEqualTo((byte) 5);
      assertThat(saved[12_999]).isEqualTo((byte) 5);
      assertThat(host.memory).isSameAs(mapped);
    }
    post(
        pair,
        WrOpcode.FLUSH,
        0,
        wqe -> {
          remote(pair).accept(wqe);
          wqe.setFlush(FlushPlacement.PERSISTENT, FlushLevel.RANGE, 100);
        });
    pair.settle();
    assertStatuses(pair, WcStatus.REM_ACCESS_ERR);
  }

  private static MemorySegment mapped(Path file, Arena arena) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return channel.map(FileChannel.MapMode.READ_WRITE, 0, 1 << 16, arena);
    }
  }

  // Invalidation, registration, windows.

  @ParameterizedTest
  @ValueSource(ints = {0, 100, 5000})
  void shouldMakeAKeyOfTheReceiverInvalidWithASend(int bytes) throws Exception {
    Pair pair = Pair.connected(a -> a);
    int key = pair.b.memory.registerFast(0, 100, SimMemory.ALL);
    pair.backendB.postReceive(TO, bytes);
    post(pair, WrOpcode.SEND_WITH_INV, bytes, wqe -> wqe.setInvalidate(key));
    pair.settle();
    assertStatuses(pair, WcStatus.SUCCESS);
    SimBackend.ReceiveDone done = pair.backendB.receiveDone.getFirst();
    assertThat(done.flags()).isEqualTo(WcFlags.WITH_INV);
    assertThat(done.immediateOrKey()).isEqualTo(key);
    assertThat(pair.b.memory.isAlive(key)).isFalse();
    post(pair, WrOpcode.RDMA_READ, 10, wqe -> wqe.setRemote(SimMemory.BASE, key));
    pair.settle();
    assertStatuses(pair, WcStatus.SUCCESS, WcStatus.REM_ACCESS_ERR);
  }

  @Test
  void shouldFailBothSidesWhenTheKeyCanNotBeMadeInvalid() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.backendB.postReceive(TO, 100);
    post(pair, WrOpcode.SEND_WITH_INV, 10, wqe -> wqe.setInvalidate(pair.b.memory.allKey));
    pair.settle();
    assertStatuses(pair, WcStatus.REM_ACCESS_ERR);
    assertThat(pair.backendB.receiveDone)
        .extracting(SimBackend.ReceiveDone::status)
        .containsExactly(WcStatus.REM_INV_REQ_ERR);
    assertThat(pair.qpB.state()).isEqualTo(QpState.ERR);
  }

  @Test
  void shouldInvalidateOnlyWhenAllBeforeIsDone() throws Exception {
    Pair pair = Pair.connected(a -> a);
    int key = pair.a.memory.registerFast(0, 5000, SimMemory.ALL);
    int[] lost = {0};
    pair.drop = packet -> packet.opcode() == Opcode.SEND_MIDDLE && lost[0]++ < 1;
    pair.backendB.postReceive(TO, 5000);
    pair.backendB.postReceive(TO, 5000);
    post(pair, WrOpcode.SEND, 0, wqe -> wqe.addSge(SimMemory.BASE, 5000, key));
    post(pair, WrOpcode.LOCAL_INV, 0, wqe -> wqe.setInvalidate(key));
    post(pair, WrOpcode.SEND, 10, wqe -> {});
    pair.run();
    assertStatuses(pair, WcStatus.SUCCESS, WcStatus.SUCCESS, WcStatus.SUCCESS);
    assertThat(pair.backendA.sendDone.get(1).opcode()).isEqualTo(WcOpcode.LOCAL_INV);
    assertThat(pair.a.memory.isAlive(key)).isFalse();
  }

  @Test
  void shouldRegisterAndBindInOrderAndOnceThoughPacketsAreLost() throws Exception {
    Pair pair = Pair.connected(a -> a);
    int[] lost = {0};
    pair.drop = packet -> packet.opcode() == Opcode.SEND_ONLY && lost[0]++ < 2;
    for (int i = 0; i < 2; i++) {
      pair.backendB.postReceive(TO + 100 * i, 100);
    }
    post(pair, WrOpcode.SEND, 10, wqe -> {});
    post(
        pair,
        WrOpcode.REG_MR,
        0,
        wqe -> wqe.setRegister(0x900, 0x900, SimMemory.BASE, 5000, SimMemory.ALL));
    post(
        pair,
        WrOpcode.BIND_MW,
        0,
        wqe -> wqe.setBind(0, 0x901, 0x900, SimMemory.BASE + 100, 50, AccessFlags.REMOTE_READ));
    post(pair, WrOpcode.SEND, 0, wqe -> wqe.addSge(SimMemory.BASE, 20, 0x900));
    pair.run();
    assertStatuses(pair, WcStatus.SUCCESS, WcStatus.SUCCESS, WcStatus.SUCCESS, WcStatus.SUCCESS);
    assertThat(pair.backendA.executed).containsExactly(WrOpcode.REG_MR, WrOpcode.BIND_MW);
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::opcode)
        .containsExactly(WcOpcode.SEND, WcOpcode.REG_MR, WcOpcode.BIND_MW, WcOpcode.SEND);
    assertThat(pair.a.memory.isAlive(0x901)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"LOCAL_INV, LOC_QP_OP_ERR", "BIND_MW, MW_BIND_ERR"})
  void shouldFailLocalOperationsThatTheDeviceRefusesInTheirTurn(WrOpcode opcode, WcStatus status)
      throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.backendB.postReceive(TO, 100);
    post(pair, WrOpcode.SEND, 10, wqe -> {});
    post(pair, opcode, 0, wqe -> wqe.setBind(4711, 4712, 4713, 0, 1, 0));
    post(pair, WrOpcode.SEND, 10, wqe -> {});
    pair.settle();
    assertStatuses(pair, WcStatus.SUCCESS, status, WcStatus.WR_FLUSH_ERR);
    assertThat(pair.qpA.state()).isEqualTo(QpState.ERR);
  }

  // Fences and inline data.

  @ParameterizedTest
  @CsvSource({
    "RDMA_READ, true", "RDMA_READ, false",
    "ATOMIC_FETCH_AND_ADD, true", "ATOMIC_FETCH_AND_ADD, false",
    "FLUSH, true", "ATOMIC_WRITE, true"
  })
  void shouldWaitForAnswersBehindAFenceOnly(WrOpcode first, boolean fence) throws Exception {
    Pair pair = Pair.connected(a -> a.accessFlags(SimMemory.ALL));
    pair.drop = packet -> Opcode.isResponse(packet.opcode());
    post(
        pair,
        first,
        first == WrOpcode.FLUSH ? 0 : 8,
        wqe -> {
          remote(pair).accept(wqe);
          wqe.setFlush(FlushPlacement.GLOBAL, FlushLevel.RANGE, 8);
        });
    post(
        pair,
        WrOpcode.RDMA_WRITE,
        10,
        wqe -> {
          remote(pair).accept(wqe);
          wqe.setFlags(true, false, fence);
        });
    pair.settle();
    assertThat(pair.count(p -> p.opcode() == Opcode.WRITE_ONLY)).isEqualTo(fence ? 0 : 1);
    pair.drop = packet -> false;
    pair.run();
    assertStatuses(pair, WcStatus.SUCCESS, WcStatus.SUCCESS);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 8, 300, 512})
  void shouldSendInlineDataAndSendItAgain(int bytes) throws Exception {
    Pair pair = Pair.connected(a -> a.pathMtuBytes(256));
    int[] lost = {0};
    pair.drop = packet -> Opcode.isSend(packet.opcode()) && lost[0]++ == 0;
    byte[] data = Pair.bytes(pair.a.memory, 1000, bytes);
    pair.backendB.postReceive(TO, 600);
    post(
        pair,
        WrOpcode.SEND,
        0,
        wqe -> assertThat(wqe.setInline(MemorySegment.ofArray(data), 0, bytes)).isTrue());
    pair.run();
    assertStatuses(pair, WcStatus.SUCCESS);
    assertThat(pair.backendB.receiveDone.getFirst().lengthBytes()).isEqualTo(bytes);
    assertThat(Pair.bytes(pair.b.memory, TO, bytes)).isEqualTo(data);
  }
}
