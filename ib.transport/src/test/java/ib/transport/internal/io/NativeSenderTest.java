// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.transport.internal.counters.EnumCounters;
import ib.transport.internal.posix.Errno;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The errors of sendmmsg, which a test can't bring about on a loopback interface, from a system
 * call that is made up.
 */
class NativeSenderTest {
  private final PeerAddress to = PeerAddress.of(new InetSocketAddress("127.20.3.1", 4791));
  private final EnumCounters<IoCounter> counters = new EnumCounters<>(IoCounter.class);
  private final SendBatch batch = new SendBatch(16, 256, true);
  private final List<String> dropped = new ArrayList<>();
  private final ArrayDeque<Integer> results = new ArrayDeque<>();
  private final List<Integer> counts = new ArrayList<>();
  private final NativeSender sender =
      new NativeSender(
          (fd, messages, count, flags) -> {
            counts.add(count);
            return results.isEmpty() ? count : results.poll();
          },
          counters,
          new SendErrors(counters, (cause, peer, length) -> dropped.add(cause + " " + length)),
          batch,
          true);

  private void trains(int... packets) {
    for (int n : packets) {
      batch.endTrain();
      for (int i = 0; i < n; i++) {
        batch.add(to, 100);
      }
    }
  }

  @Test
  void shouldSendOneMessageForEachTrain() throws Exception {
    trains(3, 1, 2);
    assertThat(sender.send(9)).isEqualTo(6);
    assertThat(counts).containsExactly(3);
    assertThat(counters.get(IoCounter.TX_PACKETS)).isEqualTo(6);
    assertThat(counters.get(IoCounter.TX_TRAINS)).isEqualTo(2);
  }

  @Test
  void shouldGoOnAfterAPartialSend() throws Exception {
    trains(3, 1, 2);
    results.add(1);
    assertThat(sender.send(9)).isEqualTo(6);
    assertThat(counts).containsExactly(3, 2);
  }

  @Test
  void shouldTryAgainWhenInterrupted() throws Exception {
    trains(2);
    results.add(-Errno.EINTR);
    assertThat(sender.send(9)).isEqualTo(2);
    assertThat(counts).containsExactly(1, 1);
  }

  @Test
  void shouldStopWhereTheSocketIsFull() throws Exception {
    trains(3, 1, 2);
    results.add(2);
    results.add(-Errno.EAGAIN);
    assertThat(sender.send(9)).isEqualTo(4);
    assertThat(counters.get(IoCounter.TX_WOULD_BLOCK)).isEqualTo(1);
    assertThat(dropped).isEmpty();
  }

  @Test
  void shouldDropATrainThatNobodyCouldReceive() throws Exception {
    trains(3, 1);
    results.add(-Errno.ECONNREFUSED);
    assertThat(sender.send(9)).isEqualTo(4);
    assertThat(counters.get(IoCounter.TX_REFUSED)).isEqualTo(3);
    assertThat(counters.get(IoCounter.TX_PACKETS)).isEqualTo(1);
    assertThat(dropped).hasSize(3).containsOnly("TX_REFUSED 100");
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EIO, Errno.EINVAL})
  void shouldForgoTrainsOnceTheSystemRefusesOneButTakesItsPackets(int errno) throws Exception {
    trains(3, 2);
    results.add(-errno);
    assertThat(sender.send(9)).isEqualTo(5);
    assertThat(sender.trains()).isFalse();
    assertThat(counts).containsExactly(2, 1, 1, 1, 2);
    assertThat(counters.get(IoCounter.TX_TRAINS_UNDONE)).isEqualTo(1);
    assertThat(dropped).isEmpty();
    batch.remove(5);
    batch.add(to, 100);
    assertThat(batch.nextIndex(to, 100)).as("no more trains").isZero();
  }

  @Test
  void shouldKeepTrainsWhenThePacketsAreTooLong() throws Exception {
    trains(3, 2);
    results.addAll(List.of(-Errno.EINVAL, -Errno.EMSGSIZE, -Errno.EMSGSIZE, -Errno.EMSGSIZE));
    assertThat(sender.send(9)).isEqualTo(5);
    assertThat(sender.trains()).isTrue();
    assertThat(dropped).hasSize(3).containsOnly("TX_TOO_LONG 100");
    assertThat(counters.get(IoCounter.TX_TOO_LONG)).isEqualTo(3);
    assertThat(counters.get(IoCounter.TX_PACKETS)).isEqualTo(2);
  }

  @Test
  void shouldStopInTheMiddleOfAnUndoneTrainWhenTheSocketIsFull() throws Exception {
    trains(3, 2);
    results.addAll(List.of(-Errno.EINVAL, 1, -Errno.EAGAIN));
    assertThat(sender.send(9)).isEqualTo(1);
    batch.remove(1);
    assertThat(sender.send(9)).isEqualTo(4);
    assertThat(counters.get(IoCounter.TX_PACKETS)).isEqualTo(5);
  }

  @Test
  void shouldSayThatTheSocketIsGoneAndWhatWasSentBefore() {
    trains(3, 2);
    results.addAll(List.of(1, -Errno.EBADF));
    assertThatThrownBy(() -> sender.send(9))
        .isInstanceOfSatisfying(
            NativeSender.FatalSendException.class, e -> assertThat(e.done).isEqualTo(3))
        .hasMessageContaining("Bad file descriptor");
  }
}
