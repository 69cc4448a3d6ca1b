// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;

class SendBatchTest {
  private final PeerAddress one = PeerAddress.of(new InetSocketAddress("127.20.2.1", 4791));
  private final PeerAddress oneAgain = PeerAddress.of(new InetSocketAddress("127.20.2.1", 4791));
  private final PeerAddress two = PeerAddress.of(new InetSocketAddress("127.20.2.2", 4791));
  private final SendBatch batch = new SendBatch(200, 4096, true);

  private int add(PeerAddress to, int length) {
    int expected = batch.nextIndex(to, length);
    int index = batch.add(to, length);
    assertThat(index).isEqualTo(expected);
    return index;
  }

  @Test
  void shouldJoinEqualLengthsToOneDestinationInATrain() {
    assertThat(add(one, 100)).isZero();
    assertThat(add(oneAgain, 100)).isEqualTo(1);
    assertThat(add(one, 100)).isEqualTo(2);
    assertThat(batch.trainFrom(0)).isEqualTo(3);
  }

  @Test
  void shouldLetAShorterPacketEndTheTrain() {
    add(one, 100);
    assertThat(add(one, 60)).isEqualTo(1);
    assertThat(add(one, 60)).isZero();
    assertThat(batch.trainFrom(0)).isEqualTo(2);
  }

  @Test
  void shouldBeginATrainForALongerPacket() {
    add(one, 100);
    assertThat(add(one, 101)).isZero();
  }

  @Test
  void shouldBeginATrainForAnotherDestination() {
    add(one, 100);
    assertThat(add(two, 100)).isZero();
    assertThat(add(one, 100)).isZero();
  }

  @Test
  void shouldLimitATrainTo64Packets() {
    for (int i = 0; i < 64; i++) {
      assertThat(add(one, 100)).isEqualTo(i);
    }
    assertThat(add(one, 100)).isZero();
  }

  @Test
  void shouldLimitATrainTo64KiB() {
    for (int i = 0; i < 15; i++) {
      assertThat(add(one, 4096)).isEqualTo(i);
    }
    assertThat(add(one, 4096)).as("65536 bytes are too long for one datagram").isZero();
  }

  @Test
  void shouldSendAnEmptyPacketAlone() {
    add(one, 100);
    assertThat(add(one, 0)).isZero();
    assertThat(add(one, 0)).isZero();
  }

  @Test
  void shouldEndATrainWhenAsked() {
    add(one, 100);
    batch.endTrain();
    assertThat(add(one, 100)).isZero();
  }

  @Test
  void shouldFormNoTrainsOnceStopped() {
    batch.stopTrains();
    add(one, 100);
    assertThat(add(one, 100)).isZero();
  }

  @Test
  void shouldSayWhenItIsFull() {
    SendBatch small = new SendBatch(2, 64, true);
    assertThat(small.add(one, 64)).isZero();
    assertThat(small.hasRoom()).isTrue();
    assertThat(small.add(one, 64)).isEqualTo(1);
    assertThat(small.hasRoom()).isFalse();
    assertThat(small.add(one, 64)).isEqualTo(SendBatch.FULL);
    assertThat(small.queued()).isEqualTo(2);
  }

  @Test
  void shouldRefuseWhatIsTooLongOrNotNative() {
    assertThatThrownBy(() -> batch.add(one, 4097))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("4097");
    assertThatThrownBy(() -> batch.add(one, 10, MemorySegment.ofArray(new byte[8]), 0, 8, 4))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("native");
    MemorySegment payload = Arena.ofAuto().allocate(8);
    assertThatThrownBy(() -> batch.add(one, 10, payload, 4, 8, 4))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThat(batch.queued()).isZero();
  }

  @Test
  void shouldCopyForeignPayloadsOfWhatAFlushLeavesQueued() {
    MemorySegment payload = Arena.ofAuto().allocate(16);
    payload.fill((byte) 7);
    batch.add(one, 20);
    fill(batch.position(), 6, 1);
    batch.add(one, 4, payload, 8, 8, 2);
    fill(batch.position(), 10, 9);
    batch.add(two, 10);

    batch.remove(1);
    payload.fill((byte) 0);

    assertThat(batch.queued()).isEqualTo(2);
    assertThat(bytes(0)).containsExactly(1, 1, 1, 1, 7, 7, 7, 7, 7, 7, 7, 7, 1, 1);
    assertThat(bytes(1)).containsOnly(9).hasSize(10);
    assertThat(batch.payload(0)).isNull();
    assertThat(batch.destination(1)).isEqualTo(two);
    assertThat(batch.position()).isEqualTo(batch.offset(1) + 10);
  }

  @Test
  void shouldStayInOrderAndBoundedThroughManyPartialFlushes() {
    SendBatch small = new SendBatch(8, 64, true);
    int next = 0;
    int expected = 0;
    for (int round = 0; round < 100; round++) {
      while (small.hasRoom()) {
        small.memory().set(ValueLayout.JAVA_INT_UNALIGNED, small.position(), next++);
        small.add(one, 64);
      }
      for (int i = 0; i < 3; i++) {
        assertThat(small.memory().get(ValueLayout.JAVA_INT_UNALIGNED, small.offset(i)))
            .isEqualTo(expected++);
      }
      small.remove(3);
    }
    assertThat(expected).isEqualTo(300);
  }

  @Test
  void shouldSendAPacketOfAnUndoneTrainAlone() {
    add(one, 100);
    add(one, 100);
    add(one, 100);
    batch.remove(1);
    assertThat(batch.trainFrom(0)).isEqualTo(1);
    assertThat(batch.trainFrom(1)).isEqualTo(1);
  }

  private void fill(long at, int length, int value) {
    batch.memory().asSlice(at, length).fill((byte) value);
  }

  private byte[] bytes(int i) {
    assertThat(batch.headerLength(i)).isEqualTo(batch.length(i));
    return batch.memory().asSlice(batch.offset(i), batch.length(i)).toArray(ValueLayout.JAVA_BYTE);
  }
}
